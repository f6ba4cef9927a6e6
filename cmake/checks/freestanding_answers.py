#!/usr/bin/env python3
"""Runs the freestanding known-answer program and judges what was linked.

    freestanding_answers.py PROGRAM
"""
import re
import subprocess
import sys


def main():
    program = sys.argv[1]
    undefined = subprocess.run(["nm", "-u", program], check=True, capture_output=True, text=True).stdout.split("\n")
    undefined = [line.strip() for line in undefined if line.strip()]
    sections = subprocess.run(["objdump", "-h", program], check=True, capture_output=True, text=True).stdout
    bad = re.findall(r"\s(\.(?:init_array|ctors|tdata|tbss|interp|dynamic))\s", sections)
    result = subprocess.run([program], capture_output=True, text=True, timeout=100)
    print(result.stdout, end="")
    match = re.search(r"^(\d+) vectors hold, (\d+) do not$", result.stdout, re.M)
    if result.returncode != 0 or not match:
        print(f"{program}: ended with status {result.returncode}")
        return 1
    for name in bad:
        print(f"{program}: has a section {name}")
    for name in undefined:
        print(f"{program}: undefined {name}")
    print(f"freestanding: {match.group(1)} vectors, {len(undefined)} undefined symbols")
    return 1 if bad or undefined or match.group(1) == "0" else 0


if __name__ == "__main__":
    sys.exit(main())
