#!/usr/bin/env python3
"""House rules that no compiler knows; CONVENTIONS.md gives the reasons.

    source_rules.py ROOT

Guards from the path, line widths, file sizes, no packing, bit-fields or reinterpret_cast in the library, an example and
a Profile / Threads / Allocates line on each public header; every fuzzer is registered and has a corpus.
"""
import pathlib
import re
import subprocess
import sys

PUBLIC_HEADER_LIMIT, SOURCE_LIMIT = 300, 500
WIDTH = 100


def code_of(text):
    """The text without comments and string literals, line by line."""
    text = re.sub(r'R"(\w*)\(.*?\)\1"', '""', text, flags=re.S)
    text = re.sub(r'"(\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def adapters(root):
    """Files named in ALLOW_EXCEPTIONS: they wrap a library that throws, and catch at their edge."""
    result = set()
    for path in (root / "src").rglob("CMakeLists.txt"):
        for names in re.findall(r"ALLOW_EXCEPTIONS((?:\s+[\w./]+\.cc)+)", path.read_text()):
            result |= {(path.parent / name).relative_to(root).as_posix() for name in names.split()}
    return result


def check_file(path, text, adapter, problems):
    lines = text.count("\n")
    public = path.parts[0] == "include"
    library = public or path.parts[0] == "src"
    limit = PUBLIC_HEADER_LIMIT if public else SOURCE_LIMIT
    if lines > limit and path.parts[0] in ("include", "src", "tools", "examples"):
        problems.append(f"{path}: {lines} lines, limit {limit}")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDTH and not re.search(r"https?://|R\"", line):
            problems.append(f"{path}:{number}: {len(line)} columns, limit {WIDTH}")
    if path.suffix == ".h":
        parts = path.parts[1:] if public else path.parts[1:] if path.parts[0] == "src" else path.parts
        guard = re.sub(r"[^A-Z0-9]", "_", "/".join(parts).upper()) + "_"
        if path.parts[0] == "src":
            guard = "SVSM_SRC_" + guard
        elif not public:
            guard = "SVSM_" + guard
        found = re.search(r"^#ifndef (\w+)", text, re.M)
        if not found or found.group(1) != guard:
            if public:
                problems.append(f"{path}: guard is not {guard}")
            elif not found:
                problems.append(f"{path}: has no include guard")
    if public:
        head = text.split("#ifndef")[0]
        for word in ("Profile:", "Threads:", "Allocates:"):
            if word not in head:
                problems.append(f"{path}: the first comment has no '{word}'")
        if not re.search(r"^//   \S", head, re.M):
            problems.append(f"{path}: the first comment has no example")
    if not library:
        return
    for number, line in enumerate(code_of(text).splitlines(), 1):
        for pattern, what in ((r"\breinterpret_cast\b", "reinterpret_cast"), (r"#pragma\s+pack|__attribute__\(\(packed", "packing"),
                              (r"^\s*(?:std::)?u?int\d+_t\s+\w+\s*:\s*\d+", "a bit-field"), (r"\busing namespace\b", "using namespace"),
                              (r"\b(?:throw|dynamic_cast)\b", "throw or dynamic_cast")):
            if re.search(pattern, line) and not (adapter and "throw" in what):
                problems.append(f"{path}:{number}: {what}")
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            problems.append(f"{path}:{number}: unfinished: {line.strip()}")


def check_fuzzers(root, problems):
    registered = set()
    for path in (root / "tests").rglob("CMakeLists.txt"):
        text = re.sub(r"#[^\n]*", "", path.read_text())
        registered |= set(re.findall(r"svsm_add_fuzzer\(\s*(\w+)", text))
        for loop in re.findall(r"foreach\(\s*\w+([^)]*)\)\s*svsm_add_fuzzer\(\s*\$\{", text):
            registered |= set(loop.split())
    sources = {p.name.removesuffix("_fuzz.cc") for p in (root / "tests/fuzz").glob("*_fuzz.cc")}
    for entry in sorted(sources - registered):
        problems.append(f"tests/fuzz/{entry}_fuzz.cc: no svsm_add_fuzzer({entry})")
    for entry in sorted(sources):
        corpus = root / "tests/fuzz/corpus" / entry
        if not corpus.is_dir() or not any(corpus.iterdir()):
            problems.append(f"tests/fuzz/corpus/{entry}: no seed")
    return len(sources)


def main():
    root = pathlib.Path(sys.argv[1])
    tracked = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--", "*.h", "*.cc"], check=True, capture_output=True)
    files = [pathlib.PurePosixPath(f) for f in tracked.stdout.decode().split("\0") if f]
    problems = []
    throwing = adapters(root)
    for path in files:
        if (root / path).is_file() and not path.as_posix().startswith("cmake/"):
            check_file(path, (root / path).read_text(encoding="utf-8"), path.as_posix() in throwing, problems)
    fuzzers = check_fuzzers(root, problems)
    for line in problems:
        print(line)
    print(f"source rules: {len(files)} files, {fuzzers} fuzzers, {len(problems)} against a rule")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
