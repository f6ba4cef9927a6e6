#!/usr/bin/env python3
"""Judges the archives of a freestanding build.

    freestanding_gate.py BUILD

Nothing may be undefined but ALLOWED, br_* and what our other archives define; no vector register, no thread-local
access, no dynamic initialiser. Archives of BearSSL itself (libbearssl*.a) may name only the mem* functions, and may use
vector registers in the files that ask the CPU first.
"""
import pathlib
import re
import subprocess
import sys

ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "svsm_panic"}
BEARSSL_VECTOR_FILES = re.compile(r"x86ni|pclmul|sse2")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(archive):
    """(undefined, defined) names."""
    undefined, defined = set(), set()
    for line in run("nm", "-A", "-P", str(archive)).splitlines():
        match = re.search(r": (\S+) (\w)\b", line)
        if match:
            (undefined if match.group(2) in "Uwv" else defined).add(match.group(1))
    return undefined, defined


def demangle(name):
    return run("c++filt", name).strip()


def code_problems(archive, own):
    problems, member, function = [], "", ""
    for line in run("objdump", "-d", "--no-show-raw-insn", str(archive)).splitlines():
        match = re.match(r"(\S+):\s+file format", line)
        if match:
            member = match.group(1)
            continue
        match = re.match(r"[0-9a-f]+ <(.*)>:", line)
        if match:
            function = match.group(1)
            continue
        if "%fs:" in line:
            problems.append(f"{archive.name}({member}): {demangle(function)} uses thread-local storage")
        if re.search(r"%[xyz]mm\d|%mm\d|%st\b", line) and (own or not BEARSSL_VECTOR_FILES.search(member)):
            problems.append(f"{archive.name}({member}): {demangle(function)} uses vector or float registers")
    for line in run("objdump", "-h", str(archive)).splitlines():
        if re.search(r"\s\.(init_array|ctors|tdata|tbss)\b", line):
            problems.append(f"{archive.name}: has a section {line.split()[1]}")
    return sorted(set(problems))


def main():
    build = pathlib.Path(sys.argv[1])
    archives = sorted(build.rglob("*.a"))
    own = [a for a in archives if a.name.startswith("libsvsm_") and "bearssl_core" not in a.name]
    bear = [a for a in archives if a.name.startswith("libbearssl")]
    defined = set()
    for archive in own:
        defined |= symbols(archive)[1]
    problems = []
    for archive in own + bear:
        undefined, mine = symbols(archive)
        if archive in own:
            bad = {s for s in undefined - defined - ALLOWED if not s.startswith("br_")}
        else:
            bad = {s for s in undefined - mine - ALLOWED if not s.startswith("br_")}
        problems += [f"{archive.name}: needs {demangle(s)}" for s in sorted(bad)]
        problems += code_problems(archive, archive in own)
    for problem in problems:
        print(problem)
    names = ", ".join(a.name.removeprefix("libsvsm_").removesuffix(".a") for a in own)
    print(f"freestanding gate: {len(own)} archives ({names}) and {len(bear)} of BearSSL, {len(problems)} problems")
    return 1 if problems or not own else 0


if __name__ == "__main__":
    sys.exit(main())
