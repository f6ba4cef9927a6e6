#!/usr/bin/env python3
"""Makes calls.txt, services_manifests.txt, vtpm_manifests.txt and secrets_pages.txt in this folder.

Written from AMD 58019 and AMD 56860 alone; shares no code with the library and needs Python's standard library only.
The values are deterministic: running it again must change nothing. README.md says what the fields mean.

A file is a list of records separated by empty lines; a record is a list of lines `field value...`. Bytes are hex.
"""
import hashlib
import pathlib
import struct
import uuid

HERE = pathlib.Path(__file__).parent
PAGE = 0x1000

VTPM = uuid.UUID("c476f1eb-0123-45a5-9641-b4e7dde5bfe3")
UEFI_MM = uuid.UUID("a4453a59-9e1b-4787-a033-1986d6adbe55")
TABLE = uuid.UUID("63849ebb-3d92-4670-a1ff-58f9c94b87bb")

# The machine of calls.txt.
VMSA0, AREA0 = 0x10000, 0x20000
VMSA1, AREA1 = 0x11000, 0x21000
SVSM, END_SVSM = 0x100000, 0x110000
NOT_VALID, END = 0x200000, 0x500000
FREE = 0x40000
EFER, FEATURES = 0x1D01, 0x29
OP = AREA0 + 8

INCOMPLETE, NO_PROTOCOL, NO_CALL, ADDRESS, FORMAT, PARAMETER = (0x80000000 + i for i in range(6))


def stream(label, size):
    """Bytes that look random and are the same every time."""
    out = b""
    counter = 0
    while len(out) < size:
        out += hashlib.sha256(f"{label}/{counter}".encode()).digest()
        counter += 1
    return out[:size]


def write(name, records):
    text = "\n".join("".join(f"{field} {value}\n" for field, value in record) for record in records)
    (HERE / name).write_text(text)


def manifest(entries):
    """The services manifest of [(uuid, bytes)]."""
    table_end = 24 + 24 * len(entries)
    rows, blobs = b"", b""
    for guid, blob in entries:
        rows += guid.bytes_le + struct.pack("<II", table_end + len(blobs), len(blob))
        blobs += blob
    total = table_end + len(blobs)
    return TABLE.bytes_le + struct.pack("<II", total, len(entries)) + rows + blobs


def services_manifests():
    records = []
    cases = [
        ("nothing", []),
        ("vtpm", [(VTPM, stream("ek", 314))]),
        ("vtpm-and-uefi", [(VTPM, stream("ek", 314)), (UEFI_MM, struct.pack("<II", 0, 3))]),
        ("one-without-manifest", [(UEFI_MM, b""), (VTPM, b"\x01")]),
        ("only-without-manifest", [(VTPM, b"")]),
        ("sixteen", [(uuid.UUID(bytes=stream(f"guid {i}", 16)), stream(f"blob {i}", 7 * i)) for i in range(16)]),
    ]
    for name, entries in cases:
        record = [("name", name)]
        record += [("service", f"{guid} {blob.hex() or '-'}") for guid, blob in entries]
        records.append(record + [("bytes", manifest(entries).hex())])
    write("services_manifests.txt", records)


def rsa_ek_public(modulus):
    """TPMT_PUBLIC of the TCG template L-1: RSA-2048, SHA-256, AES-128-CFB, PolicySecret(endorsement)."""
    policy = bytes.fromhex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa")
    return (struct.pack(">HHIH", 0x0001, 0x000B, 0x000300B2, len(policy)) + policy +
            struct.pack(">HHHHHI", 0x0006, 128, 0x0043, 0x0010, 2048, 0) + struct.pack(">H", len(modulus)) + modulus)


def ecc_ek_public(x, y):
    """TPMT_PUBLIC of the TCG template L-2: P-256, the same otherwise."""
    policy = bytes.fromhex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa")
    return (struct.pack(">HHIH", 0x0023, 0x000B, 0x000300B2, len(policy)) + policy +
            struct.pack(">HHHHHH", 0x0006, 128, 0x0043, 0x0010, 0x0003, 0x0010) +
            struct.pack(">H", len(x)) + x + struct.pack(">H", len(y)) + y)


def vtpm_manifests():
    records = []
    for name, area in [("rsa-2048", rsa_ek_public(stream("modulus", 256))),
                       ("ecc-p256", ecc_ek_public(stream("x", 32), stream("y", 32)))]:
        records.append([("name", name), ("tpm2b_public", (struct.pack(">H", len(area)) + area).hex()),
                        ("manifest_v0", area.hex())])
    assert len(rsa_ek_public(bytes(256))) == 314
    write("vtpm_manifests.txt", records)


def secrets_pages():
    records = []
    for name, vmpl, seqnos in [("guest-at-1", 1, [2, 0, 0, 0]), ("guest-at-2", 2, [6, 4, 0, 0]),
                               ("guest-at-3", 3, [0xFFFFFFFF, 1, 2, 3])]:
        keys = [stream(f"{name} vmpck {i}", 32) for i in range(4)]
        page = bytearray(PAGE)
        struct.pack_into("<III", page, 0, 3, 1, 0x00A20F12)
        page[0x10:0x20] = stream(f"{name} gosvw", 16)
        for i, key in enumerate(keys):
            page[0x20 + 32 * i:0x40 + 32 * i] = key
        page[0x100:0x140] = stream(f"{name} tweak", 64)
        struct.pack_into("<I", page, 0x160, 0x12345)
        base, size, area, version = 0x8000000000, 0x1000000, 0x80F000, 1
        out = bytearray(page)
        for i in range(vmpl):
            out[0x20 + 32 * i:0x40 + 32 * i] = bytes(32)
        struct.pack_into("<4I", out, 0xA0, *seqnos)
        struct.pack_into("<QQQIB", out, 0x140, base, size, area, version, vmpl)
        records.append([("name", name)] + [("vmpck", key.hex()) for key in keys] +
                       [("seqno", s) for s in seqnos] +
                       [("svsm_base", f"{base:x}"), ("svsm_size", f"{size:x}"), ("svsm_caa", f"{area:x}"),
                        ("svsm_max_version", version), ("svsm_guest_vmpl", vmpl),
                        # The rest of both pages is zero.
                        ("firmware", page[:0x200].hex()), ("guest", out[:0x200].hex())])
    write("secrets_pages.txt", records)


class Calls:
    def __init__(self):
        self.records = []

    def add(self, name, protocol, call, result, args=(), out=(), before=(), after=(), pending=1, same=False,
            area=AREA0, vmsa=VMSA0):
        """args and out are RCX, RDX, R8; what `out` lacks is as in `args`."""
        args = list(args) + [0] * (3 - len(args))
        out = list(out) + args[len(out):]
        record = [("name", name), ("machine", "same" if same else "new"), ("vmsa", f"{vmsa:x}"), ("area", f"{area:x}"),
                  ("pending", pending), ("in", " ".join(f"{v:x}" for v in [protocol << 32 | call] + args))]
        record += [("before", f"{at:x} {data.hex()}") for at, data in before]
        record += [("out", " ".join(f"{v:x}" for v in [result] + out))]
        record += [("after", f"{at:x} {data.hex()}") for at, data in after]
        self.records.append(record)


def pvalidate_list(entries, next_entry=0):
    return struct.pack("<HHI", len(entries), next_entry, 0) + b"".join(struct.pack("<Q", e) for e in entries)


def add_core(calls):
    calls.add("query-core", 0, 6, 0, [1], [1 << 32 | 1])
    calls.add("query-core-version-2", 0, 6, 0, [2], [0])
    calls.add("query-attestation", 0, 6, 0, [1 << 32 | 1], [1 << 32 | 1])
    calls.add("query-vtpm", 0, 6, 0, [2 << 32 | 1], [1 << 32 | 1])
    calls.add("query-unknown", 0, 6, 0, [0x80000000 << 32 | 1], [0])
    calls.add("unknown-call", 0, 0xFFFF, NO_CALL, [1, 2, 3])
    calls.add("unknown-protocol", 0xFFFF, 0, NO_PROTOCOL, [1, 2, 3])
    calls.add("pending-is-2", 0, 6, FORMAT, [1], pending=2)

    calls.add("remap", 0, 0, 0, [FREE], before=[(FREE, b"\xFF\xFF")], after=[(FREE, b"\x00\xFF")])
    calls.add("query-after-remap", 0, 6, 0, [1], [1 << 32 | 1], same=True, area=FREE)
    calls.add("remap-unaligned", 0, 0, PARAMETER, [FREE + 8])
    calls.add("remap-to-svsm", 0, 0, ADDRESS, [SVSM])
    calls.add("remap-to-vmsa", 0, 0, ADDRESS, [VMSA0])
    calls.add("remap-to-nothing", 0, 0, ADDRESS, [END])

    first, large = NOT_VALID + 0x200000, NOT_VALID

    def pvalidate(name, result, entries, done, start=0, after=()):
        calls.add(name, 0, 1, result, [OP], before=[(OP, pvalidate_list(entries, start)), (first, b"\xAA" * 16)],
                  after=[(OP, pvalidate_list(entries, done))] + list(after))

    pvalidate("pvalidate-4k", 0, [first | 4], 1, after=[(first, bytes(16))])
    pvalidate("pvalidate-2m", 0, [large | 1 | 4], 1)
    pvalidate("pvalidate-three", 0, [first | 4, large | 1 | 4, FREE], 3)
    pvalidate("pvalidate-from-next", 0, [0xFF2, first | 4], 2, start=1)
    pvalidate("pvalidate-unchanged", 0x80001010, [first | 4, FREE | 4, FREE], 1)
    pvalidate("pvalidate-unchanged-ignored", 0, [FREE | 4 | 8], 1)
    pvalidate("pvalidate-reserved-bit", PARAMETER, [first | 4, (first + PAGE) | 4 | 0x10], 1)
    pvalidate("pvalidate-size-2", PARAMETER, [first | 2], 0)
    pvalidate("pvalidate-2m-unaligned", PARAMETER, [(large + PAGE) | 1 | 4], 0)
    pvalidate("pvalidate-svsm", ADDRESS, [SVSM | 4], 0)
    pvalidate("pvalidate-own-area", ADDRESS, [AREA0], 0)
    pvalidate("pvalidate-no-entries", PARAMETER, [], 0)
    pvalidate("pvalidate-next-is-entries", PARAMETER, [first | 4], 1, start=1)
    calls.add("pvalidate-list-unaligned", 0, 1, PARAMETER, [OP + 4])
    calls.add("pvalidate-list-crosses", 0, 1, PARAMETER, [FREE + 0xFF8], before=[(FREE + 0xFF8, pvalidate_list([0]))])


def vmsa(vmpl, efer=EFER, features=FEATURES):
    page = bytearray(PAGE)
    page[0xCA] = vmpl
    struct.pack_into("<Q", page, 0xD0, efer)
    struct.pack_into("<Q", page, 0x3B0, features)
    return bytes(page[:0x400])


def add_vcpus(calls):
    create = [VMSA1, AREA1, 1]
    calls.add("create", 0, 2, 0, create, before=[(VMSA1, vmsa(2))])
    calls.add("query-by-the-new-vcpu", 0, 6, 0, [1], [1 << 32 | 1], same=True, vmsa=VMSA1, area=AREA1)
    calls.add("create-twice", 0, 2, ADDRESS, create, same=True)
    calls.add("remap-to-anothers-area", 0, 0, ADDRESS, [AREA1], same=True)
    calls.add("delete", 0, 3, 0, [VMSA1], same=True)
    calls.add("delete-twice", 0, 3, PARAMETER, [VMSA1], same=True)
    calls.add("delete-startup", 0, 3, PARAMETER, [VMSA0])
    calls.add("create-at-vmpl-0", 0, 2, PARAMETER, create, before=[(VMSA1, vmsa(0))])
    calls.add("create-above-the-caller", 0, 2, PARAMETER, create, before=[(VMSA1, vmsa(1))])
    calls.add("create-without-svme", 0, 2, PARAMETER, create, before=[(VMSA1, vmsa(2, EFER & ~0x1000))])
    calls.add("create-other-features", 0, 2, PARAMETER, create, before=[(VMSA1, vmsa(2, features=1))])
    calls.add("create-unaligned", 0, 2, PARAMETER, [VMSA1 + 1, AREA1, 1])
    calls.add("create-wide-apic-id", 0, 2, PARAMETER, [VMSA1, AREA1, 1 << 32], before=[(VMSA1, vmsa(2))])
    calls.add("create-one-page", 0, 2, ADDRESS, [VMSA1, VMSA1, 1])


# The attester of calls.txt: a report of 1184 times 'R' with REPORT_DATA at 50h, and 100 times 'C' as certificates.
REPORT, MANIFEST, CERTIFICATES, NONCE = 0x50000, 0x60000, 0x70000, FREE + 0x100
EK = b"V" * 314
MARK = 2**64 - 1


def report(nonce, blob):
    data = bytearray(b"R" * 1184)
    data[0x50:0x90] = hashlib.sha512(nonce + blob).digest()
    return bytes(data)


def operation(report_size=PAGE, manifest_size=PAGE, certificates_size=0x4000, nonce_size=64, reserved=0, single=None):
    op = struct.pack("<QIIQH6xQIIQII", REPORT, report_size, reserved, NONCE, nonce_size, MANIFEST, manifest_size, 0,
                     CERTIFICATES, certificates_size, 0)
    assert len(op) == 0x40
    if single:
        guid, version = single
        op += guid.bytes_le + struct.pack("<II", version, 0)
    return op


def add_attestation(calls):
    nonce = stream("nonce", 64)
    services = manifest([(VTPM, EK), (UEFI_MM, b"")])

    def attest(name, call, result, op, blob=None, sizes=None):
        after = []
        if result == 0:
            certificates = 0 if sizes[1] == 0 else 100
            after = [(REPORT, report(nonce, blob)), (MANIFEST, blob), (CERTIFICATES, b"C" * certificates + b"\0")]
        out = [OP, MARK, MARK] if sizes is None else sizes
        calls.add(name, 1, call, result, [OP, MARK, MARK], out, before=[(OP, op), (NONCE, nonce)],
                  after=[a for a in after if a[1]])

    attest("attest-services", 0, 0, operation(), services, [len(services), 100, 1184])
    attest("attest-services-no-certificates", 0, 0, operation(certificates_size=0), services, [len(services), 0, 1184])
    attest("attest-single-vtpm", 1, 0, operation(single=(VTPM, 0)), EK, [314, 100, 1184])
    attest("attest-single-uefi", 1, 0, operation(single=(UEFI_MM, 0)), b"", [0, 100, 1184])
    attest("attest-report-does-not-fit", 0, PARAMETER, operation(report_size=1183), None, [len(services), 0, 1184])
    attest("attest-manifest-does-not-fit", 1, PARAMETER, operation(manifest_size=313, single=(VTPM, 0)), None,
           [314, 0, 1184])
    attest("attest-short-nonce", 0, PARAMETER, operation(nonce_size=63))
    attest("attest-reserved", 0, PARAMETER, operation(reserved=1))
    attest("attest-unknown-service", 1, PARAMETER, operation(single=(TABLE, 0)))
    attest("attest-unknown-version", 1, PARAMETER, operation(single=(VTPM, 2)))
    calls.add("attest-unknown-call", 1, 2, NO_CALL, [OP])


def add_vtpm(calls):
    """The vTPM of calls.txt answers a command with its bytes reversed."""
    def request(command, platform=8, locality=0, size=None):
        return struct.pack("<IBI", platform, locality, len(command) if size is None else size) + command

    command = bytes.fromhex("80010000000c0000014400007a01")
    calls.add("vtpm-query", 2, 0, 0, [9, 9, 9], [0x100, 0])
    for name, at in [("vtpm-command", FREE), ("vtpm-command-unaligned", FREE + 0xFFD)]:
        response = struct.pack("<I", len(command)) + command[::-1]
        rest = request(command)[len(response):]  # is left as it was
        calls.add(name, 2, 1, 0, [at], before=[(at, request(command))], after=[(at, response + rest)])
    for name, bad in [("vtpm-unknown-platform-command", request(command, platform=0)),
                      ("vtpm-locality-1", request(command, locality=1)),
                      ("vtpm-too-long", request(command, size=4088))]:
        calls.add(name, 2, 1, PARAMETER, [FREE], before=[(FREE, bad)], after=[(FREE, bad)])
    calls.add("vtpm-platform-command-not-offered", 2, 1, NO_CALL, [FREE], before=[(FREE, request(command, platform=1))])
    calls.add("vtpm-null", 2, 1, PARAMETER, [0])
    calls.add("vtpm-in-the-svsm", 2, 1, ADDRESS, [SVSM - 1])


def main():
    services_manifests()
    vtpm_manifests()
    secrets_pages()
    calls = Calls()
    add_core(calls)
    add_vcpus(calls)
    add_attestation(calls)
    add_vtpm(calls)
    write("calls.txt", calls.records)


main()
