#!/usr/bin/env python3
"""Writes forge_keys.inc: throw-away RSA keys for tests, so that no test waits for one to be made.

    make_forge_keys.py > forge_keys.inc

They certify nothing but what tests forge. Needs the `openssl` program; each run makes other keys.
"""
import subprocess

print("// Made by make_forge_keys.py; do not edit. Throw-away keys: worth nothing to anybody.")
for name, bits in (("kArkKey", 2048), ("kAskKey", 2048), ("kAsvkKey", 2048), ("kOtherKey", 2048), ("kSmallKey", 1024)):
    pem = subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    print(f"constexpr std::uint8_t {name}[] = {{")
    for i in range(0, len(pem), 18):
        print("    " + ", ".join(f"0x{b:02X}" for b in pem[i:i + 18]) + ",")
    print("};")
