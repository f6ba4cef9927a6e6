#!/usr/bin/env bash
# The types of the KBS protocol in Rust (crate kbs-types) read every body that this library's client and broker send; what
# the broker sends comes out of them byte for byte. The crate comes from the Rust registry at a pinned version, with the lock
# file beside its reader.
#
#   tests/interop/kbs_types.sh BIN_DIR
set -euo pipefail

bin=${1:?usage: $0 BIN_DIR}

skip() {
  echo "SKIP kbs-types: $1"
  exit 0
}
if ! command -v cargo >/dev/null && [[ -x $HOME/.cargo/bin/cargo ]]; then PATH=$PATH:$HOME/.cargo/bin; fi
[[ -x $bin/kbs-bodies ]] || skip "$bin/kbs-bodies is not built"
command -v cargo >/dev/null || skip "cargo is not installed"
target=${SVSM_INTEROP_DIR:-$bin/../interop}/kbs-types
mkdir -p "$target"
target=$(cd "$target" && pwd)
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/kbs_types
CARGO_TARGET_DIR=$target cargo build --release --locked --manifest-path "$source/Cargo.toml" >"$target/build.log" 2>&1 ||
  skip "kbs-types cannot be fetched or built; see $target/build.log"
"$bin/kbs-bodies" >"$target/bodies"
"$target/release/kbs-types-peer" <"$target/bodies"
