"""Runs every verb with stdout and stderr closed, full or in an encoding that lacks letters, and in a deleted folder.

Usage: python tools/check/streams.py WORK_DIR [--verb encode --verb models ...] [--short]

Each run is a fork of this process that calls `main`, so that hundreds of them take little time: its streams are made as
Python makes them when it starts. Prints one JSON object; exits with 1 if a run ended in a traceback, an error that
nobody foresaw, a signal, or in more than its lines. Linux.
"""

import argparse
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from jpegpre_tf.cli.common.arguments.verbs import VERBS
from jpegpre_tf.cli.main import main as jpegpre

_CODES = (0, 1, 2)
# Of a run that fails: the line, and what argparse puts before it.
_MOST_ERROR_LINES = 3
_SECONDS = 300.0
# Verb -> which of its calls a short run makes: one of each kind of output and error.
_SHORT = {"": (0, 3), "encode": (2,), "finish": (1,), "train": (2,), "models": (2,)}


class Ending(NamedTuple):
    """How a run ended: exit code (negative: signal), and what it wrote to stdout and stderr, if they were open."""

    code: int
    output: str
    error: str


def calls(folder: Path) -> dict[str, list[list[str]]]:
    """Returns, by verb, arguments: help, none, an unknown option, inputs that are missing, and cheap work."""
    photo, missing, out = (
        str(folder / "caf\u00e9 \u65e5\u672c.png"),
        str(folder / "no\u00e9thing"),
        str(folder / "out"),
    )
    needs = {
        "encode": [
            [photo, "-o", out],
            [photo, "-o", out, "--json"],
            [photo, missing, "-o", out, "--details"],
        ],
        "batch": [[str(folder), out], [missing, out]],
        "preprocess": [[photo, "-o", f"{out}.png"], [missing, "-o", f"{out}.png"]],
        "finish": [
            [missing, "--carrier", photo, "-o", f"{out}.jpg"],
            [photo, "--carrier", photo, "-o", f"{out}.jpg"],
        ],
        "simulate": [[photo], [photo, "--json"], [missing]],
        "evaluate": [[missing, "-o", out]],
        "optimize": [[missing, "-o", f"{out}.png"]],
        "compare": [[missing, "-o", f"{out}.html"]],
        "train": [[missing, "-o", out]],
        "train-tables": [[missing, "-o", f"{out}.json"]],
        "export": [[missing, "-o", out]],
        "train-simulator": [[missing, "-o", out]],
        "train-rate": [[missing, "-o", out]],
        "models": [[], ["--json"], ["--details"]],
        "completion": [["bash"], ["zsh"], ["fish"]],
    }
    common: list[list[str]] = [["--help"], ["--no-such-option"]]
    found = {verb: [[verb, *rest] for rest in [*common, *needs.get(verb, [])]] for verb in VERBS}
    found[""] = [[], ["--help"], ["--version"], ["encod"], ["--no-such-option"]]
    return found


def _closed(number: int) -> None:
    os.close(number)
    setattr(sys, "stdout" if number == 1 else "stderr", None)


def _opened(number: int, path: str, encoding: str = "utf-8") -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(file, number)
    os.close(file)
    stream = io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding, errors="strict")
    setattr(sys, "stdout" if number == 1 else "stderr", stream)


def ways(output: str, error: str) -> dict[str, Callable[[], None]]:
    """Returns what makes the streams of each way to run."""

    def both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
        return lambda: (first(), second())[0]

    def out(path: str = output, encoding: str = "utf-8") -> Callable[[], None]:
        return lambda: _opened(1, path, encoding)

    def err(path: str = error, encoding: str = "utf-8") -> Callable[[], None]:
        return lambda: _opened(2, path, encoding)

    def leave() -> None:
        gone = tempfile.mkdtemp()
        os.chdir(gone)
        Path(gone).rmdir()

    return {
        "stdout closed": both(err(), lambda: _closed(1)),
        "stderr closed": both(out(), lambda: _closed(2)),
        "all closed": lambda: (os.close(0), _closed(1), _closed(2))[0],
        "stdout full": both(err(), out("/dev/full")),
        "stderr full": both(out(), err("/dev/full")),
        "both full": both(out("/dev/full"), err("/dev/full")),
        "ASCII": both(out(encoding="ascii"), err(encoding="ascii")),
        "cp1252": both(out(encoding="cp1252"), err(encoding="cp1252")),
        "deleted folder": both(both(out(), err()), leave),
    }


def run(arguments: list[str], prepare: Callable[[], None], output: Path, error: Path) -> Ending:
    """Runs the command in a fork."""
    for path in (output, error):
        path.unlink(missing_ok=True)
    process = os.fork()
    if not process:
        code = 99
        try:
            prepare()
            code = jpegpre(arguments)
            # As Python ends: what is left is written, and if that fails the code is 120.
            try:
                sys.stdout.flush()
            except (OSError, ValueError):
                code = 120
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 98
        finally:
            os._exit(code)
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    else:
        os.kill(process, 9)
        status = os.waitpid(process, 0)[1]
    texts = [
        path.read_bytes().decode("utf-8", "replace") if path.exists() else "" for path in (output, error)
    ]
    return Ending(os.waitstatus_to_exitcode(status), *texts)


def fault(arguments: list[str], ending: Ending) -> str | None:
    """Returns what is wrong with how a run ended, None if nothing is."""
    if ending.code not in _CODES:
        return f"exit code {ending.code}"
    for text in (ending.output, ending.error):
        if "Traceback" in text or "unforeseen" in text or "Exception ignored" in text:
            return "a traceback or an unforeseen error"
    if ending.code and len(ending.error.splitlines()) > _MOST_ERROR_LINES:
        return "more than a line"
    is_question = arguments[-1:] in (["--help"], ["--version"]) or not arguments
    return f"exit code {ending.code}" if is_question and ending.code == 2 else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, metavar="WORK_DIR", help="folder to make; must not exist")
    parser.add_argument("--verb", action="append", help="only these; repeatable")
    parser.add_argument("--short", action="store_true", help="six calls of five verbs, in all ways")
    chosen = parser.parse_args()
    work = chosen.work.resolve()
    pictures = work / "in"
    pictures.mkdir(parents=True)
    levels = np.add.outer(np.arange(40), np.arange(56))[..., np.newaxis] * np.array([1, 2, 1])
    Image.fromarray(levels.astype(np.uint8)).save(pictures / "caf\u00e9 \u65e5\u672c.png")
    output, error = work / "stdout", work / "stderr"
    runs, faults = 0, []
    for verb, lines in calls(pictures).items():
        if chosen.verb and verb not in chosen.verb:
            continue
        for arguments in [lines[i] for i in _SHORT.get(verb, ())] if chosen.short else lines:
            for name, prepare in ways(str(output), str(error)).items():
                shutil.rmtree(pictures / "out", ignore_errors=True)
                ending = run(arguments, prepare, output, error)
                runs += 1
                wrong = fault(arguments, ending)
                if wrong:
                    tail = (ending.error or ending.output)[-400:]
                    faults.append({"arguments": arguments, "streams": name, "fault": wrong, "said": tail})
    shutil.rmtree(work)
    print(json.dumps({"runs": runs, "faults": faults}, indent=1))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
