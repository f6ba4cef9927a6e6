# The matrix of sev_snp_measure.sh. Images are made here; each digest is asked of both.
import hashlib, itertools, os, struct, subprocess, sys, tempfile, uuid

from sevsnpmeasure import guest, vcpu_types
from sevsnpmeasure.sev_mode import SevMode
from sevsnpmeasure.vmm_types import VMMType

GUIDS = {'footer': '96b582de-1fb2-45f7-baea-a366c55a082d', 'hashes': '7255371f-3a3b-4b04-927b-1da6efa8d454',
         'reset': '00f771de-1a7e-4fcb-890e-68c77e2fb44e', 'metadata': 'dc886566-984a-4798-a75e-5585a7bf67cc',
         'svsm': 'a789a612-0597-4c4b-a49f-cbb1fe9d1ddd'}


def image(name, pages, sections, entries):
    body = b''.join(hashlib.sha512(f'{name} {i}'.encode()).digest() * 64 for i in range(pages))
    metadata = b'ASEV' + struct.pack('<III', 16 + 12 * len(sections), 1, len(sections))
    metadata += b''.join(struct.pack('<III', *s) for s in sections)
    table = b''
    for key, data in [('metadata', struct.pack('<I', 0x400))] + entries:
        table += data + struct.pack('<H', len(data) + 18) + uuid.UUID(GUIDS[key]).bytes_le
    table += struct.pack('<H', len(table) + 18) + uuid.UUID(GUIDS['footer']).bytes_le
    out = bytearray(body)
    out[-0x400:-0x400 + len(metadata)] = metadata
    out[-32 - len(table):-32] = table
    return bytes(out)


def main(program):
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    sections = [(0x800000, 0x4000, 1), (0x804000, 0x1000, 2), (0x805000, 0x1000, 3)]
    hashes = ('hashes', struct.pack('<II', 0x806400, 0x400))
    files = {
        'small.fd': image('small', 2, sections, [('reset', struct.pack('<I', 0x0080B004))]),
        'hashes.fd': image('hashes', 16, sections + [(0x806000, 0x1000, 0x10), (0x900000, 0x8000, 1)],
                           [('reset', struct.pack('<I', 0xFFFF1230)), hashes]),
        'mixed.fd': image('mixed', 33, [(0x1000, 0x1000, 3), (0x806000, 0x1000, 0x10), (0x2000, 0x1000, 4),
                                        (0x100000, 0x20000, 1), (0x3000, 0x1000, 2)],
                          [hashes, ('reset', struct.pack('<I', 0xFFFFFFF0))]),
        'svsm.bin': image('svsm', 5, sections, [('svsm', struct.pack('<I', 0x123))]),
        'kernel': b'kernel' * 999, 'initrd': b'initrd' * 77,
    }
    for name, data in files.items():
        with open(name, 'wb') as f:
            f.write(data)

    equal = total = 0

    def compare(mode, ovmf, vcpus, cpu, features=1, vmm='QEMU', kernel='', initrd='', append='', svsm='', variables=0):
        nonlocal equal, total
        want = guest.calc_launch_digest(mode, vcpus, vcpu_types.CPU_SIGS[cpu], ovmf, kernel, initrd, append, features,
                                        vmm_type=VMMType[vmm], svsm_file=svsm, ovmf_vars_size=variables).hex()
        words = [program, 'measure', '--mode', 'snp:svsm' if svsm else 'snp', '--ovmf', ovmf, '--vcpus', str(vcpus),
                 '--vcpu-type', cpu, '--guest-features', hex(features), '--vmm-type', vmm]
        for option, value in (('--kernel', kernel), ('--initrd', initrd), ('--append', append), ('--svsm', svsm)):
            words += [option, value] if value else []
        words += ['--vars-size', str(variables)] if svsm else []
        run = subprocess.run(words, capture_output=True, text=True)
        total += 1
        if run.returncode == 0 and run.stdout == want + '\n' and not run.stderr:
            equal += 1
        else:
            print('DIFFERS', ' '.join(words[1:]), 'wanted', want, 'got', run.stdout.strip(), run.stderr.strip())

    images = ('small.fd', 'hashes.fd', 'mixed.fd')
    snp = SevMode.SEV_SNP
    for ovmf, vcpus, cpu in itertools.product(images, (1, 3), vcpu_types.CPU_SIGS):
        compare(snp, ovmf, vcpus, cpu)
    for ovmf, vcpus, vmm, features in itertools.product(images, (1, 2, 17), ('QEMU', 'ec2', 'gce'), (0x0, 0x21, 0xC001)):
        compare(snp, ovmf, vcpus, 'EPYC-Milan', features, vmm)
    for ovmf, vmm, initrd, append in itertools.product(images[1:], ('QEMU', 'ec2', 'gce'), ('', 'initrd'),
                                                       ('', 'ro', ' blanks ', 'tab\there')):
        compare(snp, ovmf, 2, 'EPYC-Genoa', 1, vmm, 'kernel', initrd, append)
    for ovmf, vcpus, variables in itertools.product(images, (1, 4), (4096, 540672)):
        compare(SevMode.SEV_SNP_SVSM, ovmf, vcpus, 'EPYC-v4', svsm='svsm.bin', variables=variables)
    print(f'sev-snp-measure: {equal} of {total} equal')
    return 0 if equal == total and total >= 200 else 1


sys.exit(main(os.path.abspath(sys.argv[1])))
