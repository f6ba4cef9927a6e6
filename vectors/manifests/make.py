#!/usr/bin/env python3
"""Makes services.json and vtpm.json: manifests of the SVSM attestation protocol, good ones and ones to refuse."""
import pathlib
import struct
import sys
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import stream, write  # noqa: E402

TABLE = uuid.UUID("63849ebb-3d92-4670-a1ff-58f9c94b87bb")
VTPM = uuid.UUID("c476f1eb-0123-45a5-9641-b4e7dde5bfe3")
UEFI_MM = uuid.UUID("a4453a59-9e1b-4787-a033-1986d6adbe55")


def table(entries):
    """Header, rows {GUID, offset, length}, manifests without gaps."""
    at = 24 + 24 * len(entries)
    rows, blobs = b"", b""
    for guid, blob in entries:
        rows += guid.bytes_le + struct.pack("<II", at + len(blobs), len(blob))
        blobs += blob
    return TABLE.bytes_le + struct.pack("<II", at + len(blobs), len(entries)) + rows + blobs


def changed(data, at, value):
    return data[:at] + value + data[at + len(value):]


def services():
    ek = stream("ek", 314)
    cases = []
    for name, entries in [
            ("nothing", []),
            ("vtpm", [(VTPM, ek)]),
            ("vtpm-and-uefi", [(VTPM, ek), (UEFI_MM, struct.pack("<II", 0, 3))]),
            ("first-without-manifest", [(UEFI_MM, b""), (VTPM, b"\x01")]),
            ("only-without-manifest", [(VTPM, b"")]),
            ("sixteen", [(uuid.UUID(bytes=stream(f"guid {i}", 16)), stream(f"blob {i}", 7 * i)) for i in range(16)])]:
        cases.append({"name": name, "valid": True,
                      "services": [{"guid": str(guid), "manifest": blob.hex()} for guid, blob in entries],
                      "bytes": table(entries).hex()})
    good = table([(VTPM, b"abcd"), (UEFI_MM, b"efgh")])
    null = uuid.UUID(int=0)
    for name, bad in [
            ("empty", b""),
            ("header-cut", good[:23]),
            ("rows-cut", good[:71]),
            ("manifest-cut", good[:-1]),
            ("bytes-left-over", good + b"\0"),
            ("other-header-guid", changed(good, 0, VTPM.bytes_le)),
            ("header-guid-in-rfc-4122-order", changed(good, 0, TABLE.bytes)),
            ("total-too-small", changed(good, 16, struct.pack("<I", len(good) - 1))),
            ("total-too-large", changed(good, 16, struct.pack("<I", len(good) + 1))),
            ("count-too-small", changed(good, 20, struct.pack("<I", 1))),
            ("count-too-large", changed(good, 20, struct.pack("<I", 3))),
            ("count-that-wraps", changed(good, 20, struct.pack("<I", 0x0AAAAAAB))),
            ("offset-in-the-rows", changed(good, 40, struct.pack("<I", 48))),
            ("offset-with-a-gap", changed(good, 40, struct.pack("<I", 73))),
            ("offset-behind-the-end", changed(good, 64, struct.pack("<I", len(good)))),
            ("offset-and-length-that-wrap", changed(good, 64, struct.pack("<II", 0xFFFFFFFF, 5))),
            ("length-too-large", changed(good, 68, struct.pack("<I", 5))),
            ("manifests-overlap", changed(good, 64, struct.pack("<I", 72))),
            ("same-guid-twice", table([(VTPM, b"abcd"), (VTPM, b"efgh")])),
            ("null-guid", table([(null, b"abcd")]))]:
        cases.append({"name": name, "valid": False, "bytes": bad.hex()})
    write(HERE / "services.json", "services-manifest", "AMD 58019, Attestation protocol", cases)


POLICY_A = bytes.fromhex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa")
AES_128_CFB = struct.pack(">HHH", 0x0006, 128, 0x0043)


def rsa_ek(modulus):
    """TPMT_PUBLIC of the TCG template L-1."""
    return (struct.pack(">HHIH", 0x0001, 0x000B, 0x000300B2, len(POLICY_A)) + POLICY_A + AES_128_CFB +
            struct.pack(">HHIH", 0x0010, 2048, 0, len(modulus)) + modulus)


def ecc_ek(x, y):
    """TPMT_PUBLIC of the TCG template L-2."""
    return (struct.pack(">HHIH", 0x0023, 0x000B, 0x000300B2, len(POLICY_A)) + POLICY_A + AES_128_CFB +
            struct.pack(">HHH", 0x0010, 0x0003, 0x0010) + struct.pack(">H", len(x)) + x + struct.pack(">H", len(y)) + y)


def ecc_ak(x, y):
    """TPMT_PUBLIC of a restricted signing key: ECDSA with SHA-256 on P-256."""
    return (struct.pack(">HHIH", 0x0023, 0x000B, 0x00050072, 0) + struct.pack(">H", 0x0010) +
            struct.pack(">HH", 0x0018, 0x000B) + struct.pack(">HH", 0x0003, 0x0010) +
            struct.pack(">H", len(x)) + x + struct.pack(">H", len(y)) + y)


def sized(area):
    return struct.pack(">H", len(area)) + area


def vtpm():
    rsa = rsa_ek(b"\xC1" + stream("modulus", 254) + b"\x01")
    ecc = ecc_ek(stream("x", 32), stream("y", 32))
    ak = ecc_ak(stream("ak x", 32), stream("ak y", 32))
    assert len(rsa) == 314
    cases = []
    for name, area in [("version-0-rsa-2048", rsa), ("version-0-ecc-p256", ecc)]:
        cases.append({"name": name, "version": 0, "valid": True, "keys": [sized(area).hex()], "bytes": area.hex()})

    def listed(keys, version=1, count=None):
        return struct.pack(">II", version, len(keys) if count is None else count) + b"".join(map(sized, keys))

    for name, keys in [("version-1-ek-and-ak", [ecc, ak]), ("version-1-two-eks-and-ak", [rsa, ecc, ak])]:
        cases.append({"name": name, "version": 1, "valid": True, "keys": [sized(key).hex() for key in keys],
                      "bytes": listed(keys).hex()})
    good = listed([ecc, ak])
    for name, bad in [
            ("version-1-empty", b""),
            ("version-1-header-cut", good[:7]),
            ("version-1-key-cut", good[:-1]),
            ("version-1-bytes-left-over", good + b"\0"),
            ("version-1-is-2", listed([ecc, ak], version=2)),
            ("version-1-little-endian", struct.pack("<II", 1, 2) + good[8:]),
            ("version-1-no-key", listed([])),
            ("version-1-one-key", listed([ecc])),
            ("version-1-count-too-small", listed([rsa, ecc, ak], count=2)),
            ("version-1-count-too-large", listed([ecc, ak], count=3)),
            ("version-1-same-key-twice", listed([ecc, ecc])),
            ("version-1-key-of-no-bytes", listed([ecc, b""])),
            ("version-1-key-of-unknown-type", listed([ecc, b"\x7F\xFF" + ak[2:]])),
            ("version-1-key-longer-than-it-says", listed([ecc, ak + b"\0"]))]:
        cases.append({"name": name, "version": 1, "valid": False, "bytes": bad.hex()})
    write(HERE / "vtpm.json", "vtpm-manifest", "AMD 58019, vTPM protocol; version 1: draft of 1.01", cases)


services()
vtpm()
