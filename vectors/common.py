"""What the generators share: bytes that are the same every time, and the frame of a file."""
import hashlib
import json
import pathlib
import sys

VERSION = 1


def stream(label, size):
    """Bytes that look random and are the same every time."""
    out = b""
    counter = 0
    while len(out) < size:
        out += hashlib.sha256(f"{label}/{counter}".encode()).digest()
        counter += 1
    return out[:size]


def write(path, kind, source, cases):
    """Writes a file of cases; with --check says instead whether the file is what would be written."""
    names = [case["name"] for case in cases]
    assert len(names) == len(set(names)), "names of cases must differ"
    head = {"version": VERSION, "kind": kind, "source": source}
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    text = json.dumps(head, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n ]\n}\n"
    json.loads(text)
    path = pathlib.Path(path)
    if "--check" in sys.argv[1:]:
        if not path.exists() or path.read_text() != text:
            sys.exit(f"{path}: is not what its generator writes")
        return
    path.write_text(text)
