"""Runs of `jpegpre encode` in processes of their own, some of which end themselves."""

import hashlib
import subprocess
import sys
from pathlib import Path

JOURNAL = ".jpegpre-journal.jsonl"
# The signal comes when the journal has a picture whose file is not written yet: the worst moment, and always the same.
_SIGNALLED = """
import os, signal, sys
from jpegpre_tf.cli.common import journal
from jpegpre_tf.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it would be ignored
before, counts = journal.Journal.announce, []
def announce(self, *arguments):
    before(self, *arguments)
    counts.append(0)
    if len(counts) == {after}:
        os.kill(os.getpid(), {number})
journal.Journal.announce = announce
sys.exit(main())
"""


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file but the journal, by its path in the folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != JOURNAL)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def signalled_run(number: int, after: int, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`jpegpre encode` that sends itself a signal at its picture number `after`."""
    code = _SIGNALLED.format(number=number, after=after)
    return subprocess.run([sys.executable, "-c", code, "encode", *arguments], capture_output=True)
