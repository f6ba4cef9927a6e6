#!/usr/bin/env python3
"""Writes amd_roots.inc: name, public key, serial and dates of AMD's ARKs, ASKs and ASVKs.

    make_amd_roots.py FOLDER > amd_roots.inc

FOLDER has {milan,genoa,turin}_ask_ark_asvk.pem: the certificates as AMD's key service serves them under
/vcek/v1/<line>/cert_chain and /vlek/v1/<line>/cert_chain, three a file. The signatures between them are verified here,
with the `openssl` program, and again by tests/snp_verify/roots_test.cc where the certificates are at hand.
"""
import base64
import datetime
import pathlib
import re
import subprocess
import sys
import tempfile


def element(der, at):
    """(tag, start of content, end) of the DER element at `at`."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start:start + size], "big"), start + size
    return der[at], start, start + length


def children(der, at):
    _, at, end = element(der, at)
    out = []
    while at < end:
        out.append(at)
        at = element(der, at)[2]
    return out


def seconds(der, at):
    _, start, end = element(der, at)
    moment = datetime.datetime.strptime(der[start:end].decode(), "%y%m%d%H%M%SZ")
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())


def whole(der, at):
    return der[at:element(der, at)[2]]


def content(der, at):
    _, start, end = element(der, at)
    return der[start:end]


def read(der):
    version, serial, _, _, validity, subject, spki = children(der, children(der, 0)[0])[:7]
    dates = children(der, validity)
    attribute = children(der, children(der, children(der, subject)[-1])[0])
    return {"cn": content(der, attribute[1]).decode(), "subject": whole(der, subject), "spki": whole(der, spki),
            "serial": content(der, serial), "not_before": seconds(der, dates[0]), "not_after": seconds(der, dates[1])}


def verify(pem_ark, pem):
    with tempfile.TemporaryDirectory() as folder:
        ark, one = pathlib.Path(folder, "ark.pem"), pathlib.Path(folder, "one.pem")
        ark.write_text(pem_ark)
        one.write_text(pem)
        subprocess.run(["openssl", "verify", "-no_check_time", "-check_ss_sig", "-CAfile", ark, one], check=True, stdout=subprocess.DEVNULL)


def array(name, data):
    lines = [", ".join(f"0x{b:02X}" for b in data[i:i + 16]) + "," for i in range(0, len(data), 16)]
    return f"constexpr std::uint8_t {name}[] = {{\n    " + "\n    ".join(lines) + "\n};\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    rows = []
    print("// Made by make_amd_roots.py; do not edit.")
    for line in ("Milan", "Genoa", "Turin"):
        text = (folder / f"{line.lower()}_ask_ark_asvk.pem").read_text()
        pems = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)
        ders = [base64.b64decode("".join(p.splitlines()[1:-1])) for p in pems]
        found = {read(d)["cn"]: (p, read(d)) for p, d in zip(pems, ders)}
        for kind, cn in (("Ark", f"ARK-{line}"), ("Ask", f"SEV-{line}"), ("Asvk", f"SEV-VLEK-{line}")):
            pem, entry = found[cn]
            verify(found[f"ARK-{line}"][0], pem)
            name = f"k{line}{kind}"
            for part in ("subject", "spki", "serial"):
                print(array(f"{name}{part.capitalize()}", entry[part]), end="")
            rows.append(f"    {{AuthorityKind::k{kind}, Product::k{line}, \"{cn}\", {name}Subject, {name}Spki, {name}Serial,\n"
                        f"     {entry['not_before']}, {entry['not_after']}, {'true' if kind == 'Ark' else 'false'}}},")
    print(f"constexpr AmdRoot kAmdRoots[] = {{\n" + "\n".join(rows) + "\n};")


if __name__ == "__main__":
    main()
