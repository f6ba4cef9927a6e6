#!/usr/bin/env bash
# A running TPM moves between svsm-vtpm and swtpm, and between two of svsm-vtpm, as QEMU moves it: PCRs, NV, loaded
# objects and sessions go on, and no Startup follows. And the two answer the control channel's requests alike.
# swtpm that is not installed is a visible skip. (Debian: swtpm tpm2-tools libtss2-tcti-swtpm0 python3)
#
#   tests/interop/swtpm_migration.sh BIN_DIR
set -uo pipefail

bin=${1:?usage: $0 BIN_DIR}
bin=$(cd "$bin" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
if [[ ! -x $bin/svsm-vtpm ]]; then
  echo "SKIP swtpm_migration: $bin/svsm-vtpm is not built"
  exit 0
fi
for program in python3 tpm2_getcap; do
  command -v "$program" >/dev/null || { echo "SKIP swtpm_migration: $program is not installed"; exit 0; }
done
if ! ldconfig -p | grep -q 'libtss2-tcti-swtpm\.so'; then
  echo "SKIP swtpm_migration: libtss2-tcti-swtpm is not installed"
  exit 0
fi

# shellcheck source=tests/interop/steps.bash
. "$here/steps.bash"

# serve KIND NAME [ARGUMENT...]: a server with an own state folder, its sockets at $work/NAME and $work/NAME.ctrl
serve() {
  local kind=$1 name=$2 program=("$bin/svsm-vtpm")
  shift 2
  [[ $kind == swtpm ]] && program=(swtpm)
  mkdir -p "$work/$name.state"
  "${program[@]}" socket --tpm2 --tpmstate dir="$work/$name.state" --server type=unixio,path="$work/$name" \
    --ctrl type=unixio,path="$work/$name.ctrl" "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
  local i
  for ((i = 0; i < 500; i++)); do
    [[ -S $work/$name && -S $work/$name.ctrl ]] && return
    sleep 0.02
  done
  echo "FAILED  $kind does not start"
  sed 's/^/        /' "$work/$name.log"
  exit 1
}
use() { export TPM2TOOLS_TCTI=swtpm:path=$work/$1; }

# fill: what is to survive in the TPM in use
fill() {
  cd "$work" || exit 1
  step "pcrextend" tpm2_pcrextend "16:sha256=$(printf '5a%.0s' {1..32})"
  step "pcrread" tpm2_pcrread sha1:16+sha256:0,16+sha384:16 -o pcrs.before
  printf 'before' >nv.before
  step "nvdefine" tpm2_nvdefine 0x01500020 -C o -s 6 -a 'ownerread|ownerwrite'
  step "nvwrite" tpm2_nvwrite 0x01500020 -C o -i nv.before
  step "nvdefine a counter" tpm2_nvdefine 0x01500021 -C o -s 8 -a 'ownerread|ownerwrite|nt=counter'
  step "nvincrement" tpm2_nvincrement 0x01500021 -C o
  # One object stays loaded, one is a saved context, and so is one policy session.
  step "createprimary" tpm2_createprimary -C o -G ecc -c primary.ctx
  step "session" tpm2_startauthsession -S session.ctx --policy-session
  step "policypcr" tpm2_policypcr -S session.ctx -l sha256:16 -L policy.before
}
# check NAME: it did
check() {
  local name=$1
  cd "$work" || exit 1
  step "$name: pcrread" tpm2_pcrread sha1:16+sha256:0,16+sha384:16 -o pcrs.after
  step "$name: the PCRs are the same" cmp pcrs.before pcrs.after
  step "$name: nvread" tpm2_nvread 0x01500020 -C o -s 6 -o nv.after
  step "$name: the index holds the same" cmp nv.before nv.after
  step "$name: nvincrement" tpm2_nvincrement 0x01500021 -C o
  tpm2_getcap handles-transient >"$work/handles" 2>&1
  step "$name: the loaded object is there" grep -q 0x80000000 "$work/handles"
  step "$name: flush" tpm2_flushcontext -t
  step "$name: create under the saved primary key" tpm2_create -C primary.ctx -G ecc -u "$work/key.pub" -r "$work/key.priv"
  step "$name: flush" tpm2_flushcontext -t
  step "$name: the session goes on" tpm2_policypcr -S session.ctx -l sha256:16 -L policy.after
  step "$name: its policy has both steps" test "$(od -An -tx1 policy.before)" != "$(od -An -tx1 policy.after)"
}

# journey KIND KIND...: a TPM that starts on the first one and moves on to each of the others
journey() {
  local name="$1" before=$failures first=$steps kind hop=0
  for kind in "${@:2}"; do name+=" -> $kind"; done
  rm -rf "$work"/hop*
  serve "$1" hop0 --flags not-need-init,startup-clear
  use hop0
  fill
  for kind in "${@:2}"; do
    serve "$kind" hop$((hop + 1))
    step "$name: migrate" python3 "$here/swtpm_control.py" migrate "$work/hop$hop.ctrl" "$work/hop$((hop + 1)).ctrl"
    hop=$((hop + 1))
    use hop$hop
    check "$name"
    # What the next check compares with.
    cp "$work/policy.after" "$work/policy.before"
    step "$name: one more object" tpm2_createprimary -C o -G ecc -c "$work/other.ctx"
  done
  # It was stored where it arrived: NV survives a power cycle.
  step "$name: power cycle" python3 "$here/swtpm_control.py" init "$work/hop$hop.ctrl"
  step "$name: startup" tpm2_startup -c
  step "$name: nvread" tpm2_nvread 0x01500020 -C o -s 6 -o "$work/nv.after"
  step "$name: the index holds the same" cmp "$work/nv.before" "$work/nv.after"
  python3 "$here/swtpm_control.py" shutdown "$work/hop$hop.ctrl"
  ((failures == before)) && say "$name: $((steps - first)) of $((steps - first)) steps"
}

journey svsm-vtpm svsm-vtpm
if command -v swtpm >/dev/null; then
  journey swtpm svsm-vtpm
  journey svsm-vtpm swtpm
  journey swtpm svsm-vtpm swtpm
  mkdir -p "$work/state"
  # The same requests to both, without a data socket, as QEMU starts them.
  swtpm socket --tpm2 --tpmstate dir="$work/state" --ctrl type=unixio,path="$work/theirs" >"$work/log" 2>&1 &
  pids+=($!)
  "$bin/svsm-vtpm" socket --tpm2 --ctrl type=unixio,path="$work/ours" >>"$work/log" 2>&1 &
  pids+=($!)
  for ((i = 0; i < 500; i++)); do [[ -S $work/theirs && -S $work/ours ]] && break; sleep 0.02; done
  step "the control channels answer alike" python3 "$here/swtpm_control.py" compare "$work/theirs" "$work/ours" &&
    say "control channel: $(cat "$work/out")"
else
  echo "SKIP migration from and to swtpm: it is not installed"
fi

((failures == 0)) || { echo "swtpm_migration: $failures of $steps steps failed"; exit 1; }
echo "swtpm_migration: $steps of $steps steps"
