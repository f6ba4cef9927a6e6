#!/usr/bin/env python3
"""Makes vectors.inc, which is what the tests in C and Rust compare with, from the published vectors (vectors/)."""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
PUBLISHED = HERE.parent.parent / "vectors"


def case(path, name):
    return next(c for c in json.loads((PUBLISHED / path).read_text())["cases"] if c["name"] == name)


def report():
    """The least that is a report: version 2, policy with its fixed bit, signed with nothing."""
    data = bytearray(1184)
    data[0x00] = 2
    data[0x04] = 7
    data[0x0A] = 2
    data[0x30] = 1
    data[0x34] = 1
    data[0x48] = 7 << 2
    data[0x50:0x90] = bytes(range(64))
    data[0x90:0xC0] = bytes(range(100, 148))
    return bytes(data)


def main():
    message = "guest_messages/guest_messages.json"
    request, response = case(message, "report-request-0"), case(message, "report-response-0")
    services = case("manifests/services.json", "vtpm-and-uefi")
    digest = case("launch_digests/launch_digests.json", "three-normal-pages")
    data = case("report_data/report_data.json", "service-manifest-of-an-ek")
    arrays = [("kVmpck", request["key"]), ("kReportData", request["payload"][:128]), ("kRequest", request["page"]),
              ("kResponse", response["page"]), ("kResponsePayload", response["payload"]),
              ("kServices", services["bytes"]), ("kEkManifest", services["services"][0]["manifest"]),
              ("kVtpmGuid", services["services"][0]["guid"].replace("-", "")), ("kLaunchDigest", digest["digest"]),
              ("kNonce", data["nonce"]), ("kManifest", data["manifest"]),
              ("kServiceReportData", data["report_data"]), ("kReport", report().hex())]
    text = "/* Made by make_vectors.py from vectors/. */\n#include <stdint.h>\n"
    rust = "// Made by tests/c/make_vectors.py from vectors/.\n"
    for name, digits in arrays:
        values = [f"0x{b:02x}" for b in bytes.fromhex(digits)]
        rows = [", ".join(values[i:i + 16]) for i in range(0, len(values), 16)]
        text += f"\nstatic const uint8_t {name}[{len(values)}] = {{\n    " + ",\n    ".join(rows) + "};\n"
        if name in ("kEkManifest", "kVtpmGuid", "kReport", "kServices"):
            continue  # for C alone
        const = "".join("_" + c if c.isupper() else c.upper() for c in name[1:]).lstrip("_")
        rust += f"pub const {const}: [u8; {len(values)}] = [\n    " + ",\n    ".join(rows) + ",\n];\n"
    (HERE / "vectors.inc").write_text(text)
    (HERE.parent / "rust" / "tests" / "vectors" / "mod.rs").write_text(rust)


main()
