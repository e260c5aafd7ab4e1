"""Follows the training guide word for word in a new environment, and prints what every command took.

The commands are those of "In a quarter of an hour" in docs/training.md, run in a copy of this checkout's last commit.
They install the package and its extras, so they need a package index.

    python tools/check/guide.py PHOTOS HELD_BACK [--work FOLDER]
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("docs/training.md")
HEADING = "## In a quarter of an hour\n"


def commands_of(text: str) -> list[str]:
    """The guide's commands, each on one line."""
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    code = "\n".join(line.strip() for line in re.findall(r"^ {4}(.*)$", section, re.MULTILINE))
    return re.sub(r"\\\n\s*", "", code).splitlines()


def script_of(commands: list[str]) -> str:
    """One shell runs them all, as somebody would who types them, and says how many seconds each took."""
    lines = ["set -e"]
    for command in commands:
        name = " ".join(command.split()[:2])
        lines += ["SECONDS=0", command, f'echo "@ $SECONDS s: {name}" >&2']
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="folder of pictures to train with")
    parser.add_argument("held_back", type=Path, help="folder of pictures to measure with")
    parser.add_argument("--work", type=Path, help="folder for the copy, kept (default: a temporary one)")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        copy = (arguments.work or Path(temporary)) / "checkout"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(copy)], check=True)
        shutil.copytree(arguments.photos, copy / "photos")
        shutil.copytree(arguments.held_back, copy / "held-back")
        script = script_of(commands_of((copy / PAGE).read_text(encoding="utf-8")))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRT"))}
        done = subprocess.run(["bash", "-c", script], cwd=copy, env=clean)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
