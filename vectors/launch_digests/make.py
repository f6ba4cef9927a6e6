#!/usr/bin/env python3
"""Makes launch_digests.json: chains of PAGE_INFO, with the digest after each page."""
import hashlib
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import stream, write  # noqa: E402

NORMAL, VMSA, ZERO, UNMEASURED, SECRETS, CPUID = range(1, 7)
NONE = (0, 0, 0)


def page_of(first, last):
    """A page that is zero but for its first and last bytes."""
    return first + bytes(4096 - len(first) - len(last)) + last


def main():
    cases = []

    def add(name, pages, start=bytes(48)):
        digest = start
        listed = []
        for kind, gpa, first, last, imi, (vmpl1, vmpl2, vmpl3) in pages:
            measured = kind in (NORMAL, VMSA)
            contents = hashlib.sha384(page_of(first, last)).digest() if measured else bytes(48)
            info = digest + contents + struct.pack("<HBBBBBBQ", 0x70, kind, imi, vmpl3, vmpl2, vmpl1, 0, gpa)
            assert len(info) == 0x70
            digest = hashlib.sha384(info).digest()
            entry = {"type": kind, "gpa": hex(gpa), "imi": imi, "vmpl1": vmpl1, "vmpl2": vmpl2, "vmpl3": vmpl3}
            if measured:
                entry.update(first=first.hex(), last=last.hex())
            listed.append({**entry, "digest": digest.hex()})
        cases.append({"name": name, "start": start.hex(), "pages": listed, "digest": digest.hex()})
        return digest

    def plain(kind, gpa, first=b"", last=b""):
        return kind, gpa, first, last, 0, NONE

    lgtm = b"LGTM" * 4
    # The first two digests are published by google/gce-tcb-verifier, too.
    assert add("three-normal-pages", [plain(NORMAL, 0, lgtm), plain(NORMAL, 0x1000), plain(NORMAL, 0x2000, b"", lgtm)]
               ).hex().startswith("cba1cd767c33b30f96271837dbbae408")
    assert add("three-zero-pages", [plain(ZERO, gpa) for gpa in (0x9000, 0xA000, 0xB000)]
               ).hex().startswith("4bfe18477ba370a50329da74b9621e72")
    for kind, name in [(NORMAL, "normal"), (VMSA, "vmsa"), (ZERO, "zero"), (UNMEASURED, "unmeasured"),
                       (SECRETS, "secrets"), (CPUID, "cpuid")]:
        add(f"one-{name}-page", [plain(kind, 0x80D000, b"A", b"Z")])
    whole = add("every-type", [plain(NORMAL, 0xFFC00000, stream("firmware", 64)), plain(ZERO, 0x800000),
                               plain(UNMEASURED, 0x80B000), plain(SECRETS, 0x80D000), plain(CPUID, 0x80E000),
                               plain(VMSA, 0xFFFFFFFFF000, stream("vmsa", 64))])
    add("goes-on-from-a-digest", [plain(ZERO, 0)], whole)
    add("attributes", [(NORMAL, 0x1000, b"a", b"", 1, (1, 3, 7)), (ZERO, 0x2000, b"", b"", 0, (15, 0, 2)),
                       (VMSA, 0x3000, b"b", b"", 1, (0, 4, 9))])
    add("highest-address", [plain(ZERO, 0xFFFFFFFFFFFFF000)])
    add("same-pages-other-order", [plain(NORMAL, 0x1000), plain(NORMAL, 0, lgtm), plain(NORMAL, 0x2000, b"", lgtm)])
    write(HERE / "launch_digests.json", "launch-digest", "AMD 56860, SNP_LAUNCH_UPDATE, PAGE_INFO", cases)


main()
