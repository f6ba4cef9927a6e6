#!/usr/bin/env python3
"""Checks who includes whom.

    include_graph.py ROOT BUILD

Between rooms (folders of include/svsm and src) an include goes down or stays: see EDGES. Between targets, a file
includes only headers of its own target and of what the target names in svsm_add_module(), directly or through others; a
public header may use PUBLIC_DEPS only. BUILD is a hosted build folder, for its modules.jsonl.
"""
import json
import pathlib
import re
import sys

# The base, in order: each may use those before it.
BASE = ["core", "crypto", "evidence"]
EDGES = {
    "vtpm": {"protocol"},
    "uefi": {"protocol"},
    "sim": {"protocol", "snp"},
    "conformance": {"protocol"},
    "c": {"protocol", "snp"},
    "broker": {"kbs", "snp"},  # of snp, only snp_verify: the target check sees to it
}
# Folders that are targets of a room rather than rooms.
PART_OF = {"snp_verify": "snp", "snp_linux": "snp", "vtpm_libtpms": "vtpm", "cocoonfs_file": "cocoonfs", "kbs_linux": "kbs", "uefi_auth": "uefi"}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)


def may_use(user, used):
    if user == used:
        return True
    if user in BASE:
        return used in BASE and BASE.index(used) < BASE.index(user)
    return used in BASE or used in EDGES.get(user, set())


def room_of(path):
    """Room of a path relative to the root, or of an include as it is spelled; None for foreign headers."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[:2] == ("include", "svsm") and len(parts) > 3:
        return PART_OF.get(parts[2], parts[2])
    if parts[0] in ("src", "svsm") and len(parts) > 2:
        return PART_OF.get(parts[1], parts[1])
    return None


def includes_of(root, path):
    """Includes of a file, as paths relative to the root where they are ours."""
    for text in INCLUDE.findall((root / path).read_text(encoding="utf-8")):
        for candidate in ("include/" + text, "src/" + text, str(path.parent / text)):
            if (root / candidate).is_file():
                yield candidate
                break


def load_targets(root, build):
    targets = {}
    for line in (build / "modules.jsonl").read_text().splitlines():
        t = json.loads(line)
        folder = pathlib.Path(t["folder"]).relative_to(root.resolve())
        t["headers"] = ["include/" + h for h in t["headers"]]
        t["sources"] = [str(folder / s) for s in t["sources"]]
        for key in ("public_deps", "private_deps"):
            t[key] = [d.removeprefix("svsm::") for d in t[key] if d.startswith("svsm::")]
        targets[t["name"]] = t
    return targets


def closure(targets, start, through):
    seen, todo = set(), list(start)
    while todo:
        name = todo.pop()
        if name in seen or name not in targets:
            continue
        seen.add(name)
        todo += [d for key in through for d in targets[name][key]]
    return seen


def check_targets(root, targets):
    owner = {h: name for name, t in targets.items() for h in t["headers"]}
    problems = []
    for name, t in targets.items():
        public = closure(targets, t["public_deps"], ["public_deps"]) | {name}
        full = public | closure(targets, t["private_deps"], ["public_deps"])
        for path, allowed in [(h, public) for h in t["headers"]] + [(s, full) for s in t["sources"]]:
            if not (root / path).is_file():
                continue  # generated
            for used in includes_of(root, pathlib.PurePosixPath(path)):
                if used in owner and owner[used] not in allowed:
                    problems.append(f"{path}: includes {used} of svsm::{owner[used]}, which svsm::{name} does not name")
                elif used.startswith("include/") and used not in owner:
                    problems.append(f"{path}: includes {used}, a header of no target")
    return problems


def main():
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = [p.relative_to(root) for top in ("include/svsm", "src") for p in sorted((root / top).rglob("*"))
             if p.suffix in (".h", ".cc", ".inc")]
    edges, problems = set(), []
    for path in files:
        user = room_of(path.as_posix())
        for used_path in includes_of(root, path):
            used = room_of(used_path)
            if user and used and user != "testing" and used != user:
                edges.add((user, used))
                if not may_use(user, used):
                    problems.append(f"{path}: includes {used_path}: {user} may not use {used}")
    targets = load_targets(root, build)
    problems += check_targets(root, targets)
    known = {h for t in targets.values() for h in t["headers"]}
    for path in files:
        if path.parts[0] == "include" and path.as_posix() not in known:
            problems.append(f"{path}: belongs to no svsm_add_module()")
    for problem in problems:
        print(problem)
    print(f"include graph: {len(files)} files, {len(edges)} edges between rooms, {len(problems)} upward, sideways or undeclared")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
