#!/usr/bin/env bash
# go-sev-guest's check tool judges simulated reports with the simulated roots: Milan's and Genoa's, under a VCEK and a VLEK,
# are accepted as they are and refused after any change. This version of the tool knows no Turin certificates. The tool comes from the Go module proxy at a pinned version, whose checksum Go's own database confirms.
#
#   tests/interop/go_sev_guest.sh BIN_DIR
set -euo pipefail

bin=${1:?usage: $0 BIN_DIR}
module=github.com/google/go-sev-guest
version=v0.15.0

if ! command -v go >/dev/null && [[ -x /usr/local/go/bin/go ]]; then PATH=$PATH:/usr/local/go/bin; fi
if ! command -v go >/dev/null; then
  echo "SKIP go-sev-guest: Go is not installed"
  exit 0
fi
if [[ ! -x $bin/svsm-sim ]]; then
  echo "SKIP go-sev-guest: $bin/svsm-sim is not built"
  exit 0
fi

tools=${SVSM_INTEROP_DIR:-$bin/../interop}/go-sev-guest-$version
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
if [[ ! -x $tools/check ]]; then
  if ! GOBIN=$tools go install "$module/tools/check@$version" 2>"$tools/install.log"; then
    echo "SKIP go-sev-guest: $module $version cannot be fetched or built; see $tools/install.log"
    exit 0
  fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keys=$bin/../sim-keys

failures=0
# judge WHAT WANTED_EXIT FILE [OPTION...]: of $product, against $work/bundle.pem
judge() {
  local what=$1 wanted=$2 file=$3 found=0
  shift 3
  "$tools/check" -in "$file" -inform bin -network=false -product "$product" -product_key_path "$work/bundle.pem" \
    -guest_policy 0x30000 "$@" >"$work/log" 2>&1 || found=$?
  if [[ $found == "$wanted" ]]; then
    printf 'ok      %s: %s (exit %s)\n' "$name" "$what" "$found"
  else
    printf 'FAILED  %s: %s: exit %s, wanted %s\n' "$name" "$what" "$found" "$wanted"
    sed 's/^/        /' "$work/log"
    failures=$((failures + 1))
  fi
}
# flip FILE OFFSET: changes one bit in place
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  # shellcheck disable=SC2059
  printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# report FILE [OPTION...]: with the certificate table behind it, of $product and its key
report() {
  local file=$1
  shift
  "$bin/svsm-sim" report --keys "$keys" --product "$product" "${key_options[@]}" --out "$file" "$@"
}

data=$(printf 'c0ffee%.0s' 1 2 3 4)
padded=$(printf '%-128s' "$data" | tr ' ' 0)

judge_line() {
  local versions=(3 4 5) report_version vmpl place measurement
  declare -A places=([measurement]=144 [REPORT_DATA]=80 [HOST_DATA]=192 [ID_KEY_DIGEST]=224 [REPORT_ID]=320
    [CHIP_ID]=416 [R]=672 [S]=744)
  "$bin/svsm-sim" roots --keys "$keys" --product "$product" "${key_options[@]}" --out "$work/bundle.pem"
  # A report of version 2 names no line, and the tool then wants a stepping in the certificate.
  if [[ $name == "Milan VCEK" ]]; then versions=(2 3 4 5); fi
  for report_version in "${versions[@]}"; do
    report "$work/full" --report-data "$data" --report-version "$report_version"
    judge "report version $report_version is accepted" 0 "$work/full" -vmpl 0 -report_data "$padded"
  done

  report "$work/full" --report "$work/report"
  measurement=$(od -An -v -tx1 -j 144 -N 48 "$work/report" | tr -d ' \n')
  judge "its measurement is accepted" 0 "$work/full" -measurement "$measurement"
  judge "another VMPL is refused" 5 "$work/full" -vmpl 2
  judge "another REPORT_DATA is refused" 5 "$work/full" -report_data "$padded"
  for vmpl in 1 2 3; do
    report "$work/vmpl" --vmpl $vmpl
    judge "a report of VMPL $vmpl is accepted as such" 0 "$work/vmpl" -vmpl $vmpl
    judge "a report of VMPL $vmpl is refused as one of VMPL 0" 5 "$work/vmpl" -vmpl 0
  done

  for place in "${!places[@]}"; do
    cp "$work/full" "$work/flipped"
    flip "$work/flipped" "${places[$place]}"
    judge "one flipped bit in $place is refused" 2 "$work/flipped"
  done
  cp "$work/full" "$work/flipped"
  flip "$work/flipped" $((1184 + 96 + 1000))   # inside the leaf's signature
  judge "one flipped bit in the leaf certificate is refused" 2 "$work/flipped"

  "$bin/svsm-sim" roots --keys "$work/other-keys" --product "$product" "${key_options[@]}" --out "$work/bundle.pem"
  judge "a chain under other roots is refused" 2 "$work/full"
}

for product in Milan Genoa; do
  # Another maker is another key; names and serial numbers stay.
  "$bin/svsm-sim" roots --keys "$keys" --product $product --out "$work/bundle.pem"
  "$bin/svsm-sim" roots --keys "$keys" --product $product --vlek --out "$work/bundle.pem"
  mkdir -p "$work/other-keys/$product"
  cp "$keys/$product/ask.key" "$work/other-keys/$product/ark.key"
  cp "$keys/$product/ark.key" "$work/other-keys/$product/ask.key"
  cp "$keys/$product/ark.key" "$work/other-keys/$product/asvk.key"
  for key in VCEK VLEK; do
    name="$product $key" key_options=()
    if [[ $key == VLEK ]]; then key_options=(--vlek); fi
    judge_line
  done
done

product=Milan key_options=()
report "$work/full"
"$tools/check" -in "$work/full" -inform bin -network=false -product Milan -guest_policy 0x30000 >"$work/log" 2>&1 &&
  { echo "FAILED  AMD's own roots accept a simulated report"; failures=$((failures + 1)); } ||
  echo "ok      AMD's own roots refuse it"

[[ $failures == 0 ]] || { echo "go-sev-guest: $failures failed"; exit 1; }
echo "go-sev-guest $version: all as wanted"
