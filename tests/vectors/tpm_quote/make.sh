#!/bin/sh
# Makes the files of this folder anew with swtpm and tpm2-tools, which share no code with this
# library. Usage: make.sh [FOLDER]. Keys are fresh each time; a test reads whatever is here.
set -eu
out=$(cd "${1:-$(dirname "$0")}" && pwd)
work=$(mktemp -d)
mkdir "$work/state"
swtpm socket --tpm2 --tpmstate dir="$work/state" --server type=unixio,path="$work/s" \
  --ctrl type=unixio,path="$work/s.ctrl" --flags not-need-init,startup-clear --daemon --pid file="$work/pid"
trap 'kill "$(cat "$work/pid")"; rm -rf "$work"' EXIT
export TPM2TOOLS_TCTI="swtpm:path=$work/s"
cd "$work"
flush() { tpm2_flushcontext -t; }

# Endorsement keys, as TPM2B_PUBLIC.
tpm2_createek -c rsa.ctx -G rsa2048 -u "$out/ek-rsa2048.pub"; flush
tpm2_createek -c p256.ctx -G ecc_nist_p256 -u "$out/ek-p256.pub"; flush
tpm2_createek -c p384.ctx -G ecc_nist_p384 -u "$out/ek-p384.pub"; flush
# A storage root key, which is no EK.
tpm2_createprimary -Q -C o -G ecc -c srk.ctx; tpm2_readpublic -Q -c srk.ctx -f tss -o "$out/srk-p256.pub"; flush

tpm2_pcrextend 5:sha256=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
tpm2_pcrextend 5:sha384=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f

# quote NAME EK SCHEME KEYTYPE PCRS [tpm2_quote option...]
quote() {
  name=$1 ek=$2 scheme=$3 type=$4 pcrs=$5; shift 5
  tpm2_createak -Q -C "$ek" -c ak.ctx -G "$type" -s "$scheme" -g sha256 -u "$out/$name.ak"; flush
  tpm2_quote -Q -c ak.ctx -l "$pcrs" -q 00112233445566778899aabbccddeeff \
    -m "$out/$name.msg" -s "$out/$name.sig" -o "$out/$name.pcrs" "$@"; flush
}
quote ecdsa p256.ctx ecdsa ecc sha256:0,5+sha384:5
tpm2_readpublic -Q -c ak.ctx -f pem -o "$out/ecdsa.pem"; flush
quote ecdsa-values p256.ctx ecdsa ecc sha256:0,5+sha384:5 --pcrs_format=values
quote ecdsa-plain p256.ctx ecdsa ecc sha256:0,5 -f plain
quote rsassa rsa.ctx rsassa rsa sha256:0,5
tpm2_readpublic -Q -c ak.ctx -f pem -o "$out/rsassa.pem"; flush
quote rsassa-plain rsa.ctx rsassa rsa sha256:0,5 -f plain
quote rsapss rsa.ctx rsapss rsa sha256:0,5 --scheme rsapss
