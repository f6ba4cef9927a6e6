#!/usr/bin/env python3
"""Runs the compiler as the build does for one file, with `mode` (-E, -fsyntax-only) in place of -c and -o.

    compile_command.py BUILD FILE MODE
"""
import json
import os
import pathlib
import shlex
import sys


def main():
    build, wanted, mode = pathlib.Path(sys.argv[1]), os.path.realpath(sys.argv[2]), sys.argv[3]
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if os.path.realpath(os.path.join(entry["directory"], entry["file"])) != wanted:
            continue
        words = shlex.split(entry["command"])
        for at, word in enumerate(words[:6]):
            if word.endswith("/ccache"):
                words = words[at + 1:]
                break
        at = words.index("-o")
        del words[at:at + 2]
        words[words.index("-c")] = mode
        os.chdir(entry["directory"])
        os.execvp(words[0], words)
    print(f"{wanted}: not part of this build", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
