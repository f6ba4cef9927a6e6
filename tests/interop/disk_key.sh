#!/usr/bin/env bash
# Full-disk encryption with a TPM that is new at every boot, by tpm2-tools in the guest: a disk's key is sealed once; at each
# boot svsm-verify wraps the storage key for the vTPM that it found trusted, and tpm2_import, tpm2_load and tpm2_unseal give
# the disk's key back. For each kind of EK, and for the storage root key beside it; a VM with another measurement gets
# nothing, and what was wrapped for one boot is noise at the next. (Debian: tpm2-tools libtss2-tcti-swtpm0)
#
#   tests/interop/disk_key.sh BIN_DIR
set -uo pipefail

bin=${1:?usage: $0 BIN_DIR}
bin=$(cd "$bin" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
for program in svsm-vtpm svsm-verify svsm-storage-key; do
  [[ -x $bin/$program ]] || { echo "SKIP disk_key: $bin/$program is not built"; exit 0; }
done
for tool in tpm2_import tpm2_unseal tpm2_createpolicy; do
  command -v "$tool" >/dev/null || { echo "SKIP disk_key: no $tool"; exit 0; }
done
ldconfig -p | grep -q 'libtss2-tcti-swtpm\.so' || { echo "SKIP disk_key: no libtss2-tcti-swtpm"; exit 0; }

# shellcheck source=tests/interop/steps.bash
. "$here/steps.bash"
cd "$work" || exit 1
export TPM2TOOLS_TCTI=swtpm:path=$work/tpm.sock

# refused WHAT COMMAND...: it fails
refused() {
  local what=$1
  shift
  steps=$((steps + 1))
  if ! within "$@" >"$work/out" 2>&1; then return 0; fi
  failures=$((failures + 1))
  echo "FAILED  $what: not refused"
}

# boot: a new vTPM of the same machine and SVSM; its measurement in $measurement
boot() {
  if [[ -n $server ]]; then
    kill "$server"
    wait "$server" 2>/dev/null
  fi
  rm -f pid tpm.log
  "$bin/svsm-vtpm" socket --tpm2 --server type=unixio,path=tpm.sock --ctrl type=unixio,path=tpm.sock.ctrl \
    --pid file=pid --manufacture sim --sim-folder machine >tpm.log 2>&1 &
  server=$!
  local i
  for ((i = 0; i < 1500; i++)); do
    [[ -s pid ]] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.02
  done
  [[ -s pid ]] || { echo "FAILED  svsm-vtpm does not start"; sed 's/^/        /' tpm.log; exit 1; }
  measurement=$(sed -n 's/^measurement //p' tpm.log)
}

# verdict NAME POLICY ARGUMENT...: the relying party's part; files of the guest in, a wrapped key out
verdict() {
  local name=$1 policy=$2
  shift 2
  "$bin/svsm-verify" "report-$name.bin" --ek "ek-$name.pub" --certs machine/certs --roots machine/roots.pem --policy "$policy" "$@"
}

# ek_session: a policy session that may use an EK of template L
ek_session() {
  tpm2_flushcontext -l && tpm2_startauthsession --policy-session -S ek.session && tpm2_policysecret -S ek.session -c e
}

# unseal PARENT AUTH PRIVATE: loads storage key and sealed key, and compares; AUTH may be empty
unseal() {
  local parent=$1 auth=$2
  [[ -z $auth ]] || step "session" ek_session
  step "load the storage key" tpm2_load -C "$parent" ${auth:+-P "$auth"} -u wrapped/storage.pub -r storage.priv -c storage.ctx
  step "flush" tpm2_flushcontext -t
  step "load the disk's key" tpm2_load -C storage.ctx -u disk.pub -r disk.priv -c disk.ctx
  step "flush" tpm2_flushcontext -t
  rm -f disk.out
  step "unseal" tpm2_unseal -c disk.ctx -p pcr:sha256:16 -o disk.out
  step "flush" tpm2_flushcontext -t
  step "the disk's key is what it was" cmp disk.key disk.out
}

# At home, once. The policy: PCR 16 is as after a start.
head -c 32 /dev/urandom >disk.key
step "create" "$bin/svsm-storage-key" create -o storage.key
refused "create does not write over a key" "$bin/svsm-storage-key" create -o storage.key
boot
head -c 32 /dev/zero >zeros
step "policy" tpm2_createpolicy --policy-pcr -l sha256:16 -f zeros -L disk.policy
step "seal" "$bin/svsm-storage-key" seal --key storage.key --in disk.key --policy disk.policy -o disk

printf '{"measurements": ["%s"], "vmpl": 0}' "$measurement" >policy.json
printf '{"measurements": ["%096d"], "vmpl": 0}' 0 >other.json

for kind in rsa2048:0x81010001:0x01c00002:session p256:0x81010002:0x01c0000a:session p384:0x81010016:0x01c00016:; do
  IFS=: read -r name ek index auth <<<"$kind"
  before=$failures
  [[ -z $auth ]] || auth=session:ek.session
  step "$name: EK" tpm2_readpublic -c "$ek" -f tss -o "ek-$name.pub"
  step "$name: report" tpm2_nvread "$index" -o "report-$name.bin"
  rm -rf wrapped refused-vm
  refused "$name: a VM of another measurement" verdict "$name" other.json --wrap-key storage.key -o refused-vm
  refused "$name: which gets no key" test -e refused-vm
  step "$name: a trusted VM" verdict "$name" policy.json --wrap-key storage.key -o wrapped
  [[ -z $auth ]] || step "$name: session" ek_session
  step "$name: import" tpm2_import -C "$ek" ${auth:+-P "$auth"} -u wrapped/storage.pub -i wrapped/storage.dup \
    -s wrapped/storage.seed -r storage.priv
  unseal "$ek" "$auth"

  # The same for the storage root key, whose inner wrapper the EK's TPM opens.
  step "$name: SRK" tpm2_readpublic -c 0x81000001 -f tss -o srk.pub
  rm -rf wrapped
  step "$name: a trusted VM, for its SRK" verdict "$name" policy.json --wrap-key storage.key --parent srk --srk srk.pub -o wrapped
  [[ -z $auth ]] || step "$name: session" ek_session
  step "$name: activatecredential" tpm2_activatecredential -c 0x81000001 -C "$ek" ${auth:+-P "$auth"} \
    -i wrapped/storage.cred -o inner.key
  step "$name: import under the SRK" tpm2_import -C 0x81000001 -u wrapped/storage.pub -i wrapped/storage.dup \
    -s wrapped/storage.seed -k inner.key -r storage.priv
  unseal 0x81000001 ''
  ((failures == before)) && say "disk key under EK $name and the SRK beside it"
done

# The next boot: another EK, and the same sealed disk key.
before=$failures
rm -rf wrapped
step "wrap for this boot" verdict p256 policy.json --wrap-key storage.key -o wrapped
boot
step "session" ek_session
refused "import at the next boot what was wrapped for the last" tpm2_import -C 0x81010002 -P session:ek.session \
  -u wrapped/storage.pub -i wrapped/storage.dup -s wrapped/storage.seed -r storage.priv
step "EK" tpm2_readpublic -c 0x81010002 -f tss -o ek-p256.pub
step "report" tpm2_nvread 0x01c0000a -o report-p256.bin
step "wrap for the next boot" verdict p256 policy.json --wrap-key storage.key -o wrapped
step "session" ek_session
step "import" tpm2_import -C 0x81010002 -P session:ek.session -u wrapped/storage.pub -i wrapped/storage.dup \
  -s wrapped/storage.seed -r storage.priv
unseal 0x81010002 session:ek.session
step "extend PCR 16" tpm2_pcrextend 16:sha256=$(printf '01%.0s' {1..32})
refused "unseal in another state" tpm2_unseal -c disk.ctx -p pcr:sha256:16
refused "a policy that leaves the measurement open" \
  "$bin/svsm-verify" report-p256.bin --ek ek-p256.pub --certs machine/certs --roots machine/roots.pem --wrap-key storage.key -o wrapped
((failures == before)) && say "the next boot opens the same disk, and only with its own wrapped key"

echo "disk_key: $((steps - failures)) of $steps steps"
((failures == 0))
