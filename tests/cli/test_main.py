import subprocess
import sys

import pytest

from jpegpre_tf._version import __version__
from jpegpre_tf.cli.main import VERBS, main


def test_help_lists_every_verb(capsys):
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(verb in listed for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: jpegpre {verb}")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"jpegpre {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["encode"], ["--frobnicate"]])
def test_bad_usage_is_one_line_and_2(arguments, capsys):
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and "--help" in output.err


def test_a_reader_that_goes_away_is_no_traceback():
    command = [sys.executable, "-m", "jpegpre_tf", "models", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()
