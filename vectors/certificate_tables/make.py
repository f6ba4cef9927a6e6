#!/usr/bin/env python3
"""Makes certificate_tables.json: what a host gives with an extended guest request, good tables and ones to refuse."""
import pathlib
import struct
import sys
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import stream, write  # noqa: E402

VCEK = uuid.UUID("63da758d-e664-4564-adc5-f4b93be8accd")
VLEK = uuid.UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1")
ASK = uuid.UUID("4ab7b379-bbac-4fe4-a02f-05aef327c782")
ARK = uuid.UUID("c0b406a4-a803-4952-9743-3fb6014cd0ae")
END = bytes(24)


def row(guid, offset, length):
    """GUIDs are in RFC 4122 order here."""
    return guid.bytes + struct.pack("<II", offset, length)


def table(entries):
    at = 24 * (len(entries) + 1)
    rows, blobs = b"", b""
    for guid, blob in entries:
        rows += row(guid, at + len(blobs), len(blob))
        blobs += blob
    return rows + END + blobs


def main():
    vcek, ask, ark = stream("vcek", 60), stream("ask", 70), stream("ark", 80)
    cases = []

    def good(name, entries, data=None):
        cases.append({"name": name, "valid": True, "built": data is None,
                      "certificates": [{"guid": str(guid), "bytes": blob.hex()} for guid, blob in entries],
                      "bytes": (table(entries) if data is None else data).hex()})

    chain = [(VCEK, vcek), (ASK, ask), (ARK, ark)]
    good("nothing", [])
    good("vcek", [(VCEK, vcek)])
    good("chain", chain)
    good("vlek-chain", [(ARK, ark), (ASK, ask), (VLEK, vcek)])
    good("unknown-guid", [(uuid.UUID(bytes=stream("guid", 16)), b"x")])
    good("padded-to-a-page", chain, table(chain) + bytes(4096 - len(table(chain))))
    good("page-of-zeros", [], bytes(4096))
    good("blobs-in-another-order", [(VCEK, b"bb"), (ASK, b"aaa")],
         row(VCEK, 75, 2) + row(ASK, 72, 3) + END + b"aaabb")
    good("gap-between-blobs", [(VCEK, b"bb"), (ASK, b"aaa")],
         row(VCEK, 72, 2) + row(ASK, 80, 3) + END + b"bb" + bytes(6) + b"aaa")

    def bad(name, data):
        cases.append({"name": name, "valid": False, "bytes": data.hex()})

    bad("empty", b"")
    bad("no-terminator", row(VCEK, 24, 4))
    bad("terminator-cut", row(VCEK, 48, 4) + bytes(23))
    bad("terminator-with-length", row(VCEK, 72, 4) + bytes(20) + struct.pack("<I", 1) + END + b"abcd")
    bad("null-guid", row(uuid.UUID(int=0), 48, 4) + END + b"abcd")
    bad("same-guid-twice", row(VCEK, 72, 2) + row(VCEK, 74, 2) + END + b"abcd")
    bad("blob-of-no-bytes", row(VCEK, 48, 0) + END)
    bad("blob-in-the-rows", row(VCEK, 0, 4) + END + b"abcd")
    bad("blob-in-the-terminator", row(VCEK, 47, 4) + END + b"abcd")
    bad("blob-behind-the-end", row(VCEK, 48, 5) + END + b"abcd")
    bad("offset-behind-the-end", row(VCEK, 53, 1) + END + b"abcd")
    bad("offset-and-length-that-wrap", row(VCEK, 0xFFFFFFF0, 0x20) + END + b"abcd")
    bad("blobs-overlap", row(VCEK, 72, 4) + row(ASK, 75, 2) + END + b"abcdef")
    bad("blob-inside-a-blob", row(VCEK, 72, 6) + row(ASK, 74, 2) + END + b"abcdef")
    write(HERE / "certificate_tables.json", "certificate-table", "AMD 56421 (GHCB), SNP Extended Guest Request", cases)


main()
