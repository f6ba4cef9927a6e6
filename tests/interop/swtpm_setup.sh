#!/usr/bin/env bash
# Scripts that drive swtpm, against svsm-vtpm: swtpm_setup makes a TPM's state with EKs, their certificates and a platform
# certificate; then the line with which libvirt starts a TPM serves it, tpm2-tools find the certificates, and swtpm_ioctl
# hashes 3 MiB, locks the storage and ends it. (Debian: swtpm swtpm-tools tpm2-tools libtss2-tcti-swtpm0 openssl)
#
#   tests/interop/swtpm_setup.sh BIN_DIR
set -uo pipefail

bin=${1:?usage: $0 BIN_DIR}
bin=$(cd "$bin" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
[[ -x $bin/svsm-vtpm ]] || { echo "SKIP swtpm_setup: $bin/svsm-vtpm is not built"; exit 0; }
for tool in swtpm_setup swtpm_localca swtpm_ioctl tpm2_nvread openssl; do
  command -v "$tool" >/dev/null || { echo "SKIP swtpm_setup: no $tool"; exit 0; }
done

# shellcheck source=tests/interop/steps.bash
. "$here/steps.bash"
step_seconds=60
cd "$work" || exit 1

mkdir state ca
cat >setup.conf <<TEXT
create_certs_tool= $(command -v swtpm_localca)
create_certs_tool_config = $work/localca.conf
create_certs_tool_options = $work/localca.options
TEXT
cat >localca.conf <<TEXT
statedir = $work/ca
signingkey = $work/ca/signkey.pem
issuercert = $work/ca/issuercert.pem
certserial = $work/ca/certserial
TEXT
cat >localca.options <<TEXT
--platform-manufacturer Example
--platform-version 1
--platform-model Example
TEXT
step "swtpm_setup" swtpm_setup --tpm2 --tpm "$bin/svsm-vtpm socket" --tpmstate "$work/state" --config "$work/setup.conf" \
  --createek --create-ek-cert --create-platform-cert --lock-nvram --pcr-banks sha256,sha384 --vmid example
step "a second setup is refused" bash -c \
  "! swtpm_setup --tpm2 --tpm '$bin/svsm-vtpm socket' --tpmstate '$work/state' --config '$work/setup.conf' --createek"

# serve ARGUMENT...: its id in $server, when both sockets are there
serve() {
  rm -f tpm.sock tpm.sock.ctrl
  "$bin/svsm-vtpm" socket --tpm2 --log "file=$work/tpm.log" --server "type=unixio,path=$work/tpm.sock" "$@" &
  server=$!
  local i
  for ((i = 0; i < 250; i++)); do
    [[ -S tpm.sock.ctrl && -S tpm.sock ]] && return
    sleep 0.02
  done
}
# ended: the server is gone within five seconds
ended() {
  local i
  for ((i = 0; i < 250; i++)); do
    kill -0 "$server" 2>/dev/null || return 0
    sleep 0.02
  done
  return 1
}

# libvirt's line; --terminate ends it with its client.
serve --ctrl "type=unixio,path=$work/tpm.sock.ctrl,mode=0600" --tpmstate "dir=$work/state,mode=0600" --terminate
step "the control socket is the owner's" test "$(stat -c %a tpm.sock.ctrl)" = 600
step "power" swtpm_ioctl --unix "$work/tpm.sock.ctrl" -i
ended || { failures=$((failures + 1)); echo "FAILED  --terminate: it goes on without its client"; }

serve --ctrl "type=unixio,path=$work/tpm.sock.ctrl" --tpmstate "backend-uri=dir://$work/state" --flags startup-clear
export TPM2TOOLS_TCTI=swtpm:path=$work/tpm.sock
step "RSA certificate" tpm2_nvread 0x01c00002 -o rsa.der
step "ECC certificate" tpm2_nvread 0x01c00016 -o ecc.der
step "platform certificate" tpm2_nvread 0x01c08000 -o platform.der
step "openssl reads the RSA EK's" openssl x509 -inform der -in rsa.der -noout
step "its key" bash -c "tpm2_readpublic -c 0x81010001 -f pem -o ek.pem && openssl x509 -inform der -in rsa.der -noout -pubkey |
  diff - <(openssl pkey -pubin -in ek.pem -pubout)"
head -c 3145728 /dev/urandom >data
step "swtpm_ioctl -h" bash -c "swtpm_ioctl --unix '$work/tpm.sock.ctrl' -h - <data"
# A D-RTM sequence: PCR 17 is H(0 || H(data)).
step "PCR 17" bash -c "tpm2_pcrread sha256:17 -o pcr17 &&
  { head -c 32 /dev/zero; openssl dgst -sha256 -binary data; } | openssl dgst -sha256 -binary | cmp - pcr17"
step "swtpm_ioctl -s" swtpm_ioctl --unix "$work/tpm.sock.ctrl" -s
ended || { failures=$((failures + 1)); echo "FAILED  swtpm_ioctl -s: it goes on"; }
step "its states" bash -c "'$bin/svsm-vtpm' socket --tpm2 --print-states --tpmstate backend-uri=dir://$work/state | grep -q permall"
echo "swtpm_setup: $((steps - failures)) of $steps steps"
((failures == 0))
