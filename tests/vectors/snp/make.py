#!/usr/bin/env python3
"""Makes guest_messages.txt and launch_digests.txt in this folder.

Written from AMD 56860's tables alone; shares no code with the library. Needs python3-cryptography for AES-256-GCM.
The values are deterministic: running it again must change nothing.

A file is a list of records separated by empty lines; a record is a list of lines `field value`. Byte strings are hex.
"""
import hashlib
import pathlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = pathlib.Path(__file__).parent


def stream(label, size):
    """Bytes that look random and are the same every time."""
    out = b""
    counter = 0
    while len(out) < size:
        out += hashlib.sha256(f"{label}/{counter}".encode()).digest()
        counter += 1
    return out[:size]


def message(key, vmpck, seqno, kind, version, payload):
    authenticated = struct.pack("<BBHBBHIB35x", 1, 1, 0x60, kind, version, len(payload), 0, vmpck)
    assert len(authenticated) == 48
    sealed = AESGCM(key).encrypt(struct.pack("<Q4x", seqno), payload, authenticated)
    ciphertext, tag = sealed[:-16], sealed[-16:]
    return tag + bytes(16) + struct.pack("<Q8x", seqno) + authenticated + ciphertext


def report_body(vmpck):
    """Something of a report's size; what it says does not matter to a message."""
    return stream(f"report {vmpck}", 0x4A0)


def guest_messages():
    records = []

    def add(name, key, vmpck, seqno, kind, version, payload):
        page = message(key, vmpck, seqno, kind, version, payload)
        records.append([("name", name), ("key", key.hex()), ("vmpck", vmpck), ("seqno", seqno), ("type", kind),
                        ("version", version), ("payload", payload.hex()), ("page", page.hex())])

    # The counters are what a secrets page might hand over: fresh, used, beyond 32 bits, near the end of 64.
    used = {0: 0, 1: 6, 2: 2**32 + 10, 3: 2**64 - 10}
    for vmpck in range(4):
        key = stream(f"vmpck {vmpck}", 32)
        seqno = used[vmpck] + 1
        report_data = stream(f"report data {vmpck}", 64)
        request = report_data + struct.pack("<II24x", vmpck, vmpck % 3)
        add(f"report-request-{vmpck}", key, vmpck, seqno, 5, 1, request)
        response = struct.pack("<II24x", 0, 0x4A0) + report_body(vmpck)
        add(f"report-response-{vmpck}", key, vmpck, seqno + 1, 6, 1, response)
        tcb = stream(f"tcb {vmpck}", 8)
        selection = 0x29 if vmpck < 2 else 0x7F
        request = struct.pack("<IIQII", vmpck % 2, 0, selection, vmpck, 7 + vmpck) + tcb
        version = 1
        if selection & 0x40:
            request += struct.pack("<Q", 0x1122334455667788)
            version = 2
        add(f"key-request-{vmpck}", key, vmpck, seqno + 2, 3, version, request)
        response = struct.pack("<I28x", 0) + stream(f"derived key {vmpck}", 32)
        add(f"key-response-{vmpck}", key, vmpck, seqno + 3, 4, version, response)
        refused = struct.pack("<II24x", 0x16, 0)
        add(f"report-refused-{vmpck}", key, vmpck, seqno + 1, 6, 1, refused)
    return records


def launch_digests():
    """Pages are named by how they are filled: `zero`, or a label for stream()."""
    records = []

    def add(name, pages):
        digest = bytes(48)
        lines = [("name", name)]
        for kind, gpa, fill, imi, perms in pages:
            if kind in (1, 2):
                contents = hashlib.sha384(page_of(fill)).digest()
            else:
                contents = bytes(48)
            vmpl1, vmpl2, vmpl3 = perms
            info = digest + contents + struct.pack("<HBBBBBBQ", 0x70, kind, imi, vmpl3, vmpl2, vmpl1, 0, gpa)
            assert len(info) == 0x70
            digest = hashlib.sha384(info).digest()
            lines.append(("page", f"{kind} {gpa:x} {fill} {imi} {vmpl1} {vmpl2} {vmpl3} {digest.hex()}"))
        lines.append(("digest", digest.hex()))
        records.append(lines)
        return digest.hex()

    def page_of(fill):
        if fill == "zero":
            return bytes(4096)
        if fill == "lgtm-first":
            return b"LGTM" * 4 + bytes(4080)
        if fill == "lgtm-last":
            return bytes(4080) + b"LGTM" * 4
        return stream(fill, 4096)

    none = (0, 0, 0)
    # These two are also published by google/gce-tcb-verifier, sev/sev_test.go.
    normal = add("three-normal-pages", [(1, 0x0000, "lgtm-first", 0, none), (1, 0x1000, "zero", 0, none),
                                        (1, 0x2000, "lgtm-last", 0, none)])
    assert normal == ("cba1cd767c33b30f96271837dbbae4081a945464a5af397b9b0336b5d8759ee8"
                      "8cc6b62c05d915c4424a9ac5747437d4")
    zero = add("three-zero-pages", [(3, 0x9000, "-", 0, none), (3, 0xA000, "-", 0, none), (3, 0xB000, "-", 0, none)])
    assert zero == ("4bfe18477ba370a50329da74b9621e721c4f29663176e08fbcf088a17c1bc45f"
                    "133898b86d5082acbe202a6e9419808a")
    add("every-type", [(1, 0xFFC00000, "firmware", 0, none), (3, 0x800000, "-", 0, none), (4, 0x80B000, "-", 0, none),
                       (5, 0x80D000, "-", 0, none), (6, 0x80E000, "-", 0, none),
                       (2, 0xFFFFFFFFF000, "vmsa", 0, none)])
    add("attributes", [(1, 0x1000, "a", 1, (1, 3, 7)), (3, 0x2000, "-", 0, (15, 0, 2)), (2, 0x3000, "b", 1, (0, 4, 9))])
    return records


def write(name, records):
    text = "\n".join("".join(f"{field} {value}\n" for field, value in record) for record in records)
    (HERE / name).write_text(text)


write("guest_messages.txt", guest_messages())
write("launch_digests.txt", launch_digests())
