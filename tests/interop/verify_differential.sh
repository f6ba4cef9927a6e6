#!/usr/bin/env bash
# Our verifier against an independent one in Python, on thousands of changed reports and certificates; see
# verify_differential.py. It wants `cryptography` of a version that signs certificates with RSA-PSS: the one here, or a
# pinned one from PyPI. Skips, and says so, where pip cannot get it.
#
#   tests/interop/verify_differential.sh BIN_DIR [CASES [SEED]]
set -euo pipefail
readonly version=48.0.0
bin=$(cd "${1:?folder of the programs}" && pwd)
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [[ ! -x $bin/svsm-verify-pipe ]]; then
  echo "SKIP verify_differential: $bin/svsm-verify-pipe is not built"
  exit 0
fi
python=python3
if ! python3 -c 'import cryptography, sys; sys.exit(int(cryptography.__version__.split(".")[0]) < 42)' 2>/dev/null; then
  venv=$root/build/cryptography-$version
  if [[ ! -x $venv/bin/python ]] || ! "$venv/bin/python" -c 'import cryptography' 2>/dev/null; then
    mkdir -p "$root/build"
    if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install -q "cryptography==$version"; then
      rm -rf "$venv"
      echo "SKIP verify_differential: pip cannot install cryptography $version here"
      exit 0
    fi
  fi
  python=$venv/bin/python
fi
exec "$python" "$root/tests/interop/verify_differential.py" "$bin/svsm-verify-pipe" "$@"
