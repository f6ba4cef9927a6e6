#!/usr/bin/env bash
# The Rust tool and ours on the same images, both ways: what one makes and changes, the other lists, reads, changes and
# verifies. The tool comes from the Rust registry at a pinned version, with the lock file that was published with it.
#
#   tests/interop/cocoonfs_cli.sh BIN_DIR
#
# SVSM_INTEROP_QUICK=1 leaves out most of the combinations.
set -euo pipefail

bin=${1:?usage: $0 BIN_DIR}
version=0.1.3
if [[ ! -x $bin/svsm-cocoonfs ]]; then
  echo "SKIP cocoonfs-cli: $bin/svsm-cocoonfs is not built"
  exit 0
fi
ours_program=$(cd "$bin" && pwd)/svsm-cocoonfs
times=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../bench/cocoonfs" && pwd)/cli_times
runs=11
tools=${SVSM_INTEROP_DIR:-$bin/../interop}/cocoonfs-cli-$version
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
if [[ ! -x $tools/bin/cocoonfs ]]; then
  if ! command -v cargo >/dev/null; then
    echo "SKIP cocoonfs-cli: cargo is not installed"
    exit 0
  fi
  found=$(cargo --version | sed -nE 's/^cargo ([0-9]+)\.([0-9]+).*/\1 \2/p')
  if read -r major minor <<<"$found" && ((major == 1 && minor < 85)); then
    echo "SKIP cocoonfs-cli: cargo $major.$minor is older than 1.85"
    exit 0
  fi
  if ! cargo install cocoonfs-cli --version $version --locked --root "$tools" >"$tools/install.log" 2>&1; then
    echo "SKIP cocoonfs-cli: version $version cannot be fetched or built; see $tools/install.log"
    exit 0
  fi
fi
theirs_program=$tools/bin/cocoonfs

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf '%s' 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | python3 -c \
  'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >key
key=key
salt=616263
passed=0
failures=0

# Both tools, with the arguments that stand before the verb.
force=-f
ours() { "$ours_program" -i image $force "$@"; }
theirs() { "$theirs_program" -i image $force "$@"; }
other() { if [[ $1 == ours ]]; then echo theirs; else echo ours; fi; }

# What the image shall hold: expect/INODE for contents, flags/INODE.
forget() { rm -rf expect flags; mkdir expect flags; }
contents() { python3 -c "
import hashlib, sys
label, size = sys.argv[1], int(sys.argv[2])
out = b''.join(hashlib.sha256(f'{label}:{i}'.encode()).digest() for i in range(size // 32 + 1))
sys.stdout.buffer.write(out[:size])" "$1" "$2"; }
# put TOOL INODE SIZE [FLAGS]
counter=0
put() {
  counter=$((counter + 1))
  contents "$1-$2-$counter" "$3" >"expect/$2"
  echo "${4:-0}" >"flags/$2"
  "$1" write-file -k "$key" -i "expect/$2" "$2" "${4:-0}"
}
drop() {
  "$1" remove-file -k "$key" "$2"
  rm "expect/$2" "flags/$2"
}
wanted_list() { python3 -c "
import os
for inode in sorted(map(int, os.listdir('expect'))):
    print(inode, f'{int(open(f\"flags/{inode}\").read()):#04x}')"; }
# Both tools see exactly what shall be there, and ours finds nothing wrong with the image.
same() {
  local tool inode
  wanted_list >wanted
  for tool in ours theirs; do
    "$tool" list-files -k "$key" >listed
    cmp wanted listed || { echo "$tool lists other files"; return 1; }
    for inode in $(ls expect); do
      "$tool" read-file -k "$key" "$inode" >read
      cmp "expect/$inode" read || { echo "$tool reads other bytes of $inode"; return 1; }
    done
  done
  ours verify -k "$key" >/dev/null
}
aux_same() {
  theirs aux-fs-metadata list-entries >theirs.list
  ours aux-fs-metadata list-entries >ours.list
  cmp theirs.list ours.list
  local uuid
  for uuid in $(sort -u ours.list); do
    theirs aux-fs-metadata read-entry "$uuid" >theirs.entry
    ours aux-fs-metadata read-entry "$uuid" >ours.entry
    cmp theirs.entry ours.entry
  done
}

# check WHAT FUNCTION [ARGUMENT...]: in a shell of its own that ends at the first error
check() {
  local what=$1
  shift
  rm -f image
  forget
  local status=0
  set +e
  (set -e; "$@") >log 2>&1
  status=$?
  set -e
  if [[ $status == 0 ]]; then
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n' "$what"
    sed 's/^/        /' log | tail -n 12
    failures=$((failures + 1))
  fi
}

# --------------------------------------------------------------------------------------------- made here, changed there

# both_ways MAKER HASH CIPHER STRENGTH SIZE [LAYOUT OPTION...]
both_ways() {
  local maker=$1 hash=$2 cipher=$3 strength=$4 size=$5
  shift 5
  "$maker" mkfs -k "$key" -H "$hash" -C "$cipher" -t "$strength" -I "$salt" -s "$size" "$@"
  local editor
  editor=$(other "$maker")
  same
  put "$maker" 16 12
  put "$maker" 17 5000 7
  put "$maker" 18 0
  same
  put "$editor" 4294967296 3000 255
  put "$editor" 17 8176
  put "$editor" 18446744073709551615 1
  same
  drop "$editor" 16
  same
  put "$maker" 17 100
  drop "$maker" 18
  put "$maker" 19 4000
  same
  echo auxiliary | "$editor" aux-fs-metadata edit add-entry 11111111-2222-3333-4444-555555555555
  aux_same
  echo more | "$maker" aux-fs-metadata edit -k "$key" add-entry 8d9f0a7e-0000-0000-0000-000000000001
  aux_same
  same
}

algorithms=()
for strength in 128 192 256; do
  for cipher in aes camellia; do
    for hash in sha2 sha3; do algorithms+=("$hash $cipher $strength"); done
  done
done
algorithms+=("sm3 aes 128" "sm3 camellia 128" "sm3 sm4 128" "sha2 sm4 128" "sha3 sm4 128")
mixed="--allocation-block-size 256B --io-block-size 2K --auth-tree-data-block-size 1K --auth-tree-node-size 4K
  --allocation-bitmap-file-block-size 512B --inode-index-tree-leaf-node-size 512B --inode-index-tree-internal-node-size 1K"
layouts=("256K --allocation-block-size 512B" "512K --allocation-block-size 1K --io-block-size 4K"
  "1M --allocation-block-size 4K" "128K --io-block-size 128B" "256K --io-block-size 4K" "512K --io-block-size 8K"
  "128K --auth-tree-data-block-size 128B" "128K --auth-tree-data-block-size 2K" "256K --auth-tree-data-block-size 8K"
  "128K --auth-tree-node-size 512B" "128K --auth-tree-node-size 8K" "128K --allocation-bitmap-file-block-size 128B"
  "128K --allocation-bitmap-file-block-size 2K" "128K --inode-index-tree-leaf-node-size 1K"
  "128K --inode-index-tree-internal-node-size 512B" "256K $mixed" "128K -n" "64M -n" "1M" "8M" "96K"
  "128K --aux-fs-metadata-extra-reserve-capacity 12K")
if [[ -n ${SVSM_INTEROP_QUICK:-} ]]; then
  algorithms=("sha2 aes 128" "sha3 camellia 256" "sm3 sm4 128")
  layouts=("256K $mixed" "1M --allocation-block-size 4K")
  runs=3
fi
for maker in ours theirs; do
  for algorithm in "${algorithms[@]}"; do
    # shellcheck disable=SC2086
    check "$maker make, $algorithm" both_ways $maker $algorithm 128K
  done
  for layout in "${layouts[@]}"; do
    # shellcheck disable=SC2086
    check "$maker make, $layout" both_ways $maker sha2 aes 128 $layout
  done
  printf 'ok      %s make images of %s algorithms and %s layouts\n' $maker ${#algorithms[@]} ${#layouts[@]}
done

# Without -f: the storage's own blocks.
force=
for maker in ours theirs; do
  check "$maker make, 4 KiB IO blocks, without -f" both_ways $maker sha2 aes 128 512K --io-block-size 4K
  check "$maker make, 4 KiB blocks, without -f" both_ways $maker sha2 aes 128 2M --allocation-block-size 4K
done
force=-f
echo "ok      the storage's own blocks"

# At random by either tool, some of it trimming.
mixed_work() {
  local seed=$1 step tool inode size trim
  shift
  RANDOM=$seed
  ours mkfs -k $key -H sha2 -C aes -t 128 -I $salt "$@"
  for step in {1..60}; do
    if ((RANDOM % 2)); then tool=ours; else tool=theirs; fi
    if ((RANDOM % 5)); then trim=; else trim=-n; fi
    inode=$((16 + RANDOM % 12))
    if ((RANDOM % 4 == 0)) && [[ -e expect/$inode ]]; then
      $tool remove-file -k $key $trim $inode
      rm expect/$inode flags/$inode
    else
      size=$((RANDOM % 3 ? RANDOM % 600 : RANDOM % 24000))
      contents "$seed-$step" $size >expect/$inode
      echo $((RANDOM % 256)) >flags/$inode
      $tool write-file -k $key $trim -i expect/$inode $inode "$(cat flags/$inode)"
    fi
    ((step % 12)) || same
  done
}
for seed in 1 2 3; do
  check "work by both in turns, $seed" mixed_work $seed -s 1M
  # shellcheck disable=SC2086
  check "work by both in turns, mixed layout, $seed" mixed_work $seed -s 2M $mixed
done
echo "ok      work by both in turns"

# ------------------------------------------------------------------------------------------------------ keys and salts

long_salt=$(printf 'a5%.0s' {1..255})
: >empty
head -c 300 /dev/zero | tr '\0' Z >long
for maker in ours theirs; do
  for salt in '' 00 "$long_salt"; do check "$maker make, a salt of ${#salt} digits" both_ways $maker sha2 aes 128 128K; done
  salt=616263
  for key in empty long; do check "$maker make, the $key key" both_ways $maker sha2 aes 128 128K; done
  key=key
done
echo "ok      empty and long keys and salts"

# ---------------------------------------------------------------------------------------------------- creation headers

# made_later MAKER OPENER [OPTION...]
made_later() {
  local maker=$1 opener=$2
  shift 2
  "$maker" write-mkfs-info-header -H sha2 -C aes -t 128 -I $salt -s 128K "$@"
  echo before | "$maker" aux-fs-metadata edit add-entry 8d9f0a7e-0000-0000-0000-000000000001
  aux_same
  "$opener" list-files -k $key
  aux_same
  put "$maker" 16 3000
  put "$opener" 17 3000
  same
}
# The header alone, cut behind it; nothing is edited before the first use.
made_from_header() {
  "$1" write-mkfs-info-header -H sha2 -C aes -t 128 -I $salt -s 128K -T
  [[ $(stat -c %s image) == 1024 || $(stat -c %s image) == 512 ]]
  "$2" list-files -k $key
  [[ $(stat -c %s image) == 131072 ]]
  put "$1" 16 3000
  same
}
for maker in ours theirs; do
  for opener in ours theirs; do
    check "a creation header of $maker, opened by $opener" made_later $maker $opener
    check "a creation header of $maker, cut, opened by $opener" made_from_header $maker $opener
  done
done
echo "ok      creation headers"

# -------------------------------------------------------------------------------------------------- auxiliary metadata

auxiliary() {
  local one=$1 two=$2
  "$one" mkfs -k $key -H sha2 -C aes -t 128 -I $salt -s 256K "${@:3}"
  contents a 33 | "$one" aux-fs-metadata edit add-entry 8d9f0a7e-0000-0000-0000-000000000001
  aux_same
  contents b 10 | "$two" aux-fs-metadata edit add-entry 11111111-0000-0000-0000-000000000001
  contents c 77 | "$two" aux-fs-metadata edit add-entry 11111111-0000-0000-0000-000000000001
  aux_same
  contents d 3000 | "$two" aux-fs-metadata edit -k $key add-entry ffffffff-0000-0000-0000-000000000001
  aux_same
  contents e 0 | "$one" aux-fs-metadata edit -k $key add-entry 00000000-0000-0000-0000-000000000001
  aux_same
  "$one" aux-fs-metadata edit remove-entry 11111111-0000-0000-0000-000000000001 1
  aux_same
  "$two" aux-fs-metadata edit -k $key set-extra-reserve-capacity 4K
  "$two" aux-fs-metadata edit -k $key remove-entry ffffffff-0000-0000-0000-000000000001
  aux_same
  contents f 2000 | "$one" aux-fs-metadata edit add-entry ffffffff-0000-0000-0000-000000000002
  "$one" aux-fs-metadata edit -k $key set-extra-reserve-capacity disabled
  aux_same
  put "$two" 16 5000
  same
}
for one in ours theirs; do
  for reserve in 1K 12K; do
    check "auxiliary metadata begun by $one, reserve $reserve" \
      auxiliary $one "$(other $one)" --aux-fs-metadata-extra-reserve-capacity $reserve
  done
done
# Less room than the reserve is left: who opens or commits next gives them all of it again.
short_reserve() {
  local one=$1 two=$2
  "$one" mkfs -k $key -H sha2 -C aes -t 128 -I $salt -s 256K --aux-fs-metadata-extra-reserve-capacity 2K
  contents a 1700 | "$one" aux-fs-metadata edit add-entry 8d9f0a7e-0000-0000-0000-000000000001
  if contents b 1500 | "$one" aux-fs-metadata edit add-entry 8d9f0a7e-0000-0000-0000-000000000002; then return 1; fi
  aux_same
  put "$two" 16 300
  aux_same
  same
  contents b 1500 | "$one" aux-fs-metadata edit add-entry 8d9f0a7e-0000-0000-0000-000000000002
  aux_same
  put "$two" 17 300
  aux_same
  contents c 1500 | "$two" aux-fs-metadata edit add-entry 8d9f0a7e-0000-0000-0000-000000000002
  aux_same
  same
}
for one in ours theirs; do check "a reserve that $one made short" short_reserve $one "$(other $one)"; done
check "a reserve that ours made short, alone" short_reserve ours ours
echo "ok      auxiliary metadata, in place and through commits"

# ---------------------------------------------------------------------------------------------------------- many files

# script COUNT: a batch that writes so many small files from 16 on
script() { python3 - "$1" <<'PYTHON'
import hashlib, sys
for inode in range(16, 16 + int(sys.argv[1])):
    block = hashlib.sha256(b'%d' % inode).digest()
    open(f'expect/{inode}', 'wb').write((block * 22)[:inode * 7 % 700])
    open(f'flags/{inode}', 'w').write(f'{inode % 256}\n')
    print(f'write {inode} expect/{inode} {inode % 256}')
PYTHON
}
many() {
  "$1" mkfs -k $key -H sha2 -C aes -t 128 -I $salt -s 4M
  script "$2" >batch
  ours batch -k $key batch
  wanted_list >wanted
  theirs list-files -k $key >listed
  cmp wanted listed
  local inode
  seq 16 3 $((15 + $2)) | sed 's/^/remove /' >batch
  (cd expect && seq 16 3 $((15 + $2)) | xargs rm)
  ours batch -k $key batch
  for inode in 1000000 17 1000001; do put theirs $inode 20000; done
  wanted_list >wanted
  for tool in ours theirs; do
    $tool list-files -k $key >listed
    cmp wanted listed
    for inode in 17 18 20 1000000 1000001 $((15 + $2)) $((14 + $2)); do
      [[ -e expect/$inode ]] || continue
      $tool read-file -k $key "$inode" | cmp "expect/$inode"
    done
  done
  ours verify -k $key
}
for maker in ours theirs; do check "3000 files in an image that $maker made" many $maker 3000; done
echo "ok      thousands of files"

# ------------------------------------------------------------------------------------------------- journals that we left

# Takes some of the blocks that applying the journal has written, but never the cleared head: a power cut while it was
# being applied.
half_applied() { python3 - "$1" "$2" "$3" <<'PYTHON'
import random, sys
pending, applied = open(sys.argv[1], 'rb').read(), open(sys.argv[2], 'rb').read()
random.seed(sys.argv[3])
mixed = bytearray(pending)
for at in range(0, len(pending), 512):
    new = applied[at:at + 512]
    if any(new) and not pending[at:at + 512].startswith(b'CCFSJRNL') and random.random() < 0.5:
        mixed[at:at + 512] = new
open('image', 'wb').write(mixed)
PYTHON
}
# pending SIZE LAYOUT...: rewrites, creations and removals stop behind the commit point; they finish it.
pending() {
  local size=$1 round
  shift
  ours mkfs -k $key -H sha2 -C aes -t "${strength:-128}" -I $salt -s "$size" "$@"
  put ours 16 12
  put theirs 17 16384
  put ours 18 3000
  for round in 1 2 3; do
    contents "pending-$round" 16000 >new
    contents "fresh-$round" 5000 >fresh
    case $round in
      1) printf '%s\n' "write 17 new" "write 21 fresh 3" ;;
      2) printf '%s\n' "write 17 fresh" "remove 16" ;;
      3) printf '%s\n' "remove 18" "write 22 new" "remove 21" ;;
    esac >batch
    # shellcheck disable=SC2086
    ours batch -k $key ${trim:-} --leave-pending batch
    cp image pending.img
    case $round in
      1) cp new expect/17; cp fresh expect/21; echo 3 >flags/21 ;;
      2) cp fresh expect/17; rm expect/16 flags/16 ;;
      3) rm expect/18 flags/18 expect/21 flags/21; cp new expect/22; echo 0 >flags/22 ;;
    esac
    theirs list-files -k $key >/dev/null
    cp image applied.img
    same
    for seed in 1 2 3; do
      half_applied pending.img applied.img $seed
      theirs list-files -k $key >/dev/null
      same
    done
    # And ours, what they would have finished.
    cp pending.img image
    same
  done
}
check "pending journals of ours, default layout" pending 256K
check "pending journals of ours, 8 MiB" pending 8M
for strength in 192 256; do check "pending journals of ours, strength $strength" pending 256K; done
strength=128
trim=-n
check "pending journals of ours, trimming" pending 256K
trim=
# shellcheck disable=SC2086
check "pending journals of ours, mixed layout" pending 512K $mixed
check "pending journals of ours, small tree nodes" pending 512K --auth-tree-data-block-size 128B --auth-tree-node-size 512B \
  --allocation-bitmap-file-block-size 128B
echo "ok      pending and half-applied journals of ours, finished by them"

# ------------------------------------------------------------------------------------------------------- how long it takes

"$times" "$ours_program" "$theirs_program" "$work" "$runs"

[[ $failures == 0 ]] || { echo "cocoonfs-cli: $failures of $((passed + failures)) failed"; exit 1; }
echo "cocoonfs-cli $version: all $passed as wanted"
