#!/usr/bin/env bash
# QEMU boots a Debian kernel under OVMF with svsm-vtpm as its `-tpmdev emulator`; the guest's init prints its PCRs and
# firmware's event log, and the log must replay to the PCRs in every bank. What is not installed is a visible skip.
# (Debian: qemu-system-x86 ovmf busybox-static python3; a kernel with CONFIG_TCG_TIS=y, as linux-image-cloud-amd64)
#
#   [SVSM_KERNEL=vmlinuz] [SVSM_BUSYBOX=busybox] tests/interop/qemu_tpm.sh BIN_DIR
set -uo pipefail

bin=${1:?usage: $0 BIN_DIR}
bin=$(cd "$bin" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
kernel=${SVSM_KERNEL:-$(ls /boot/vmlinuz-*cloud-amd64 2>/dev/null | tail -n 1)}
busybox=${SVSM_BUSYBOX:-$(command -v busybox)}
code=/usr/share/OVMF/OVMF_CODE_4M.fd
vars=/usr/share/OVMF/OVMF_VARS_4M.fd
skip() {
  echo "SKIP qemu_tpm: $1"
  exit 0
}
[[ -x $bin/svsm-vtpm ]] || skip "$bin/svsm-vtpm is not built"
for program in qemu-system-x86_64 gzip python3; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
[[ -r $code && -r $vars ]] || skip "OVMF is not installed"
[[ -n $kernel && -r $kernel ]] || skip "there is no Debian cloud kernel in /boot; SVSM_KERNEL can name one"
[[ -n $busybox && -x $busybox ]] || skip "busybox is not installed"

# shellcheck source=tests/interop/steps.bash
. "$here/steps.bash"

mkdir -p "$work/root"/{bin,proc,sys,dev}
cp "$busybox" "$work/root/bin/busybox"
cat >"$work/root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t securityfs securityfs /sys/kernel/security
for bank in sha1 sha256 sha384 sha512; do
  for index in 0 1 2 3 4 5 6 7; do
    echo "PCR $bank $index $(/bin/busybox cat /sys/class/tpm/tpm0/pcr-$bank/$index)"
  done
done
echo "LOG BEGIN"
/bin/busybox base64 /sys/kernel/security/tpm0/binary_bios_measurements
echo "LOG END"
/bin/busybox poweroff -f
INIT
chmod +x "$work/root/init"
(cd "$work/root" && find . | "$busybox" cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initrd"
cp "$vars" "$work/vars"

"$bin/svsm-vtpm" socket --tpm2 --ctrl type=unixio,path="$work/ctrl" >"$work/server.log" 2>&1 &
server=$!
for ((i = 0; i < 500; i++)); do [[ -S $work/ctrl ]] && break; sleep 0.02; done

timeout 300 qemu-system-x86_64 -machine q35 -accel tcg -m 512 -nographic -no-reboot -nic none \
  -drive if=pflash,format=raw,unit=0,readonly=on,file="$code" -drive if=pflash,format=raw,unit=1,file="$work/vars" \
  -chardev socket,id=tpm,path="$work/ctrl" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-tis,tpmdev=tpm0 \
  -kernel "$kernel" -initrd "$work/initrd" -append "console=ttyS0 quiet" </dev/null >"$work/console" 2>&1
status=$?
if ! python3 "$here/replay_event_log.py" "$work/console"; then
  echo "FAILED  qemu_tpm: QEMU ended with $status"
  tail -n 15 "$work/console" | tr -d '\r' | sed 's/^/        /'
  exit 1
fi
# QEMU says SHUTDOWN at its end, and the server goes.
for ((i = 0; i < 250; i++)); do kill -0 "$server" 2>/dev/null || break; sleep 0.02; done
if kill -0 "$server" 2>/dev/null || [[ -e $work/ctrl ]]; then
  echo "FAILED  qemu_tpm: svsm-vtpm does not end with QEMU"
  exit 1
fi
server=
echo "qemu_tpm: all as wanted"
