#!/usr/bin/env python3
"""Makes report_data.json: REPORT_DATA of each kind."""
import base64
import hashlib
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import stream, write  # noqa: E402

POLICY_A = bytes.fromhex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa")


def rsa_ek(modulus):
    return (struct.pack(">HHIH", 0x0001, 0x000B, 0x000300B2, len(POLICY_A)) + POLICY_A +
            struct.pack(">HHHHHIH", 0x0006, 128, 0x0043, 0x0010, 2048, 0, len(modulus)) + modulus)


def ecc_ek(x, y):
    return (struct.pack(">HHIH", 0x0023, 0x000B, 0x000300B2, len(POLICY_A)) + POLICY_A +
            struct.pack(">HHHHHH", 0x0006, 128, 0x0043, 0x0010, 0x0003, 0x0010) +
            struct.pack(">H", len(x)) + x + struct.pack(">H", len(y)) + y)


def own(label, version, parts, tag):
    """SHA-384 over label, version and parts, each with its length, then the tag."""
    text = struct.pack(">H", len(label)) + label + struct.pack(">II", version, len(parts))
    text += b"".join(struct.pack(">Q", len(part)) + part for part in parts)
    assert len(tag) == 16
    return hashlib.sha384(text).digest() + tag


def runtime_data(curve, x, y, nonce):
    """Trustee's runtime data in the canonical form of RFC 8785, which is ASCII here."""
    def url(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    key = {"kty": "EC", "crv": curve, "alg": "ECDH-ES+A256KW", "x": url(x), "y": url(y)}
    data = {"tee-pubkey": key, "nonce": base64.b64encode(nonce).decode(), "additional-evidence": ""}
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def main():
    cases = []

    def add(name, kind, data, **inputs):
        assert len(data) == 64
        cases.append({"name": name, "kind": kind, **inputs, "report_data": data.hex()})

    def sha512(data):
        return hashlib.sha512(data).digest()

    rsa = rsa_ek(b"\xC1" + stream("modulus", 254) + b"\x01")
    ecc = ecc_ek(stream("x", 32), stream("y", 32))
    for name, area in [("rsa-2048", rsa), ("ecc-p256", ecc)]:
        add(f"ek-tpmt-{name}", "ek-tpmt", sha512(area), public_area=area.hex())
        sized = struct.pack(">H", len(area)) + area
        add(f"ek-tpm2b-{name}", "ek-tpm2b", sha512(sized), public_area=sized.hex())
    for name, size in [("empty", 0), ("of-one-byte", 1), ("of-an-ek", 314), ("of-8-kib", 8192)]:
        nonce, manifest = stream(f"nonce {name}", 64), stream(f"manifest {name}", size)
        add(f"service-manifest-{name}", "service-manifest", sha512(nonce + manifest), nonce=nonce.hex(),
            manifest=manifest.hex())
    for name, text in [("short", b"{}"), ("keys", b'{"keys":[{"kid":"HCLAkPub","key_ops":["sign"]}]}')]:
        add(f"hcl-runtime-data-{name}", "hcl-runtime-data", hashlib.sha256(text).digest() + bytes(32), json=text.hex())
    x, y, nonce = stream("p521 x", 66), stream("p521 y", 66), stream("broker nonce", 32)
    add("broker-key", "broker-key", sha512(x + y + nonce), x=x.hex(), y=y.hex(), nonce=nonce.hex())
    for size in (16, 64):
        nonce = stream(f"broker nonce of {size}", size)
        add(f"broker-key-nonce-of-{size}", "broker-key", sha512(x + y + nonce), x=x.hex(), y=y.hex(), nonce=nonce.hex())
    for name, curve, size in [("p521", "P-521", 66), ("p256", "P-256", 32)]:
        text = runtime_data(curve, stream(f"{name} x", size), stream(f"{name} y", size), stream(f"{name} nonce", 32))
        add(f"runtime-data-{name}", "runtime-data", hashlib.sha384(text).digest() + bytes(16), json=text.hex())
    for name, parts in [("one-part", [b"a"]), ("empty-part", [b""]), ("two-parts", [b"ab", b"c"]),
                        ("two-other-parts", [b"a", b"bc"]), ("eight-parts", [stream(f"part {i}", 9 * i) for i in range(8)])]:
        add(f"broker-binding-{name}", "broker-binding",
            own(b"svsm broker binding", 1, parts, b"SVSM:BROKER-KEY1"), parts=[part.hex() for part in parts])
    write(HERE / "report_data.json", "report-data", "AMD 58019, Attestation protocol; README.md", cases)


main()
