"""Ctrl-C: one line that says what is there and how to go on, exit code 130, no traceback, nothing left over."""

import os
import signal
import subprocess
import sys

import pytest

from jpegpre_tf.cli import models
from jpegpre_tf.cli.main import main

# Waits where Python raises nothing, in the middle of a file, with stderr led elsewhere as while TensorFlow starts.
_BUSY = """
import os, tempfile, threading
from pathlib import Path
from jpegpre_tf.cli.common.process.interrupt import ends_at_once, tell_of_output
from jpegpre_tf.runtime.quiet import redirect_stderr
from jpegpre_tf.storage.atomic import replace_atomically

with ends_at_once(tell_of_output("out.txt")), redirect_stderr(), replace_atomically("out.txt") as partial:
    partial.write_text("half")
    Path(tempfile.mkdtemp(), "file").write_text("x")
    print("ready", flush=True)
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
"""


def interrupt(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=120)
    return process.returncode, error.decode()


@pytest.mark.skipif(os.name == "nt", reason="signals of another process")
def test_ends_at_once_and_leaves_nothing(tmp_path):
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", _BUSY],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"ready\n"
    code, error = interrupt(process)
    assert (code, error) == (
        130,
        "jpegpre: interrupted: nothing was written; the same command begins anew\n",
    )
    assert list(tmp_path.iterdir()) == [scratch] and not list(scratch.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="signals of another process")
def test_a_verb_that_waits_for_stdin(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "jpegpre_tf", "simulate", "-", "-o", "out.png"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    # More than a pipe holds: when all of it is written, the verb reads.
    process.stdin.write(bytes(1_000_000))
    process.stdin.flush()
    code, error = interrupt(process)
    assert (code, error) == (
        130,
        "jpegpre: interrupted: nothing was written; the same command begins anew\n",
    )
    assert not list(tmp_path.iterdir())


def test_an_interrupt_that_python_made_another_error(monkeypatch, capsys):
    class Field:
        def __set_name__(self, owner, name):
            raise KeyboardInterrupt

    def run(arguments):
        type("Made", (), {"field": Field()})

    monkeypatch.setattr(models, "run", run)
    assert main(["models"]) == 130
    assert capsys.readouterr().err == "jpegpre: interrupted: files that were written are whole\n"
