#!/usr/bin/env python3
"""Runs the key broker client as firmware runs it, and says how large it is.

    client_size.py PROGRAM
"""
import re
import subprocess
import sys

MAX_STACK = 16 * 1024


def main():
    program = sys.argv[1]
    result = subprocess.run([program], capture_output=True, text=True, timeout=100)
    match = re.search(r"^stack (\d+) object (\d+) workspace (\d+)$", result.stdout, re.M)
    if result.returncode != 0 or not match:
        print(f"{program}: ended with status {result.returncode}: {result.stdout}")
        return 1
    stack, client, workspace = map(int, match.groups())
    sizes = {"kbs": 0, "rest of svsm": 0, "BearSSL": 0}
    symbols = subprocess.run(["nm", "-S", "-C", program], check=True, capture_output=True, text=True).stdout
    for size, name in re.findall(r"^[0-9a-f]+ ([0-9a-f]+) [tTrRvVwWuU] (.*)$", symbols, re.M):
        room = "kbs" if "svsm::kbs::" in name else "BearSSL" if re.match(r"br_|[a-z0-9_]+$", name) else "rest of svsm"
        sizes[room] += int(size, 16)
    text = ", ".join(f"{room} {size}" for room, size in sizes.items())
    print(f"key broker client: {sum(sizes.values())} bytes of code and constants ({text}), "
          f"stack {stack}, object {client}, workspace {workspace}")
    return 1 if stack > MAX_STACK else 0


if __name__ == "__main__":
    sys.exit(main())
