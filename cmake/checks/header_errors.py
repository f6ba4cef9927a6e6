#!/usr/bin/env python3
"""Counts errors that a public header names and no test asserts.

    header_errors.py ROOT

A header names errors in comments: `Errors:` (or `Error:`) and what follows, up to an empty comment line or the end of the
comment. Each word there that is an enumerator of svsm::Code must appear in a test of that header. The tests of
include/svsm/<room>/<x>.h are tests/<room>/<x>_test.cc, tests/<room>/<x>_*_test.cc and every test file with a line

    // Covers: svsm/<room>/<x>.h

A seam (a header of abstract classes only) that no class of include/ or src/ implements yet is passed over, and said so.
kInternal is left out: it says that a library below broke its contract, which no test can ask it to do.
"""
import collections
import pathlib
import re
import sys


def codes(root):
    text = (root / "include/svsm/core/status.h").read_text()
    body = re.search(r"enum class Code[^{]*\{(.*?)\};", text, re.S).group(1)
    return {c for c in re.findall(r"^\s*(k[A-Z]\w*)", body, re.M)} - {"kOk", "kInternal"}


def named_errors(text, known):
    """(line, code) for every code in an `Errors:` passage."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if "//" not in stripped:
            inside = False
            continue
        comment = stripped[stripped.index("//") + 2:].strip()
        if not comment:
            inside = False
        match = re.search(r"\bErrors?:", comment)
        if match:
            inside = True
            comment = comment[match.end():]
        if inside:
            for code in re.findall(r"\bk[A-Z]\w*", comment):
                if code in known:
                    yield number, code


def tests_by_header(root):
    result = {}
    for path in sorted((root / "tests").rglob("*_test.cc")):
        text = path.read_text(encoding="utf-8")
        for header in re.findall(r"^// Covers: (\S+)$", text, re.M):
            result.setdefault(header, []).append(text)
        result.setdefault(path.relative_to(root / "tests").as_posix(), []).append(text)
    return result


def unimplemented_seam(text, everything):
    """Whether a header declares abstract classes only, and nothing derives from any of them."""
    classes = re.findall(r"^class (\w+)(?: final)?[^;{]*\{(.*?)^\};", text, re.M | re.S)
    if not classes or any(not re.search(r"\bvirtual\b[^;]*= 0;", body) for _, body in classes):
        return False
    return not any(re.search(rf"[:,]\s*public (?:\w+::)*{name}\b", everything) for name, _ in classes)


def main():
    root = pathlib.Path(sys.argv[1])
    known = codes(root)
    tests = tests_by_header(root)
    named, untested = 0, []
    everything = "\n".join(p.read_text(encoding="utf-8") for top in ("include", "src") for p in (root / top).rglob("*")
                           if p.suffix in (".h", ".cc"))
    for header in sorted((root / "include/svsm").rglob("*.h")):
        spelled = header.relative_to(root / "include").as_posix()
        room, stem = header.parent.name, header.stem
        texts = list(tests.get(spelled, []))
        for name, more in tests.items():
            if name == f"{room}/{stem}_test.cc" or (name.startswith(f"{room}/{stem}_") and name.endswith("_test.cc")):
                texts += more
        tested = set(re.findall(r"\bk[A-Z]\w*", "\n".join(texts)))
        text = header.read_text(encoding="utf-8")
        if unimplemented_seam(text, everything):
            print(f"note: include/{spelled}: a seam that nothing implements here yet")
            continue
        lines = {}
        for number, code in named_errors(text, known):
            lines.setdefault(code, number)
        named += len(lines)
        for code, number in sorted(lines.items(), key=lambda item: item[1]):
            if code not in tested:
                untested.append(f"include/{spelled}:{number}: {code} is named here and in no test of this header")
    for line in untested:
        print(line)
    rooms = collections.Counter(line.split("/")[2] for line in untested)
    where = " (" + ", ".join(f"{room} {count}" for room, count in sorted(rooms.items())) + ")" if rooms else ""
    print(f"errors that headers name: {named}, untested: {len(untested)}{where}")
    return 1 if untested else 0


if __name__ == "__main__":
    sys.exit(main())
