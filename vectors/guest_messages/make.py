#!/usr/bin/env python3
"""Makes guest_messages.json: messages between a guest and the AMD-SP, sealed with AES-256-GCM. Needs `cryptography`."""
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import stream, write  # noqa: E402

KEY, REPORT, TSC = 3, 5, 17


def message(key, vmpck, seqno, kind, version, payload):
    """Tag, sequence number, the 48 authenticated bytes of the header, ciphertext."""
    authenticated = struct.pack("<BBHBBHIB35x", 1, 1, 0x60, kind, version, len(payload), 0, vmpck)
    assert len(authenticated) == 48
    sealed = AESGCM(key).encrypt(struct.pack("<Q4x", seqno), payload, authenticated)
    return sealed[-16:] + bytes(16) + struct.pack("<Q8x", seqno) + authenticated + sealed[:-16]


def main():
    cases = []

    def add(name, vmpck, seqno, kind, version, payload):
        key = stream(f"vmpck {vmpck}", 32)
        page = message(key, vmpck, seqno, kind, version, payload)
        cases.append({"name": name, "valid": True, "key": key.hex(), "vmpck": vmpck, "sequence_number": str(seqno),
                      "type": kind, "message_version": version, "payload": payload.hex(), "page": page.hex()})
        return key, page

    # Counters as a secrets page might hand them over: fresh, used, beyond 32 bits, near the end of 64.
    for vmpck, used in enumerate([0, 6, 2**32 + 10, 2**64 - 20]):
        request = stream(f"report data {vmpck}", 64) + struct.pack("<II24x", vmpck, vmpck % 3)
        add(f"report-request-{vmpck}", vmpck, used + 1, REPORT, 1, request)
        report = stream(f"report {vmpck}", 0x4A0)
        add(f"report-response-{vmpck}", vmpck, used + 2, REPORT + 1, 1, struct.pack("<II24x", 0, 0x4A0) + report)
        add(f"report-refused-{vmpck}", vmpck, used + 4, REPORT + 1, 1, struct.pack("<II24x", 0x16, 0))
        tcb = stream(f"tcb {vmpck}", 8)
        request = struct.pack("<IIQII", vmpck % 2, 0, 0x29, vmpck, 7 + vmpck) + tcb
        add(f"key-request-version-1-{vmpck}", vmpck, used + 5, KEY, 1, request)
        request = struct.pack("<IIQII", vmpck % 2, 0, 0x7F, vmpck, 7 + vmpck) + tcb
        request += struct.pack("<Q", 0x1122334455667788)
        add(f"key-request-version-2-{vmpck}", vmpck, used + 7, KEY, 2, request)
        response = struct.pack("<I28x", 0) + stream(f"derived key {vmpck}", 32)
        add(f"key-response-{vmpck}", vmpck, used + 8, KEY + 1, 2, response)
        add(f"tsc-info-request-{vmpck}", vmpck, used + 9, TSC, 1, bytes(128))
        response = struct.pack("<IIQQI100x", 0, 0, 0x100000000, 0x1234, 0x321)
        add(f"tsc-info-response-{vmpck}", vmpck, used + 10, TSC + 1, 1, response)
    add("shortest-payload", 0, 1, REPORT, 1, b"\0")
    key, page = add("longest-payload", 0, 3, REPORT, 1, stream("long", 4000))

    key, page = stream("vmpck 1", 32), message(stream("vmpck 1", 32), 1, 7, REPORT, 1, stream("payload", 96))

    def bad(name, data, error, with_key=None):
        cases.append({"name": name, "valid": False, "error": error, "key": (with_key or key).hex(), "page": data.hex()})

    def changed(at, value):
        return page[:at] + bytes([page[at] ^ value]) + page[at + 1:]

    bad("other-key", page, "authentication", stream("vmpck 2", 32))
    bad("tag", changed(0x00, 1), "authentication")
    bad("tag-last-byte", changed(0x0F, 0x80), "authentication")
    bad("sequence-number", changed(0x20, 1), "authentication")
    bad("message-type", changed(0x34, 1), "authentication")
    bad("message-version", changed(0x35, 3), "authentication")
    bad("vmpck", changed(0x3C, 1), "authentication")
    bad("ciphertext", changed(0x60, 1), "authentication")
    bad("ciphertext-last-byte", changed(len(page) - 1, 1), "authentication")
    bad("algorithm-0", changed(0x30, 1), "form")
    bad("header-version-2", changed(0x31, 3), "form")
    bad("header-size", changed(0x32, 1), "form")
    bad("payload-of-0-bytes", page[:0x36] + b"\0\0" + page[0x38:], "form")
    bad("payload-of-4001-bytes", page[:0x36] + struct.pack("<H", 4001) + page[0x38:], "form")
    bad("vmpck-4", page[:0x3C] + b"\x04" + page[0x3D:], "form")
    write(HERE / "guest_messages.json", "guest-message", "AMD 56860, Guest Messages", cases)


main()
