#!/usr/bin/env python3
"""Our verifier against another that shares nothing with it: this file, over Python's `cryptography`.

  verify_differential.py svsm-verify-pipe [CASES [SEED]]

A product line's authority, a chip's certificate and a report are made here. Each case changes something: a bit of the
report or of the certificate as it is, a field of the report that is then signed again, a value of the certificate that is
then issued again, a bit of the certificate's signed part with a new signature by the authority. Both judge; a case on
which they differ is printed with the seed. The rules below are written from AMD's documents 56860 (report) and 57230
(certificates), for a policy that leaves open what it can.
"""
import datetime
import random
import subprocess
import sys
import tempfile
import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

NOW = 1748736000
YEAR = 365 * 86400
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
AMD = "1.3.6.1.4.1.3704.1."
TCB_OIDS = {"bl": "3.1", "tee": "3.2", "snp": "3.3", "s4": "3.4", "s5": "3.5", "s6": "3.6", "s7": "3.7", "ucode": "3.8", "fmc": "3.9"}
# Where the components are in a TCB_VERSION, and its reserved bytes.
LAYOUT = {"old": ({"bl": 0, "tee": 1, "snp": 6, "ucode": 7}, (2, 3, 4, 5)),
          "new": ({"fmc": 0, "bl": 1, "tee": 2, "snp": 3, "ucode": 7}, (4, 5, 6))}
LINES = {"Milan": "old", "Genoa": "old", "Turin": "new"}
CPUID = [(0x19, 0x00, 0x0F, "Milan"), (0x19, 0x10, 0x1F, "Genoa"), (0x19, 0xA0, 0xAF, "Genoa"), (0x1A, 0x00, 0x11, "Turin")]
CPUID_OF = {"Milan": (0x19, 1), "Genoa": (0x19, 0x11), "Turin": (0x1A, 2)}
N384 = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973


warnings.simplefilter("ignore")  # AMD's certificates have the serial number 0


class Refused(Exception):
    pass


def want(condition, why):
    if not condition:
        raise Refused(why)


# ---------------------------------------------------------------------------------------------------------- the judge

def amd_name(name):
    wanted = {NameOID.ORGANIZATIONAL_UNIT_NAME: "Engineering", NameOID.COUNTRY_NAME: "US", NameOID.LOCALITY_NAME: "Santa Clara",
              NameOID.STATE_OR_PROVINCE_NAME: "CA", NameOID.ORGANIZATION_NAME: "Advanced Micro Devices"}
    found = {}
    for attribute in name:
        want(attribute.oid not in found, "attribute twice")
        found[attribute.oid] = attribute.value
        want(attribute._type.name in ("UTF8String", "PrintableString"), "string type")
    common = found.pop(NameOID.COMMON_NAME, None)
    want(found == wanted, "name")
    want(all(len(rdn) == 1 for rdn in name.rdns), "set of attributes")
    return common


def integer(value):
    """A DER INTEGER of 0 to 255."""
    want(len(value) in (3, 4) and value[0] == 2 and value[1] == len(value) - 2, "integer")
    number = int.from_bytes(value[2:], "big", signed=True)
    want(0 <= number <= 255 and not (len(value) == 4 and number < 128), "integer value")
    return number


def ia5(value):
    want(len(value) >= 2 and value[0] == 0x16 and value[1] == len(value) - 2 and value[1] < 128, "IA5String")
    want(all(0x20 <= c <= 0x7E for c in value[2:]), "printable")
    return value[2:].decode()


def product_of(name):
    line, _, stepping = name.partition("-")
    want(line in LINES, "product")
    want(name == line or (len(stepping) == 2 and "A" <= stepping[0] <= "Z" and "0" <= stepping[1] <= "9"), "stepping")
    return line


def elements(content):
    """The DER elements of these bytes, whole."""
    while content:
        short = content[1] < 128
        octets = 0 if short else content[1] & 127
        size = 2 + octets + (content[1] if short else int.from_bytes(content[2:2 + octets], "big"))
        yield content[:size]
        content = content[size:]


def inside(element):
    return element[2 + (0 if element[1] < 128 else element[1] & 127):]


def judge_leaf(der, authority, now):
    """Product, TCB, HWID and key of a VCEK certificate."""
    try:
        leaf = x509.load_der_x509_certificate(der)
        extensions = list(leaf.extensions)
        key = leaf.public_key()
        algorithm = leaf.signature_algorithm_parameters
        digest = leaf.signature_hash_algorithm
        names = (leaf.subject, leaf.issuer)
        dates = (leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp())
    except Exception as error:  # whatever its parser says of bytes that it does not take
        raise Refused(f"certificate: {error}") from error
    tbs, outer, _ = elements(inside(der))
    want(list(elements(inside(tbs)))[2] == outer, "RFC 5280, 4.1.1.2: both algorithms are the same")
    want(leaf.version == x509.Version.v3, "version")
    want(amd_name(names[0]) == "SEV-VCEK", "subject")
    want(isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp384r1", "key")
    want(leaf.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS, "algorithm")
    want(isinstance(algorithm, padding.PSS) and algorithm._salt_length == 48 and digest.name == "sha384"
         and algorithm.mgf._algorithm.name == "sha384", "PSS parameters")
    values = {}
    for extension in extensions:
        want(not extension.critical, "critical")
        if extension.oid == ExtensionOID.AUTHORITY_KEY_IDENTIFIER:
            continue
        dotted = extension.oid.dotted_string
        want(dotted.startswith(AMD), "unknown extension")
        values[dotted[len(AMD):]] = extension.value.value
    want(integer(values.pop("1", b"")) <= 1, "structVersion")
    product = product_of(ia5(values.pop("2", b"")))
    layout = LINES[product]
    tcb = {part: integer(values.pop(arc, b"")) for part, arc in TCB_OIDS.items() if part not in (("fmc",) if layout == "old" else ("s4",))}
    want(all(tcb.pop(part, 0) == 0 for part in ("s4", "s5", "s6", "s7")), "reserved SPL")
    hwid = values.pop("4", b"")
    want(len(hwid) == (64 if layout == "old" else 8), "hwID")
    want(not values, "unknown extension")
    want(names[1].public_bytes() == authority["ask"].subject.public_bytes(), "issuer")
    want(product == authority["product"], "product of the issuer")
    try:
        authority["ask"].public_key().verify(leaf.signature, leaf.tbs_certificate_bytes, PSS, hashes.SHA384())
    except InvalidSignature as error:
        raise Refused("signature of the certificate") from error
    want(dates[0] <= now <= dates[1], "validity")
    return {"product": product, "tcb": tcb, "hwid": hwid, "key": key}


def tcb_of(raw, layout):
    places, reserved = LAYOUT[layout]
    want(all(raw[i] == 0 for i in reserved), "reserved TCB byte")
    return {part: raw[i] for part, i in places.items()}


def judge(report, leaf_der, authority, now):
    want(len(report) == 1184, "size")
    u32 = lambda at: int.from_bytes(report[at:at + 4], "little")
    u64 = lambda at: int.from_bytes(report[at:at + 8], "little")
    zero = lambda first, end: want(not any(report[first:end]), f"reserved {first:#x}")
    version, policy = u32(0), u64(8)
    want(2 <= version <= 5, "version")
    want(policy >> 17 & 1 and policy >> 26 == 0, "policy")
    want(u32(0x30) <= 3, "VMPL: above 3 the host asked")
    want(u32(0x34) == 1, "algorithm")
    key_info = u32(0x48)
    want(key_info >> 5 == 0 and key_info >> 1 & 1 == 0 and key_info >> 2 & 7 == 0, "signed by a VCEK")
    zero(0x4C, 0x50)
    if version < 3:
        zero(0x188, 0x18B)
    zero(0x18B, 0x1A0)
    zero(0x1EB, 0x1EC)
    zero(0x1EF, 0x1F0)
    if version < 5:
        zero(0x1F8, 0x208)
    zero(0x208, 0x2A0)
    zero(0x2A0 + 48, 0x2A0 + 72)
    zero(0x2A0 + 120, 0x4A0)
    want(policy >> 18 & 3 == 0, "debug or migration agent")
    leaf = judge_leaf(leaf_der, authority, now)
    r, s = (int.from_bytes(report[at:at + 48], "little") for at in (0x2A0, 0x2E8))
    want(0 < r < N384 and 0 < s < N384, "range")
    try:
        leaf["key"].verify(utils.encode_dss_signature(r, s), report[:0x2A0], ec.ECDSA(hashes.SHA384()))
    except InvalidSignature as error:
        raise Refused("signature of the report") from error
    chip = report[0x1A0:0x1E0]
    if version >= 3:
        lines = [line for family, first, last, line in CPUID if report[0x188] == family and first <= report[0x189] <= last]
        want(lines == [leaf["product"]], "product")
    elif any(chip):
        want((not any(chip[8:])) == (LINES[leaf["product"]] == "new"), "form of CHIP_ID")
    layout = LINES[leaf["product"]]
    current, reported, _, _ = (tcb_of(report[at:at + 8], layout) for at in (0x38, 0x180, 0x1E0, 0x1F0))
    want(reported == leaf["tcb"], "REPORTED_TCB")
    want(all(current[part] >= leaf["tcb"][part] for part in current), "CURRENT_TCB")
    want(any(chip), "CHIP_ID is masked")
    want(chip == leaf["hwid"].ljust(64, b"\0"), "CHIP_ID")


# -------------------------------------------------------------------------------------------------------- what is made

def name_of(common):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Engineering"), x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
                      x509.NameAttribute(NameOID.LOCALITY_NAME, "Santa Clara"), x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "CA"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Advanced Micro Devices"), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def certificate(subject, issuer, key, signer, serial, extensions, dates=(NOW - YEAR, NOW + YEAR)):
    builder = x509.CertificateBuilder(issuer, subject, key, serial, at(dates[0]), at(dates[1]))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA384(), rsa_padding=PSS)


def usage(**bits):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
             "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{n: bits.get(n, False) for n in names})


def make_authority(product):
    ark_key, ask_key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    ca = (x509.BasicConstraints(True, None), True)
    ark = certificate(name_of(f"ARK-{product}"), name_of(f"ARK-{product}"), ark_key.public_key(), ark_key, 0x10000,
                      [ca, (usage(key_cert_sign=True, crl_sign=True), True)])
    ask = certificate(name_of(f"SEV-{product}"), ark.subject, ask_key.public_key(), ark_key, 0x10001,
                      [(x509.BasicConstraints(True, 0), True), (usage(key_cert_sign=True), True)])
    return {"product": product, "ark": ark, "ask": ask, "ask_key": ask_key}


def der_integer(n):
    body = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return bytes([2, len(body)]) + body


def leaf_values(product, tcb, hwid):
    """The value of each of AMD's extensions, by its arc."""
    name = f"{product}-B0".encode()
    values = {"1": der_integer(0), "2": bytes([0x16, len(name)]) + name}
    for part, arc in TCB_OIDS.items():
        if part != ("fmc" if LINES[product] == "old" else "s4"):
            values[arc] = der_integer(tcb.get(part, 0))
    values["4"] = hwid
    return values


def make_leaf(authority, key, values, dates=(NOW - YEAR, NOW + YEAR), subject="SEV-VCEK", issuer=None, critical=None):
    extensions = [(x509.UnrecognizedExtension(x509.ObjectIdentifier(AMD + arc), value), arc == critical) for arc, value in values.items()]
    return certificate(name_of(subject), issuer or authority["ask"].subject, key.public_key(), authority["ask_key"], 0, extensions,
                       dates).public_bytes(serialization.Encoding.DER)


def make_body(product, tcb, hwid, version):
    body = bytearray(0x2A0)
    places, _ = LAYOUT[LINES[product]]
    body[0:4] = version.to_bytes(4, "little")
    body[8:16] = (0x30000).to_bytes(8, "little")
    body[0x34] = 1
    for where in (0x38, 0x180, 0x1E0, 0x1F0):
        for part, i in places.items():
            body[where + i] = tcb[part]
    if version >= 3:
        body[0x188:0x18B] = bytes([*CPUID_OF[product], 1])
    body[0x1A0:0x1A0 + len(hwid)] = hwid
    body[0x90:0xC0] = bytes(range(48))
    return body


def sign_report(body, key):
    r, s = utils.decode_dss_signature(key.sign(bytes(body), ec.ECDSA(hashes.SHA384())))
    return bytes(body) + r.to_bytes(72, "little") + s.to_bytes(72, "little") + bytes(368)


def sized(tag, body):
    length = len(body)
    return bytes([tag]) + (bytes([length]) if length < 128 else bytes([0x82, length >> 8, length & 255])) + body


def resign_leaf(der, tbs, authority):
    """The certificate with another signed part, and a good signature over it."""
    _, algorithm, _ = elements(inside(der))
    signature = authority["ask_key"].sign(tbs, PSS, hashes.SHA384())
    return sized(0x30, tbs + algorithm + sized(0x03, b"\0" + signature))


class World:
    def __init__(self, product, rng):
        self.product, self.rng = product, rng
        self.authority = make_authority(product)
        self.key = ec.derive_private_key(rng.randrange(1, N384), ec.SECP384R1())
        self.hwid = rng.randbytes(64 if LINES[product] == "old" else 8)
        self.tcb = {"bl": 4, "tee": 1, "snp": 22, "ucode": 213, "fmc": 3}
        self.values = leaf_values(product, self.tcb, self.hwid)
        self.leaf = make_leaf(self.authority, self.key, self.values)
        self.body = make_body(product, self.tcb, self.hwid, 5)

    def flip(self, data):
        data = bytearray(data)
        for _ in range(self.rng.choice((1, 1, 1, 2, 4))):
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        return bytes(data)

    def unchanged(self):
        body = make_body(self.product, self.tcb, self.hwid, self.rng.choice((2, 3, 4, 5)))
        return sign_report(body, self.key), self.leaf, NOW

    def report_bit(self):
        return self.flip(sign_report(self.body, self.key)), self.leaf, NOW

    def leaf_bit(self):
        return sign_report(self.body, self.key), self.flip(self.leaf), NOW

    def report_signed_again(self):
        rng = self.rng
        body = make_body(self.product, self.tcb, self.hwid, rng.choice((2, 3, 4, 5)))
        what = rng.randrange(4)
        if what == 0:
            body = bytearray(self.flip(body))
        elif what == 1:  # a byte that is wholly new, in a field that means something
            body[rng.choice((0, 4, 8, 9, 10, 11, 0x30, 0x34, *range(0x38, 0x40), 0x40, 0x48, *range(0x180, 0x18B),
                             *range(0x1E0, 0x208)))] = rng.randrange(256)
        elif what == 2:  # TCBs around the certificate's
            for where in (0x38, 0x180, 0x1E0, 0x1F0):
                i = where + rng.randrange(8)
                body[i] = max(0, min(255, body[i] + rng.choice((-1, 0, 0, 1))))
        else:
            body[0x1A0:0x1E0] = rng.choice((bytes(64), self.hwid[:8].ljust(64, b"\0"), rng.randbytes(64), self.hwid.ljust(64, b"\1")))
        return sign_report(body, self.key), self.leaf, NOW

    def leaf_issued_again(self):
        rng, values = self.rng, dict(self.values)
        options = {}
        arc = rng.choice(list(values))
        what = rng.randrange(9)
        if what == 0:
            del values[arc]
        elif what == 1:
            values[arc] = self.flip(values[arc])
        elif what == 2:
            values[rng.choice(("3.4", "3.9", "5", "6", "3.10"))] = der_integer(rng.choice((0, 3)))
        elif what == 3:
            values["2"] = sized(0x16, rng.choice((b"Milan", b"Genoa-B1", b"Turin-C0", b"Milan-b0", b"Milan-B", b"Turin", b"Venice", b"", b"Milan-B00")))
        elif what == 4:
            values[arc] = rng.choice((der_integer(rng.randrange(300)), b"\2\2\0\5", b"\2\1\377", b"", b"\2\0", rng.randbytes(8), rng.randbytes(64)))
        elif what == 5:
            start = NOW + rng.choice((-1, 0, 1, -YEAR, YEAR))
            options["dates"] = (start, start + rng.choice((0, 1, YEAR)))
        elif what == 6:
            options["subject"] = rng.choice(("SEV-VCEK", "SEV-VLEK", "SEV-VCEK2", f"SEV-{self.product}"))
        elif what == 7:
            options["issuer"] = rng.choice((None, self.authority["ark"].subject, name_of("SEV-Other")))
        else:
            options["critical"] = arc
        key = self.key if rng.random() < 0.95 else ec.generate_private_key(rng.choice((ec.SECP384R1(), ec.SECP256R1())))
        return sign_report(self.body, self.key), make_leaf(self.authority, key, values, **options), NOW

    def leaf_signed_again(self):
        tbs = x509.load_der_x509_certificate(self.leaf).tbs_certificate_bytes
        return sign_report(self.body, self.key), resign_leaf(self.leaf, self.flip(tbs), self.authority), NOW

    def another_time(self):
        now = NOW + self.rng.choice((-YEAR - 1, -YEAR, YEAR, YEAR + 1, -1, 1))
        return sign_report(self.body, self.key), self.leaf, now

    KINDS = ("unchanged", "report_bit", "leaf_bit", "report_signed_again", "report_signed_again", "leaf_issued_again",
             "leaf_issued_again", "leaf_signed_again", "another_time")


def run(pipe, product, cases, rng):
    world = World(product, rng)
    with tempfile.NamedTemporaryFile(suffix=".pem") as roots:
        for one in ("ask", "ark"):
            roots.write(world.authority[one].public_bytes(serialization.Encoding.PEM))
        roots.flush()
        process = subprocess.Popen([pipe, roots.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        counts, differ = {}, 0
        for number in range(cases):
            kind = rng.choice(World.KINDS)
            report, leaf, now = getattr(world, kind)()
            process.stdin.write(f"{report.hex()} {leaf.hex()} {now}\n")
            process.stdin.flush()
            ours = process.stdout.readline().strip()
            try:
                judge(report, leaf, world.authority, now)
                theirs = "trusted"
            except Refused as why:
                theirs = f"refused {why}"
            same = bool(ours) and (ours == "trusted") == (theirs == "trusted")
            count = counts.setdefault(kind, [0, 0])
            count[0] += 1
            count[1] += theirs == "trusted"
            if not same:
                differ += 1
                print(f"DIFFER  {product} {number} {kind}: ours {ours!r}, theirs {theirs!r}\n        {report.hex()} {leaf.hex()} {now}")
        process.stdin.close()
        process.wait()
    print(f"{product}: {cases} cases, {differ} on which the verdicts differ; " +
          ", ".join(f"{kind} {count} ({trusted} trusted)" for kind, (count, trusted) in sorted(counts.items())))
    return differ


def main():
    pipe = sys.argv[1]
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 6000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    print(f"verify_differential: seed {seed} (RSA keys and signatures are new each time)")
    rng = random.Random(seed)
    return 1 if sum(run(pipe, product, cases // len(LINES), rng) for product in LINES) else 0


if __name__ == "__main__":
    sys.exit(main())
