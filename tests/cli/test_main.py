import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize("arguments", [["frobnicate"], ["encode"], ["--frobnicate"]])
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


def test_nothing_is_a_question_for_help(capsys):
    assert main([]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("usage: jpegpre") and output.err == ""


def test_help_is_a_verb_too(capsys):
    for words, prog in ((["help"], "jpegpre"), (["help", "encode"], "jpegpre encode")):
        assert main(words) == 0
        assert capsys.readouterr().out.startswith(f"usage: {prog} [-h]")
    assert main(["help", "encdoe"]) == 2
    assert "did you mean encode?" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--foo", "--verbose=1", "-x"])
def test_nothing_like_it_is_no_guess(option, capsys):
    assert main([option, "encode"]) == 2
    assert capsys.readouterr().err == f"jpegpre: error: there is no option '{option}' (see jpegpre --help)\n"
    assert main(["encode", "a.jpg", "-o", "b", option]) == 2
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["encdoe", "a.jpg"], "encode"),
        (["encode", "a.jpg", "-o", "b", "--qualty", "3"], "--quality"),
        (["encode", "a.jpg", "-o", "b", "--metadata", "stripgps"], "strip-gps"),
        (["encode", "a.jpg", "-o", "b", "--dry-run", "--profile", "Balance"], "balanced"),
        (["ENCODE", "a.jpg"], "encode"),
        (["--versoin"], "--version"),
    ],
)
def test_a_slip_of_the_finger_is_guessed(arguments, meant, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert f"did you mean {meant}?" in error and error.count("\n") == 1


@pytest.mark.parametrize("verb", VERBS)
def test_help_ends_in_examples_and_exit_codes(verb, capsys):
    main([verb, "--help"])
    text = capsys.readouterr().out
    assert f"examples:\n  {VERBS[verb].examples[0][0]}\n" in text and "Exit code: 0" in text


def test_escape_sequences_never_reach_the_terminal(capsys):
    for arguments in (
        ["\x1b[31mx"],
        ["encode", "\x1b]0;x\x07.jpg\nline", "-o", "out"],
        ["models", "--\x1b[31m"],
    ):
        assert main(arguments) in (1, 2)
        output = capsys.readouterr()
        assert "\x1b" not in output.err + output.out and output.err.count("\n") == 1


def test_what_nobody_foresaw_is_one_line(monkeypatch, capsys):
    def fail(arguments):
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr("jpegpre_tf.cli.models.run", fail)
    assert main(["models"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("jpegpre: error: first (RuntimeError;") and error.count("\n") == 1


def test_a_deleted_folder_is_said(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && {sys.executable} -m jpegpre_tf encode a.jpg b.jpg -o out"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment)
    assert done.returncode != 0 and "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize(
    "redirection", ["2>&-", ">&-", "<&- >&- 2>&-", ">/dev/full", ">/dev/full 2>/dev/full", "| true"]
)
def test_streams_that_take_nothing_are_no_traceback(redirection, tmp_path, photo):
    target = tmp_path / "x.jpg"
    command = f"{sys.executable} -m jpegpre_tf encode {photo} -o {target} {redirection}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert target.exists() and "Traceback" not in done.stderr and done.stderr.count("\n") <= 1
    if redirection == ">/dev/full":
        assert done.returncode == 1 and "No space left on device" in done.stderr


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}],
)
def test_an_encoding_that_lacks_letters_escapes_them(environment, tmp_path, photo):
    (tmp_path / "in").mkdir()
    for name in ("\u65e5\u672c", "b"):
        shutil.copy(photo, tmp_path / "in" / f"{name}.webp")
    command = [sys.executable, "-m", "jpegpre_tf", "encode", tmp_path / "in", "-o", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, env=os.environ | environment)
    assert done.returncode == 0 and b"Traceback" not in done.stderr and b"\\" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_json_goes_to_the_file_though_a_terminal_watches(folder, tmp_path):
    import pty

    ours, theirs = pty.openpty()
    with (tmp_path / "lines.json").open("wb") as lines:
        command = [sys.executable, "-m", "jpegpre_tf", "encode", folder, "-o", tmp_path / "out", "--json"]
        done = subprocess.Popen(
            command, stdin=theirs, stdout=lines, stderr=theirs, env=os.environ | {"TERM": "xterm"}
        )
        os.close(theirs)
        with contextlib.suppress(OSError):  # how a pseudo-terminal says that nobody writes any more
            while os.read(ours, 65536):
                pass
        done.wait()
    os.close(ours)
    rows = [json.loads(line) for line in (tmp_path / "lines.json").read_text().splitlines()]
    assert done.returncode == 0 and len(rows) == 2 and all(row["size_bytes"] for row in rows)


@pytest.mark.parametrize(
    "arguments",
    [
        ["encode", "https://user:word@host/x.png?X-Amz-Signature=word", "-o", "out"],
        ["encode", "x.png", "-o", "s3://key:word@bucket/x"],
        ["evaluate", "https://user:word@host/x.png", "-o", "out"],
    ],
)
def test_a_url_is_no_path_and_keeps_its_secrets(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "is a URL" in error and "word" not in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
