"""Options that change what is read, written and said, not how a picture is encoded."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from jpegpre_tf.cli.main import main


@pytest.fixture
def photos(photo, tmp_path) -> Path:
    """in/0.jpg and in/1.jpg."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(2):
        box = (40 * number, 0, 40 * number + 160, 120)
        Image.open(photo).convert("RGB").crop(box).save(folder / f"{number}.jpg", quality=95)
    return folder


def run(*arguments, content=None, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "jpegpre_tf", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, input=content, **options)


def test_a_picture_from_stdin_to_stdout(photos, tmp_path):
    assert main(["encode", str(photos / "0.jpg"), "-o", str(tmp_path / "x.jpg"), "-q"]) == 0
    content = (photos / "0.jpg").read_bytes()
    done = run("encode", "-", "-o", "-", content=content, cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", (tmp_path / "x.jpg").read_bytes())
    done = run("encode", "-", "-o", "out", "--json", content=content, cwd=tmp_path)
    assert json.loads(done.stdout)["input"] == "-" and (tmp_path / "out" / "stdin.jpg").is_file()
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("verb", ["preprocess", "simulate"])
def test_a_png_to_stdout(photos, tmp_path, verb):
    done = run(verb, "-", "-o", "-", content=(photos / "0.jpg").read_bytes(), cwd=tmp_path)
    assert done.returncode == 0 and Image.open(io.BytesIO(done.stdout)).format == "PNG"
    assert done.stderr.startswith(b"wrote '-', 160x120") and not (tmp_path / "-").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-", "-o", "-", "--json"], 2, "both write to stdout"),
        (["-", "x.jpg", "-o", "out"], 2, "one picture by itself"),
        (["-", "-o", "x.jpg"], 1, "cannot read 'stdin'"),
        (["in", "-o", "-"], 2, "several pictures need a folder"),
    ],
)
def test_what_does_not_go_with_stdin_and_stdout(photos, tmp_path, arguments, code, message):
    done = run("encode", *arguments, content=b"no picture", cwd=tmp_path)
    assert done.returncode == code and message in done.stderr.decode() and done.stderr.count(b"\n") == 1
    assert done.stdout == b"" and b"jpegpre-" not in done.stderr


def test_a_dry_run_touches_nothing(photos, tmp_path, capsys):
    before = {path: path.stat().st_mtime_ns for path in photos.iterdir()}
    assert main(["encode", str(photos), "-o", str(tmp_path / "out"), "--dry-run"]) == 0
    assert f"{photos / '0.jpg'} -> {tmp_path / 'out' / '0.jpg'}\n" in capsys.readouterr().out
    assert main(["encode", str(photos), "--in-place", "--dry-run", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["input"] == row["output"] for row in rows] == [True, True]
    assert {path: path.stat().st_mtime_ns for path in photos.iterdir()} == before
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_what_is_wrong(photos, tmp_path, capsys):
    inputs = [str(photos / "0.jpg"), str(photos / "none.jpg")]
    where = ["-o", str(tmp_path / "out"), "--dry-run"]
    assert main(["encode", *inputs, *where]) == 1
    output = capsys.readouterr()
    assert "0.jpg -> " in output.out and f"cannot read '{inputs[1]}'" in output.err
    for verb, names in (("encode", inputs[:1]), ("batch", [str(photos), str(tmp_path / "out")])):
        options = where if verb == "encode" else ["--dry-run"]
        assert main([verb, *names, *options, "--profile", "balancd"]) == 2
        assert "did you mean balanced?" in capsys.readouterr().err


@pytest.mark.parametrize("is_in_place", [False, True])
def test_times_are_kept_on_request(photos, tmp_path, is_in_place):
    os.utime(photos / "0.jpg", ns=(10**18, 10**18))
    where = ["--in-place"] if is_in_place else ["-o", str(tmp_path / "out")]
    assert main(["encode", str(photos), *where, "--keep-times"]) == 0
    folder = photos if is_in_place else tmp_path / "out"
    assert (folder / "0.jpg").stat().st_mtime_ns == 10**18


def test_an_output_is_no_more_open_than_its_input(photos, tmp_path):
    (photos / "0.jpg").chmod(0o600)
    assert main(["encode", str(photos), "-o", str(tmp_path / "out"), "-q"]) == 0
    assert stat.S_IMODE((tmp_path / "out" / "0.jpg").stat().st_mode) == 0o600
    for verb in ("preprocess", "simulate"):
        target = tmp_path / f"{verb}.png"
        assert main([verb, str(photos / "0.jpg"), "-o", str(target), "-q"]) == 0
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_quiet_says_errors_alone(photos, tmp_path, capsys):
    Image.new("RGBA", (16, 16)).save(photos / "clear.png")
    (photos / "broken.png").write_bytes(b"x")
    page = tmp_path / "page.html"
    arguments = ["encode", str(photos), "-o", str(tmp_path / "out"), "-q", "--page", str(page)]
    assert main([*arguments, "--quality", "99"]) == 1
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and "broken.png" in output.err


def test_resume_knows_a_picture_however_its_path_is_written(photos, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(photos)
    assert main(["encode", "in", "-o", "out"]) == 0
    for source, target in (("./in/", "out/"), (str(photos), str(tmp_path / "out")), ("link", "in/../out")):
        capsys.readouterr()
        assert main(["encode", source, "-o", target, "--resume"]) == 0
        assert "2 of 2 pictures had been done" in capsys.readouterr().err
    shutil.move(tmp_path / "out", tmp_path / "moved")
    assert main(["encode", "in", "-o", "moved", "--resume"]) == 0
    assert "2 of 2 pictures had been done" in capsys.readouterr().err


def test_the_page_shows_a_plain_file_as_large_and_the_original(photos, tmp_path):
    page = tmp_path / "page.html"
    options = ["--page", str(page), "--quality", "60", "--metadata", "strip"]
    assert main(["encode", str(photos), "-o", str(tmp_path / "out"), *options]) == 0
    text = page.read_text()
    for key in ("equal", "plain", "original"):
        assert text.count(f'data-key="{key}"') == 2
    assert (
        text.index('data-key="equal"') < text.index('data-key="plain"') and "ordinary at equal size" in text
    )
    assert main(["encode", str(photos), "--in-place", *options]) == 0
    assert page.read_text().count('data-key="original"') == 2


def test_jobs_are_bounded(photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("jpegpre_tf.cli.common.arguments.shared_arguments.usable_cores", lambda: 2)
    assert main(["encode", str(photos), "-o", str(tmp_path / "out"), "--jobs", "500"]) == 0
    assert "note: --jobs 500: 4 are started" in capsys.readouterr().err


def test_one_unreadable_folder_does_not_stop_the_rest(photos, tmp_path, capsys, monkeypatch):
    (photos / "locked").mkdir()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert main(["encode", str(photos), "-o", str(tmp_path / "out"), "--json"]) == 1
    output = capsys.readouterr()
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jpg")) == ["0.jpg", "1.jpg"]
    assert f"cannot read folder '{photos / 'locked'}': Permission denied" in output.err
    assert sum("error" in json.loads(line) for line in output.out.splitlines()) == 1


@pytest.mark.parametrize("verb", ["encode", "preprocess", "simulate", "batch", "optimize"])
def test_the_same_options_in_all_verbs(verb, capsys):
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("--quality", "--max-pixels", "--background", "--color", "--quiet", "--json"):
        assert option in text
    assert "(default: 75)" in " ".join(text.split())
    assert ("--precision" in text) == (verb != "simulate")  # which has no model


def test_precision_chooses_the_file(photo, tmp_path):
    for precision in ("int8", "fp32"):
        target = tmp_path / precision
        assert main(["encode", str(photo), "-o", f"{target}.jpg", "--precision", precision, "-q"]) == 0
    assert (tmp_path / "int8.jpg").read_bytes() != (tmp_path / "fp32.jpg").read_bytes()
