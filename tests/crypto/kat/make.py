#!/usr/bin/env python3
"""Selects known answers and writes them to vectors.bin, which kat_runner.cc reads.

    make.py --wycheproof DIR --drbg HMAC_DRBG.rsp [--pyca DIR] [--out vectors.bin]

DIR of Wycheproof has its JSON files (testvectors_v1/); HMAC_DRBG.rsp is NIST's file for a DRBG with reseeding and
without prediction resistance; the rest is NIST's and the RFCs' as python3-cryptography-vectors carries them.

vectors.bin, all numbers big-endian: "SVSMKAT1", then groups until the end of the file. A group: u16-sized provenance
(ASCII), u8 kind, u8 parameter (hash 0..3 = SHA-1, 256, 384, 512; or curve 0..2 = P-256, P-384, P-521), u16 number of
vectors. A vector: u32 identifier (of the source, or its position there), u8 good (1) or to be refused (0), and the
kind's fields, each u16-sized. The kinds and their fields are below.
"""
import argparse
import hashlib
import hmac
import json
import pathlib
import random
import re
import struct

KINDS = {
    "hash": (1, ("message", "digest")),
    "hmac": (2, ("key", "message", "mac")),
    "ecb": (3, ("key", "plaintext", "ciphertext")),
    "cbc": (4, ("key", "iv", "plaintext", "ciphertext")),
    "ctr": (5, ("key", "counter", "plaintext", "ciphertext")),
    "gcm": (6, ("key", "nonce", "aad", "plaintext", "ciphertext", "tag")),
    "keywrap": (7, ("kek", "key", "wrapped")),
    "ecdsa_verify": (8, ("x", "y", "digest", "r", "s")),
    "ecdsa_sign": (9, ("scalar", "digest", "r", "s")),
    "ecdh": (10, ("scalar", "x", "y", "z")),
    "kbkdf": (11, ("key", "fixed_input", "out")),
    "kdfa": (12, ("key", "label", "context_u", "context_v", "out")),
    "concat_kdf": (13, ("z", "other_info", "out")),
    "drbg": (14, ("entropy", "nonce", "personalization", "reseed", "additional_reseed", "additional_1", "additional_2",
                  "out")),
    "rsa_pss": (15, ("modulus", "exponent", "salt_size", "digest", "signature")),
}
HASHES = ["sha1", "sha256", "sha384", "sha512"]
CURVES = ["P-256", "P-384", "P-521"]
SIZES = [32, 48, 66]


class File:
    def __init__(self):
        self.data = bytearray(b"SVSMKAT1")
        self.counts = {}

    def group(self, provenance, kind, parameter, vectors):
        """`vectors` are (identifier, good, fields)."""
        if not vectors:
            raise SystemExit(f"no vectors: {provenance}")
        number, names = KINDS[kind]
        text = provenance.encode("ascii")
        self.data += struct.pack(">H", len(text)) + text + struct.pack(">BBH", number, parameter, len(vectors))
        for identifier, good, fields in vectors:
            assert len(fields) == len(names), (provenance, kind)
            self.data += struct.pack(">IB", identifier, 1 if good else 0)
            for field in fields:
                self.data += struct.pack(">H", len(field)) + field
        self.counts[kind] = self.counts.get(kind, 0) + len(vectors)


def rsp(path):
    """Blocks of an .rsp file: (sections, list of (name, value), number of the block)."""
    sections, fresh, block, number = [], True, [], 0
    for line in path.read_text(errors="replace").splitlines() + [""]:
        line = line.strip()
        if line.startswith("["):
            if fresh:
                sections = []
                fresh = False
            sections = sections + [line.strip("[]").strip()]
        elif line.startswith("#"):
            continue
        elif line == "":
            if block:
                yield sections, block, number
                number += 1
                block = []
                fresh = True
        else:
            name, _, value = line.partition("=")
            block.append((name.strip(), value.strip()))


def unhex(text):
    return bytes.fromhex(text)


def number(text, size):
    return int(text or "0", 16).to_bytes(size, "big")


def spread(vectors, most):
    """At most `most` of the vectors, from all over the list."""
    if len(vectors) <= most:
        return vectors
    return [vectors[i * len(vectors) // most] for i in range(most)]


def hashes(out, pyca):
    for index, name in enumerate(HASHES):
        folder = pyca / "hashes" / ("SHA1" if index == 0 else "SHA2")
        for length, most in (("Short", 200), ("Long", 8)):
            vectors = []
            for _, block, at in rsp(folder / f"{name.upper()}{length}Msg.rsp"):
                fields = dict(block)
                if "Msg" not in fields:
                    continue
                message = unhex(fields["Msg"])[:int(fields["Len"]) // 8]
                vectors.append((at, True, (message, unhex(fields["MD"]))))
            out.group(f"NIST CAVP SHAVS {name.upper()}{length}Msg.rsp", "hash", index, spread(vectors, most))


def hmacs(out, pyca, wycheproof):
    for index, (name, rfc) in enumerate(zip(HASHES, ("2202", "4231", "4231", "4231"))):
        vectors = []
        for _, block, at in rsp(pyca / "HMAC" / f"rfc-{rfc}-{name}.txt"):
            fields = dict(block)
            if "MD" in fields:
                vectors.append((at, True, tuple(unhex(fields[key]) for key in ("Key", "Msg", "MD"))))
        out.group(f"RFC {rfc}, HMAC with {name}", "hmac", index, vectors)
        vectors = []
        for _, test in wycheproof_tests(wycheproof / f"hmac_{name}_test.json"):
            fields = tuple(unhex(test[key]) for key in ("key", "msg", "tag"))
            vectors.append((test["tcId"], test["result"] == "valid", fields))
        out.group(f"Wycheproof hmac_{name}_test.json", "hmac", index, spread(vectors, 100))


def wycheproof_tests(path):
    for group in json.loads(path.read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def aes_modes(out, pyca):
    for mode in ("ECB", "CBC"):
        for family in ("GFSbox", "KeySbox", "VarKey", "VarTxt", "MMT"):
            for bits in (128, 192, 256):
                vectors = []
                path = pyca / "ciphers" / "AES" / mode / f"{mode}{family}{bits}.rsp"
                for sections, block, at in rsp(path):
                    fields = dict(block)
                    if "KEY" not in fields or "ENCRYPT" not in sections:
                        continue
                    names = ("KEY", "IV", "PLAINTEXT", "CIPHERTEXT") if mode == "CBC" else (
                        "KEY", "PLAINTEXT", "CIPHERTEXT")
                    vectors.append((at, True, tuple(unhex(fields[key]) for key in names)))
                out.group(f"NIST CAVP AESAVS {path.name}", mode.lower(), 0, spread(vectors, 64))
    for bits in (128, 192, 256):
        vectors = []
        for _, block, at in rsp(pyca / "ciphers" / "AES" / "CTR" / f"aes-{bits}-ctr.txt"):
            fields = dict(block)
            if "KEY" in fields:
                vectors.append((at, True, tuple(unhex(fields[key])
                                                for key in ("KEY", "IV", "PLAINTEXT", "CIPHERTEXT"))))
        out.group(f"RFC 3686, AES-{bits}-CTR", "ctr", 0, vectors)


def sp800_38a_ctr(out):
    """F.5, whose counter does not end in zeros."""
    plaintext = unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
    counter = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    cases = [("2b7e151628aed2a6abf7158809cf4f3c",
              "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
              "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"),
             ("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
              "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"
              "1e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050"),
             ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
              "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
              "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6")]
    out.group("NIST SP 800-38A, F.5", "ctr", 0,
              [(at, True, (unhex(key), counter, plaintext, unhex(text))) for at, (key, text) in enumerate(cases)])


def gcm(out, pyca, wycheproof):
    for kind in ("EncryptExtIV", "Decrypt"):
        for bits in (128, 192, 256):
            vectors, taken = [], {}
            for sections, block, at in rsp(pyca / "ciphers" / "AES" / "GCM" / f"gcm{kind}{bits}.rsp"):
                fields = dict(block)
                if "Tag" not in fields or "IVlen = 96" not in sections or "Taglen = 128" not in sections:
                    continue
                key = tuple(sections)
                taken[key] = taken.get(key, 0) + 1
                if taken[key] > 5:
                    continue
                good = "FAIL" not in fields
                values = [unhex(fields[name]) for name in ("Key", "IV", "AAD")]
                values += [unhex(fields["PT"]) if good else b"", unhex(fields["CT"]), unhex(fields["Tag"])]
                vectors.append((at, good, tuple(values)))
            out.group(f"NIST CAVP GCMVS gcm{kind}{bits}.rsp", "gcm", 0, vectors)
    vectors = []
    for group, test in wycheproof_tests(wycheproof / "aes_gcm_test.json"):
        if group["ivSize"] != 96 or group["tagSize"] != 128 or test["result"] == "acceptable":
            continue
        good = test["result"] == "valid"
        plaintext = unhex(test["msg"]) if good else b""
        vectors.append((test["tcId"], good, (unhex(test["key"]), unhex(test["iv"]), unhex(test["aad"]), plaintext,
                                             unhex(test["ct"]), unhex(test["tag"]))))
    out.group("Wycheproof aes_gcm_test.json", "gcm", 0, vectors)


def keywrap(out, pyca, wycheproof):
    for kind in ("AE", "AD"):
        for bits in (128, 192, 256):
            vectors, taken = [], {}
            for sections, block, at in rsp(pyca / "keywrap" / "kwtestvectors" / f"KW_{kind}_{bits}.txt"):
                fields = dict(block)
                taken[sections[0]] = taken.get(sections[0], 0) + 1
                if taken[sections[0]] > 12:
                    continue
                good = "FAIL" not in fields
                vectors.append((at, good, (unhex(fields["K"]), unhex(fields["P"]) if good else b"", unhex(fields["C"]))))
            out.group(f"NIST CAVP KWVS KW_{kind}_{bits}.txt", "keywrap", 0, vectors)
    vectors = []
    for _, test in wycheproof_tests(wycheproof / "aes_wrap_test.json"):
        good = test["result"] == "valid"
        wrapped = unhex(test["ct"])
        # Other sizes are the caller's error, which is tested elsewhere; keys below 16 bytes are not in RFC 3394.
        if len(wrapped) < 24 or len(wrapped) % 8 != 0 or test["result"] == "acceptable":
            continue
        vectors.append((test["tcId"], good, (unhex(test["key"]), unhex(test["msg"]) if good else b"", wrapped)))
    out.group("Wycheproof aes_wrap_test.json", "keywrap", 0, vectors)


def ecdsa_verify(out, pyca, wycheproof):
    for source in ("SigVer.rsp", "SigGen.txt"):
        groups = {}
        for sections, block, at in rsp(pyca / "asymmetric" / "ECDSA" / "FIPS_186-3" / source):
            match = re.fullmatch(r"(P-\d+),SHA-(\d+)", sections[-1]) if sections else None
            fields = dict(block)
            if not match or match[1] not in CURVES or "sha" + match[2] not in HASHES or "R" not in fields:
                continue
            curve = CURVES.index(match[1])
            digest = hashlib.new("sha" + match[2], unhex(fields["Msg"])).digest()
            size = SIZES[curve]
            good = fields.get("Result", "P").startswith("P")
            values = (number(fields["Qx"], size), number(fields["Qy"], size), digest, number(fields["R"], size),
                      number(fields["S"], size))
            groups.setdefault(curve, []).append((at, good, values))
        for curve, vectors in sorted(groups.items()):
            out.group(f"NIST CAVP ECDSA2VS {source}, {CURVES[curve]}", "ecdsa_verify", curve,
                      spread(vectors, (60, 60, 40)[curve]))
    for curve, bits, sha in ((0, 256, "sha256"), (0, 256, "sha512"), (1, 384, "sha384"), (1, 384, "sha512"),
                             (2, 521, "sha512")):
        name = f"ecdsa_secp{bits}r1_{sha}_p1363_test.json"
        vectors, size = [], SIZES[curve]
        for group, test in wycheproof_tests(wycheproof / name):
            signature = unhex(test["sig"])
            if len(signature) != 2 * size or test["result"] == "acceptable":
                continue
            key = group["publicKey"]
            digest = hashlib.new(sha, unhex(test["msg"])).digest()
            vectors.append((test["tcId"], test["result"] == "valid",
                            (number(key["wx"], size), number(key["wy"], size), digest, signature[:size],
                             signature[size:])))
        out.group(f"Wycheproof {name}", "ecdsa_verify", curve, spread(vectors, (200, 150, 80)[curve]))


def ecdsa_sign(out):
    """RFC 6979, A.2.5 to A.2.7, message "sample"."""
    cases = [
        (0, "sha256", "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
         "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
         "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"),
        (1, "sha384", "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
         "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
         "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"),
        (2, "sha512", "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75"
         "caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538",
         "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f"
         "174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
         "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af"
         "282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a")]
    for curve, sha, scalar, r, s in cases:
        digest = hashlib.new(sha, b"sample").digest()
        out.group(f"RFC 6979, A.2.{5 + curve}, {sha}", "ecdsa_sign", curve,
                  [(0, True, (unhex(scalar), digest, unhex(r), unhex(s)))])


def ecdh(out, pyca, wycheproof):
    groups = {}
    path = pyca / "asymmetric" / "ECDH" / "KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_resp.fax"
    for sections, block, at in rsp(path):
        curve = {"EC": 0, "ED": 1, "EE": 2}.get(sections[-1][:2]) if sections else None
        fields = dict(block)
        if curve is None or "Z" not in fields:
            continue
        # The other failures are of the party's own keys or of the hash of Z.
        result = fields["Result"]
        if not (result.startswith("P") or "CAVS's Static public key" in result):
            continue
        size = SIZES[curve]
        good = result.startswith("P")
        values = (number(fields["dsIUT"], size), number(fields["QsCAVSx"], size), number(fields["QsCAVSy"], size),
                  number(fields["Z"], size) if good else b"")
        groups.setdefault(curve, []).append((at, good, values))
    for curve, vectors in sorted(groups.items()):
        out.group(f"NIST CAVP KASVS {path.name}, {CURVES[curve]}", "ecdh", curve, spread(vectors, 20))
    for curve, bits in enumerate((256, 384, 521)):
        name, size, vectors = f"ecdh_secp{bits}r1_ecpoint_test.json", SIZES[curve], []
        for _, test in wycheproof_tests(wycheproof / name):
            point = unhex(test["public"])
            if len(point) != 1 + 2 * size or point[0] != 4 or test["result"] == "acceptable":
                continue
            good = test["result"] == "valid"
            vectors.append((test["tcId"], good, (number(test["private"], size), point[1:1 + size], point[1 + size:],
                                                 unhex(test["shared"]) if good else b"")))
        out.group(f"Wycheproof {name}", "ecdh", curve, spread(vectors, (120, 80, 50)[curve]))


def kdfs(out, pyca):
    groups = {}
    for sections, block, at in rsp(pyca / "KDF" / "nist-800-108-KBKDF-CTR.txt"):
        match = re.search(r"PRF=HMAC_SHA(\d+)", " ".join(sections))
        fields = dict(block)
        if not match or "CTRLOCATION=BEFORE_FIXED" not in sections or "RLEN=32_BITS" not in sections:
            continue
        if "sha" + match[1] not in HASHES or "KO" not in fields:
            continue
        groups.setdefault(HASHES.index("sha" + match[1]), []).append(
            (at, True, tuple(unhex(fields[key]) for key in ("KI", "FixedInputData", "KO"))))
    for index, vectors in sorted(groups.items()):
        out.group(f"NIST CAVP KBKDFVS, counter mode, HMAC with {HASHES[index]}", "kbkdf", index, spread(vectors, 20))

    draw = random.Random(1)
    for index, name in enumerate(HASHES):
        vectors = []
        for at, size in enumerate((1, 16, 20, 32, 48, 64, 65, 128, 200, 256)):
            key, u, v = (draw.randbytes(draw.choice((0, 16, 32, 66))) for _ in range(3))
            label = (b"STORAGE", b"INTEGRITY", b"CFB", b"IDENTITY")[at % 4]
            made = b""
            for i in range(1, size // hashlib.new(name).digest_size + 2):
                made += hmac.new(key, struct.pack(">I", i) + label + b"\0" + u + v + struct.pack(">I", size * 8),
                                 name).digest()
            vectors.append((at, True, (key, label, u, v, made[:size])))
        out.group(f"computed by make.py from the TPM 2.0 Library, Part 1, KDFa, {name}", "kdfa", index, vectors)
    rfc7518 = unhex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4")
    other = unhex("000000074131323847434d00000005416c69636500000003426f6200000080")
    out.group("RFC 7518, appendix C", "concat_kdf", 1,
              [(0, True, (rfc7518, other, unhex("56aa8deaf8236d205c2228cd71a7101a")))])
    concat_nist(out, pyca)


def concat_nist(out, pyca):
    groups = {}
    path = pyca / "asymmetric" / "ECDH" / "KASValidityTest_ECCStaticUnified_KDFConcat_NOKC_resp.fax"
    for sections, block, at in rsp(path):
        match = re.search(r"- SHA(\d+)", sections[-1]) if sections else None
        fields = dict(block)
        if not match or "sha" + match[1] not in HASHES or "DKM" not in fields or not fields["Result"].startswith("P"):
            continue
        groups.setdefault(HASHES.index("sha" + match[1]), []).append(
            (at, True, tuple(unhex(fields[key]) for key in ("Z", "OI", "DKM"))))
    for index, vectors in sorted(groups.items()):
        out.group(f"NIST CAVP KASVS {path.name}, {HASHES[index]}", "concat_kdf", index, spread(vectors, 30))


def drbg(out, path):
    groups, taken = {}, {}
    for sections, block, at in rsp(path):
        name = sections[0].replace("-", "").lower()
        if name not in HASHES or len(block) != 9:
            continue
        key = tuple(sections)
        taken[key] = taken.get(key, 0) + 1
        if taken[key] > 4:
            continue
        groups.setdefault(HASHES.index(name), []).append((at, True, tuple(unhex(value) for _, value in block[1:])))
    for index, vectors in sorted(groups.items()):
        out.group(f"NIST CAVP DRBGVS HMAC_DRBG.rsp, {HASHES[index]}", "drbg", index, vectors)


def rsa_pss(out, wycheproof):
    for bits, sha, salt in ((2048, "sha1", 20), (2048, "sha256", 32), (2048, "sha256", 0), (2048, "sha384", 48),
                            (3072, "sha256", 32), (4096, "sha384", 48), (4096, "sha512", 64)):
        name = f"rsa_pss_{bits}_{sha}_mgf1_{salt}_test.json"
        vectors = []
        for group, test in wycheproof_tests(wycheproof / name):
            if test["result"] == "acceptable":
                continue
            key = group["publicKey"]
            fields = (unhex(key["modulus"]).lstrip(b"\0"), unhex(key["publicExponent"]).lstrip(b"\0"), bytes([salt]),
                      hashlib.new(sha, unhex(test["msg"])).digest(), unhex(test["sig"]))
            vectors.append((test["tcId"], test["result"] == "valid", fields))
        out.group(f"Wycheproof {name}", "rsa_pss", HASHES.index(sha), spread(vectors, 25))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pyca", type=pathlib.Path,
                        default="/usr/lib/python3/dist-packages/cryptography_vectors")
    parser.add_argument("--wycheproof", type=pathlib.Path, required=True)
    parser.add_argument("--drbg", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "vectors.bin")
    args = parser.parse_args()
    out = File()
    hashes(out, args.pyca)
    hmacs(out, args.pyca, args.wycheproof)
    aes_modes(out, args.pyca)
    sp800_38a_ctr(out)
    gcm(out, args.pyca, args.wycheproof)
    keywrap(out, args.pyca, args.wycheproof)
    ecdsa_verify(out, args.pyca, args.wycheproof)
    ecdsa_sign(out)
    ecdh(out, args.pyca, args.wycheproof)
    kdfs(out, args.pyca)
    drbg(out, args.drbg)
    rsa_pss(out, args.wycheproof)
    args.out.write_bytes(out.data)
    for kind, count in out.counts.items():
        print(f"{count:6} {kind}")
    print(f"{sum(out.counts.values()):6} vectors, {len(out.data)} bytes")


if __name__ == "__main__":
    main()
