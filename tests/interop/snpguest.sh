#!/usr/bin/env bash
# snpguest judges simulated reports and chains with the simulated roots: each product line and key kind is accepted as it
# is, and each of ten corruptions is refused. The tool comes from the Rust registry at a pinned version with its own lock
# file; building it takes minutes the first time.
#
#   tests/interop/snpguest.sh BIN_DIR
set -euo pipefail

bin=${1:?usage: $0 BIN_DIR}
version=0.11.0

skip() {
  echo "SKIP snpguest: $1"
  exit 0
}
if ! command -v cargo >/dev/null && [[ -x $HOME/.cargo/bin/cargo ]]; then PATH=$PATH:$HOME/.cargo/bin; fi
[[ -x $bin/svsm-sim ]] || skip "$bin/svsm-sim is not built"
tools=${SVSM_INTEROP_DIR:-$bin/../interop}/snpguest-$version
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
if [[ ! -x $tools/bin/snpguest ]]; then
  command -v cargo >/dev/null || skip "cargo is not installed"
  CARGO_TARGET_DIR=$tools/target cargo install snpguest --version $version --locked --root "$tools" \
    >"$tools/install.log" 2>&1 || skip "snpguest $version cannot be fetched or built; see $tools/install.log"
  rm -rf "$tools/target"
fi
snpguest=$tools/bin/snpguest

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keys=$bin/../sim-keys
failures=0

# make FOLDER [OPTION...]: certificates into the folder, the report to FOLDER.report
make() {
  local folder=$1
  shift
  mkdir -p "$folder"
  "$bin/svsm-sim" report --keys "$keys" --certs-folder "$folder" --report "$folder.report" "$@"
}
# accepts FOLDER [OPTION...]: both of the tool's judgements; what it says goes to $work/log
accepts() {
  local folder=$1
  shift
  "$snpguest" verify certs "$folder" >"$work/log" 2>&1 &&
    "$snpguest" verify attestation "$@" "$folder" "$folder.report" >>"$work/log" 2>&1
}
failed() {
  printf 'FAILED  %s\n' "$1"
  sed 's/^/        /' "$work/log"
  failures=$((failures + 1))
}
wants_accepted() {
  local what=$1
  shift
  if accepts "$@"; then echo "ok      $what is accepted"; else failed "$what is refused"; fi
}
wants_refused() {
  local what=$1
  shift
  if accepts "$@"; then failed "$what is accepted"; else echo "ok      $what is refused"; fi
}
# flip FILE OFFSET: changes one bit in place; an offset below zero counts from the end
flip() {
  local at=$2 byte
  if ((at < 0)); then at=$(($(stat -c %s "$1") + at)); fi
  byte=$(od -An -tu1 -j "$at" -N 1 "$1")
  # shellcheck disable=SC2059
  printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}
# corrupted NAME: a copy of the good folder and report, to be spoilt
corrupted() {
  rm -rf "$work/bad" "$work/bad.report"
  cp -r "$work/good" "$work/bad"
  cp "$work/good.report" "$work/bad.report"
}

# judge_line PRODUCT KEY OPTION...: accepted in each version that the tool knows, refused with each corruption
judge_line() {
  local product=$1 key=$2 name="$1 $2" leaf intermediate report_version
  shift 2
  if [[ $key == VLEK ]]; then leaf=vlek intermediate=asvk; else leaf=vcek intermediate=ask; fi
  for report_version in 3 4 5; do
    rm -rf "$work/good"
    make "$work/good" --product "$product" "$@" --report-version $report_version
    wants_accepted "$name, report version $report_version" "$work/good"
  done
  # Reports of version 2 do not say whose they are; the tool can be told, but not of every line.
  if [[ $product != Turin ]]; then
    rm -rf "$work/v2"
    make "$work/v2" --product "$product" "$@" --report-version 2
    wants_accepted "$name, report version 2, line given," "$work/v2" -p "${product,,}"
  fi

  declare -A places=([measurement]=144 [REPORT_DATA]=80 [R]=672 [S]=744 ["the reported TCB"]=391)
  local place
  for place in "${!places[@]}"; do
    corrupted
    flip "$work/bad.report" "${places[$place]}"
    wants_refused "$name, a flipped bit in $place," "$work/bad"
  done
  corrupted
  flip "$work/bad/$leaf.der" -10
  wants_refused "$name, a flipped bit in the $leaf's signature," "$work/bad"
  corrupted
  flip "$work/bad/$intermediate.der" -10
  wants_refused "$name, a flipped bit in the $intermediate's signature," "$work/bad"
  corrupted
  cp "$work/other/$product-$key/ark.der" "$work/bad/"
  wants_refused "$name, another root," "$work/bad"
  corrupted
  cp "$work/seed2/$product-$key/$leaf.der" "$work/bad/"
  wants_refused "$name, another $leaf of the same maker," "$work/bad"
  corrupted
  head -c 1183 "$work/good.report" >"$work/bad.report"
  wants_refused "$name, a report without its last byte," "$work/bad"
}

for product in Milan Genoa Turin; do
  for key in VCEK VLEK; do
    options=()
    if [[ $key == VLEK ]]; then options=(--vlek); fi
    make "$work/seed2/$product-$key" --product $product "${options[@]}" --seed 2
    # Another maker is another key; names and serial numbers stay.
    if [[ ! -d $work/other-keys/$product ]]; then
      mkdir -p "$work/other-keys/$product"
      cp "$keys/$product/ask.key" "$work/other-keys/$product/ark.key"
      cp "$keys/$product/ark.key" "$work/other-keys/$product/ask.key"
      cp "$keys/$product/ark.key" "$work/other-keys/$product/asvk.key"
    fi
    mkdir -p "$work/other/$product-$key"
    "$bin/svsm-sim" report --keys "$work/other-keys" --product $product "${options[@]}" \
      --certs-folder "$work/other/$product-$key"
    judge_line $product $key "${options[@]}"
  done
done

# An owner who works with the tool: it makes the ID block, the simulated AMD-SP checks it, and the tool finds the keys'
# digests in the report.
judge_identity() {
  local key digest measurement
  command -v openssl >/dev/null || { echo "SKIP    ID blocks: openssl is not installed"; return; }
  for key in id author other; do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$work/$key.pem" 2>/dev/null
    digest=$("$snpguest" generate key-digest "$work/$key.pem" | grep -o '0x[0-9a-f]\{96\}')
    echo "$digest" >"$work/$key.digest"
  done
  rm -rf "$work/good"
  make "$work/good"
  measurement=$(od -An -v -tx1 -j 144 -N 48 "$work/good.report" | tr -d ' \n')
  "$snpguest" generate id-block "$work/id.pem" "$work/author.pem" "0x$measurement" -s 9 -p 0x30000 \
    -i "$work/block.b64" -a "$work/auth.b64" >/dev/null
  base64 -d "$work/block.b64" >"$work/block"
  base64 -d "$work/auth.b64" >"$work/auth"
  make "$work/good" --id-block "$work/block" --id-auth "$work/auth"
  local digests=(--id-key-digest "$(cat "$work/id.digest")" --author-key-digest "$(cat "$work/author.digest")")
  wants_accepted "a launch under the tool's own ID block" "$work/good" "${digests[@]}"
  wants_refused "another ID key's digest" "$work/good" --id-key-digest "$(cat "$work/other.digest")"
  wants_refused "another author key's digest" "$work/good" --author-key-digest "$(cat "$work/other.digest")"
  flip "$work/block" 0
  if make "$work/bad" --id-block "$work/block" --id-auth "$work/auth" 2>"$work/log"; then
    failed "an ID block for another digest is launched"
  else
    echo "ok      an ID block that was changed is not launched"
  fi
}
judge_identity

[[ $failures == 0 ]] || { echo "snpguest: $failures failed"; exit 1; }
echo "snpguest $version: all as wanted"
