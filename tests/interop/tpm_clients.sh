#!/usr/bin/env bash
# TPM clients that others wrote, against svsm-vtpm: tpm2-tools over swtpm's protocol (by path and by port), over the
# simulator's, and through tpm2-abrmd; IBM's TSS over the simulator's and bare. A client that is not installed is a
# visible skip. (Debian: tpm2-tools libtss2-tcti-mssim0 libtss2-tcti-swtpm0 tss2 tpm2-abrmd libtss2-tcti-tabrmd0 dbus)
#
#   tests/interop/tpm_clients.sh BIN_DIR
set -uo pipefail

bin=${1:?usage: $0 BIN_DIR}
bin=$(cd "$bin" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
if [[ ! -x $bin/svsm-vtpm ]]; then
  echo "SKIP tpm_clients: $bin/svsm-vtpm is not built"
  exit 0
fi

# shellcheck source=tests/interop/steps.bash
. "$here/steps.bash"

# free_port: an even N such that N and N+1 are free on the loopback, below those that the kernel gives to clients
free_port() {
  local port
  while :; do
    port=$((20000 + 2 * (RANDOM % 6000)))
    if ! (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && ! (: </dev/tcp/127.0.0.1/$((port + 1))) 2>/dev/null; then
      echo $port
      return
    fi
  done
}

# serve ARGUMENT...: a started svsm-vtpm, ready; its id in $server
serve() {
  "$bin/svsm-vtpm" socket --tpm2 --flags startup-clear --pid file="$work/pid" "$@" 2>"$work/server.log" &
  server=$!
  pids+=("$server")
  local i
  for ((i = 0; i < 500; i++)); do
    [[ -s $work/pid ]] && return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.02
  done
  echo "FAILED  svsm-vtpm does not start"
  sed 's/^/        /' "$work/server.log"
  exit 1
}
end_server() {
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
}

# A tour of a TPM with tpm2-tools; over what, the environment says.
tour() {
  local name=$1 began=$SECONDS before=$failures first=$steps
  cd "$work" || exit 1
  rm -f ./*.ctx ./*.pub ./*.priv ./*.bin
  printf 'message' >message.bin
  step "$name: getcap" tpm2_getcap properties-fixed
  step "$name: getrandom" tpm2_getrandom --hex 16
  step "$name: selftest" tpm2_selftest -f
  step "$name: pcrreset" tpm2_pcrreset 16
  step "$name: pcrextend" tpm2_pcrextend 16:sha256=$(printf '01%.0s' {1..32})
  step "$name: pcrread" tpm2_pcrread sha256:16 -o pcr.bin
  # One extend of zeros with 32 bytes 01, computed by the shell's own SHA-256.
  { head -c 32 /dev/zero; printf '\1%.0s' {1..32}; } | sha256sum | cut -c1-64 >wanted.bin
  step "$name: the PCR is what it must be" test "$(od -An -v -tx1 pcr.bin | tr -d ' \n')" = "$(cat wanted.bin)"
  step "$name: createprimary" tpm2_createprimary -C o -g sha256 -G ecc -c primary.ctx
  step "$name: flush" tpm2_flushcontext -t
  step "$name: create" tpm2_create -C primary.ctx -G ecc -u key.pub -r key.priv
  step "$name: flush" tpm2_flushcontext -t
  step "$name: load" tpm2_load -C primary.ctx -u key.pub -r key.priv -c key.ctx
  step "$name: flush" tpm2_flushcontext -t
  step "$name: sign" tpm2_sign -c key.ctx -g sha256 -o signature.bin message.bin
  step "$name: flush" tpm2_flushcontext -t
  step "$name: verifysignature" tpm2_verifysignature -c key.ctx -g sha256 -m message.bin -s signature.bin
  step "$name: flush" tpm2_flushcontext -t
  step "$name: nvdefine" tpm2_nvdefine 0x01500010 -C o -s 7 -a 'ownerread|ownerwrite'
  step "$name: nvwrite" tpm2_nvwrite 0x01500010 -C o -i message.bin
  step "$name: nvread" tpm2_nvread 0x01500010 -C o -s 7 -o read.bin
  step "$name: the index holds what was written" cmp message.bin read.bin
  step "$name: nvundefine" tpm2_nvundefine 0x01500010 -C o
  step "$name: session" tpm2_startauthsession -S session.ctx --policy-session
  step "$name: policypcr" tpm2_policypcr -S session.ctx -l sha256:16
  step "$name: flush" tpm2_flushcontext session.ctx
  step "$name: quote key" tpm2_createak -C "$2" -c ak.ctx -G ecc -g sha256 -s ecdsa
  step "$name: flush" tpm2_flushcontext -t
  step "$name: quote" tpm2_quote -c ak.ctx -l sha256:16 -q 1234 -m quote.bin -s quoted.bin
  step "$name: flush" tpm2_flushcontext -t
  step "$name: flush" tpm2_flushcontext -l
  cd - >/dev/null || exit 1
  ((failures == before)) && say "$name: $((steps - first)) of $((steps - first)) steps in $((SECONDS - began)) s"
}
# prepare_ek: a persistent EK for tour()'s quote key
prepare_ek() {
  step "createek" tpm2_createek -c 0x81010001 -G ecc -u "$work/ek.public"
  step "flush" tpm2_flushcontext -t
}
has_tcti() { ldconfig -p | grep -q "libtss2-tcti-$1\.so"; }

# ---------------------------------------------------------------------------------------------- tpm2-tools
data_port=$(free_port)
mssim_port=$(free_port)
while ((mssim_port == data_port)); do mssim_port=$(free_port); done
if command -v tpm2_getcap >/dev/null; then
  if has_tcti swtpm; then
    rm -f "$work/pid"
    serve --server type=unixio,path="$work/tpm" --ctrl type=unixio,path="$work/tpm.ctrl"
    export TPM2TOOLS_TCTI=swtpm:path=$work/tpm
    prepare_ek
    tour "tpm2-tools, swtpm by path" 0x81010001
    end_server
    rm -f "$work/pid"
    serve --server type=tcp,port="$data_port" --ctrl type=tcp,port=$((data_port + 1))
    export TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=$data_port
    prepare_ek
    tour "tpm2-tools, swtpm by port" 0x81010001
    end_server
  else
    echo "SKIP tpm2-tools over swtpm's protocol: libtss2-tcti-swtpm is not installed"
  fi
  if has_tcti mssim; then
    rm -f "$work/pid"
    serve --mssim type=tcp,port="$mssim_port"
    export TPM2TOOLS_TCTI=mssim:host=127.0.0.1,port=$mssim_port
    prepare_ek
    tour "tpm2-tools, mssim" 0x81010001
    end_server
  else
    echo "SKIP tpm2-tools over the simulator's protocol: libtss2-tcti-mssim is not installed"
  fi
else
  echo "SKIP tpm2-tools: not installed"
fi

# ------------------------------------------------------------------------------------------------ IBM's TSS
# ibm_tour NAME
ibm_tour() {
  local name=$1 before=$failures first=$steps began=$SECONDS
  cd "$work" || exit 1
  step "$name: getcapability" tssgetcapability -cap 6
  step "$name: getrandom" tssgetrandom -by 16
  step "$name: pcrreset" tsspcrreset -ha 16
  step "$name: pcrextend" tsspcrextend -ha 16 -ic data
  step "$name: pcrread" tsspcrread -ha 16
  step "$name: createprimary" tsscreateprimary -hi o -ecc nistp256 -st
  step "$name: create" tsscreate -hp 80000000 -si -ecc nistp256 -opr ibm.priv -opu ibm.pub
  step "$name: load" tssload -hp 80000000 -ipr ibm.priv -ipu ibm.pub
  step "$name: sign" tsssign -hk 80000001 -halg sha256 -ecc -if message.bin -os ibm.sig
  step "$name: verifysignature" tssverifysignature -hk 80000001 -halg sha256 -ecc -if message.bin -is ibm.sig
  step "$name: startauthsession" tssstartauthsession -se h
  step "$name: flushcontext" tssflushcontext -ha 02000000
  step "$name: nvdefinespace" tssnvdefinespace -ha 01500011 -hi o -sz 7
  step "$name: nvwrite" tssnvwrite -ha 01500011 -if message.bin
  step "$name: nvread" tssnvread -ha 01500011 -sz 7
  step "$name: nvundefinespace" tssnvundefinespace -ha 01500011 -hi o
  step "$name: flushcontext" tssflushcontext -ha 80000001
  step "$name: flushcontext" tssflushcontext -ha 80000000
  cd - >/dev/null || exit 1
  ((failures == before)) && say "$name: $((steps - first)) of $((steps - first)) steps in $((SECONDS - began)) s"
}
if command -v tsspowerup >/dev/null; then
  printf 'message' >"$work/message.bin"
  export TPM_INTERFACE_TYPE=socsim TPM_SERVER_NAME=127.0.0.1 TPM_DATA_DIR=$work
  rm -f "$work/pid"
  serve --mssim type=tcp,port="$mssim_port" --server type=tcp,port="$data_port" \
    --ctrl type=tcp,port=$((data_port + 1))
  export TPM_SERVER_TYPE=mssim TPM_COMMAND_PORT=$mssim_port TPM_PLATFORM_PORT=$((mssim_port + 1))
  step "IBM TSS: powerup" tsspowerup
  step "IBM TSS: startup" tssstartup
  ibm_tour "IBM TSS, mssim"
  # The data port takes the simulator's frames, and bare commands.
  export TPM_COMMAND_PORT=$data_port
  ibm_tour "IBM TSS, frames on swtpm's data port"
  export TPM_SERVER_TYPE=raw
  ibm_tour "IBM TSS, raw"
  end_server
  unset TPM_SERVER_TYPE TPM_COMMAND_PORT TPM_PLATFORM_PORT TPM_INTERFACE_TYPE TPM_SERVER_NAME TPM_DATA_DIR
else
  echo "SKIP IBM's TSS: tss2 is not installed"
fi

# ---------------------------------------------------------------------------------------------- tpm2-abrmd
# abrmd_tour NAME TCTI: a broker of its own on a bus of its own
abrmd_tour() {
  local bus_pid
  dbus-daemon --session --print-address=3 --print-pid=4 --fork 3>"$work/bus" 4>"$work/bus.pid" 2>"$work/bus.log" || {
    echo "SKIP $1: no private D-Bus can be started"
    return
  }
  bus_pid=$(cat "$work/bus.pid")
  pids+=("$bus_pid")
  DBUS_SESSION_BUS_ADDRESS=$(cat "$work/bus")
  export DBUS_SESSION_BUS_ADDRESS
  local root=()
  [[ $(id -u) == 0 ]] && root=(--allow-root)
  tpm2-abrmd --session "${root[@]}" --flush-all --tcti="$2" >"$work/abrmd.log" 2>&1 &
  local broker=$!
  pids+=("$broker")
  export TPM2TOOLS_TCTI=tabrmd:bus_type=session
  local i
  for ((i = 0; i < 50; i++)); do
    timeout 5 tpm2_getrandom --hex 4 >/dev/null 2>&1 && break
    kill -0 "$broker" 2>/dev/null || break
    sleep 0.1
  done
  prepare_ek
  tour "$1" 0x81010001
  # Its resource manager takes more objects than the TPM has slots.
  local before=$failures n
  for n in 1 2 3 4 5; do
    step "$1: object $n stays" tpm2_createprimary -C o -G ecc -c "$work/many$n.ctx"
  done
  ((failures == before)) || sed 's/^/        /' "$work/abrmd.log" | tail -5
  kill "$broker" 2>/dev/null
  wait "$broker" 2>/dev/null
  kill "$bus_pid" 2>/dev/null
}
if command -v tpm2-abrmd >/dev/null && command -v dbus-daemon >/dev/null && has_tcti tabrmd &&
  command -v tpm2_getcap >/dev/null; then
  for tcti in "mssim:host=127.0.0.1,port=$mssim_port" "swtpm:host=127.0.0.1,port=$data_port"; do
    has_tcti "${tcti%%:*}" || continue
    rm -f "$work/pid"
    serve --mssim type=tcp,port="$mssim_port" --server type=tcp,port="$data_port" \
      --ctrl type=tcp,port=$((data_port + 1))
    abrmd_tour "tpm2-tools, tpm2-abrmd over ${tcti%%:*}" "$tcti"
    end_server
  done
else
  echo "SKIP tpm2-abrmd: it, dbus-daemon, libtss2-tcti-tabrmd or tpm2-tools is not installed"
fi

((failures == 0)) || { echo "tpm_clients: $failures of $steps steps failed"; exit 1; }
echo "tpm_clients: $steps of $steps steps"
