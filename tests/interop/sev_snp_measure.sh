#!/usr/bin/env bash
# Launch digests of svsm-launch against those of sev-snp-measure, unmodified, from PyPI: a matrix of firmware images, vCPUs,
# their types, VMMs, guest features, kernels and command lines. Skips, and says so, where pip cannot get it.
# Usage: sev_snp_measure.sh BIN
set -euo pipefail
readonly version=0.0.13
bin=$(cd "${1:?folder of the programs}" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/build/sev-snp-measure-$version

if [[ ! -x $venv/bin/sev-snp-measure ]]; then
  mkdir -p "$root/build"
  if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install -q "sev-snp-measure==$version"; then
    rm -rf "$venv"
    echo "SKIPPED sev-snp-measure: pip cannot install version $version here"
    exit 0
  fi
fi
exec "$venv/bin/python" "$root/tests/interop/sev_snp_measure.py" "$bin/svsm-launch"
