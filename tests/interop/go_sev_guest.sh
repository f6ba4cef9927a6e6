#!/usr/bin/env bash
# go-sev-guest's check tool judges a simulated report with the simulated roots: accepted as it is, refused after any
# change. The tool comes from the Go module proxy at a pinned version, whose checksum Go's own database confirms.
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
"$bin/svsm-sim" roots --keys "$keys" --out "$work/bundle.pem"

failures=0
# judge WHAT WANTED_EXIT FILE [OPTION...]
judge() {
  local what=$1 wanted=$2 file=$3 found=0
  shift 3
  "$tools/check" -in "$file" -inform bin -network=false -product Milan -product_key_path "$work/bundle.pem" \
    -guest_policy 0x30000 "$@" >"$work/log" 2>&1 || found=$?
  if [[ $found == "$wanted" ]]; then
    printf 'ok      %s (exit %s)\n' "$what" "$found"
  else
    printf 'FAILED  %s: exit %s, wanted %s\n' "$what" "$found" "$wanted"
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

data=$(printf 'c0ffee%.0s' 1 2 3 4)
padded=$(printf '%-128s' "$data" | tr ' ' 0)
for report_version in 2 3 4 5; do
  "$bin/svsm-sim" report --keys "$keys" --out "$work/full" --report-data "$data" --report-version $report_version
  judge "report version $report_version is accepted" 0 "$work/full" -vmpl 0 -report_data "$padded"
done

"$bin/svsm-sim" report --keys "$keys" --out "$work/full" --report "$work/report"
measurement=$(od -An -v -tx1 -j 144 -N 48 "$work/report" | tr -d ' \n')
judge "its measurement is accepted" 0 "$work/full" -measurement "$measurement"
judge "another VMPL is refused" 5 "$work/full" -vmpl 2
judge "another REPORT_DATA is refused" 5 "$work/full" -report_data "$padded"
for vmpl in 1 2 3; do
  "$bin/svsm-sim" report --keys "$keys" --out "$work/vmpl" --vmpl $vmpl
  judge "a report of VMPL $vmpl is accepted as such" 0 "$work/vmpl" -vmpl $vmpl
  judge "a report of VMPL $vmpl is refused as one of VMPL 0" 5 "$work/vmpl" -vmpl 0
done

declare -A places=([measurement]=144 [REPORT_DATA]=80 [R]=672 [S]=744)
for place in measurement REPORT_DATA R S; do
  cp "$work/full" "$work/flipped"
  flip "$work/flipped" "${places[$place]}"
  judge "one flipped bit in $place is refused" 2 "$work/flipped"
done
cp "$work/full" "$work/flipped"
flip "$work/flipped" $((1184 + 96 + 1000))   # inside the VCEK's signature
judge "one flipped bit in the VCEK is refused" 2 "$work/flipped"

"$bin/svsm-sim" roots --keys "$work/other-keys" --out "$work/bundle.pem"
judge "a chain under other roots is refused" 2 "$work/full"
"$tools/check" -in "$work/full" -inform bin -network=false -product Milan -guest_policy 0x30000 >"$work/log" 2>&1 &&
  { echo "FAILED  AMD's own roots accept a simulated report"; failures=$((failures + 1)); } ||
  echo "ok      AMD's own roots refuse it"

[[ $failures == 0 ]] || { echo "go-sev-guest: $failures failed"; exit 1; }
echo "go-sev-guest $version: all as wanted"
