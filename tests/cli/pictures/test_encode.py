import io
import json
import os
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.output.units import format_size
from jpegpre_tf.cli.main import main
from tests.cli.pictures.runs import signalled_run

TEXT, CUT, MISSING = "text.jpg", "cut.jpg", "missing.jpg"


@pytest.fixture
def broken(folder, photo):
    (folder / TEXT).write_text("hello")
    file = io.BytesIO()
    Image.open(photo).save(file, "JPEG")
    (folder / CUT).write_bytes(file.getvalue()[:9000])
    return folder


def plain_file(path, quality) -> bytes:
    """What the encoder makes of the picture by itself: not by our own code."""
    file = io.BytesIO()
    Image.open(path).convert("RGB").save(file, "JPEG", quality=quality, subsampling=2, optimize=True)
    return file.getvalue()


def psnr(path, jpeg) -> float:
    original = np.asarray(Image.open(path).convert("RGB"), np.float64)
    return 10 * np.log10(255**2 / np.mean((original - np.asarray(Image.open(io.BytesIO(jpeg)))) ** 2))


def test_json_numbers_are_true(folder, tmp_path, capsys):
    assert main(["encode", str(folder), "-o", str(tmp_path / "out"), "--quality", "60", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["input"] for line in lines] == [
        str(folder / "a.webp"),
        str(folder / "sub" / "b.webp"),
    ]
    for line in lines:
        row = json.loads(line)
        plain = plain_file(row["input"], 60)
        written = Path(row["output"]).read_bytes()
        assert (row["size_bytes_plain"], row["size_bytes"]) == (len(plain), len(written))
        assert row["saved_percent"] == pytest.approx(100 * (1 - len(written) / len(plain)), abs=1e-3)
        assert row["psnr_rgb_plain_db"] == pytest.approx(psnr(row["input"], plain), abs=1e-3)
        assert row["psnr_rgb_db"] == pytest.approx(psnr(row["input"], written), abs=1e-3)
        assert (row["quality"], row["profile"], row["strength"]) == (60, "balanced", 1)
        assert len(written) < len(plain)


def test_the_table_shows_each_file_and_the_totals(folder, tmp_path, capsys):
    assert main(["encode", str(folder), "-o", str(tmp_path / "out"), "--details"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    sizes = [len(plain_file(folder / "a.webp", 75)), (tmp_path / "out" / "a.jpg").stat().st_size]
    saved = f"{100 * (1 - sizes[1] / sizes[0]):.1f}"
    lines = output.out.splitlines()
    row = next(line for line in lines if "a.webp" in line)
    assert [f"{size:,}" for size in sizes] == row.split()[1:3] and row.split()[3] == saved
    # The same picture twice: twice the bytes, the same percentage.
    assert re.search(rf"^2 pictures.* {2 * sizes[0]:,} +{2 * sizes[1]:,} +{saved} ", lines[-2])


def test_the_short_table_ends_in_a_sentence(folder, tmp_path, capsys):
    assert main(["encode", str(folder), "-o", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    before = 2 * (folder / "a.webp").stat().st_size
    now = 2 * (tmp_path / "out" / "a.jpg").stat().st_size
    ordinary = 2 * len(plain_file(folder / "a.webp", 75))
    assert lines[0].split() == ["picture", "before", "now", "ordinary", "saved"]
    # Without the folder that they have in common.
    assert [line.split()[0] for line in lines[2:4]] == ["a.webp", "sub/b.webp"]
    said = f"2 pictures: {format_size(before)} -> {format_size(now)}. "
    said += f"An ordinary encoder needs {format_size(ordinary)} "
    # Only tables of its own are calibrated to promise a look.
    assert lines[-1] in (f"{said}at the same quality.", f"{said}for the same look.")


def test_why_pictures_were_edited_is_said_once_a_reason(folder, photo, tmp_path, capsys):
    Image.open(photo).crop((300, 100, 428, 196)).save(folder / "a.webp", lossless=True)
    Image.open(photo).crop((300, 100, 396, 228)).save(folder / "sub" / "b.webp", lossless=True)
    reason = "with --tables standard: 4:4:4 has the encoder's own tables."
    options = ["-o", str(tmp_path / "out"), "--subsampling", "4:4:4"]
    assert main(["encode", str(folder), *options]) == 0
    *_, sentence, why = capsys.readouterr().out.splitlines()
    # Only tuned tables promise a look.
    assert sentence.endswith(" at the same quality.") and why == f"2 of 2 pictures as {reason}"
    assert main(["encode", str(folder / "a.webp"), *options]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"As {reason}"
    assert main(["encode", str(folder / "a.webp"), "-o", str(tmp_path / "out")]) == 0
    assert "--tables" not in capsys.readouterr().out


def test_strength_0_saves_nothing(photo, tmp_path, capsys):
    untouched = ["--strength", "0", "--tables", "standard"]
    assert main(["encode", str(photo), "-o", str(tmp_path / "x.jpg"), *untouched, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["saved_percent"] == 0
    assert (tmp_path / "x.jpg").read_bytes() == plain_file(photo, 75)


def test_a_perfect_copy_has_no_finite_psnr(tmp_path, capsys):
    Image.new("RGB", (16, 16), "white").save(tmp_path / "white.png")
    assert main(["encode", str(tmp_path / "white.png"), "-o", str(tmp_path / "x.jpg"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["psnr_rgb_plain_db"] is None
    assert main(["encode", str(tmp_path / "white.png"), "-o", str(tmp_path / "x.jpg")]) == 0


def test_broken_files_do_not_stop_the_others(broken, tmp_path, capsys):
    arguments = ["encode", str(broken), str(broken / MISSING), "-o", str(tmp_path / "out")]
    assert main(arguments) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    for name in (TEXT, CUT, MISSING):
        assert sum(f"error: cannot read '{broken / name}'" in line for line in errors) == 1
    written = [path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert sorted(map(str, written)) == [".jpegpre-journal.jsonl", "a.jpg", "sub/b.jpg"]


def test_errors_are_json_too(broken, tmp_path, capsys):
    assert main(["encode", str(broken), "-o", str(tmp_path / "out"), "--json"]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["error" in row for row in rows] == [False, True, True, False]  # a, cut, text, sub/b


def test_unwritable_output_is_one_line(photo, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"")
    assert main(["encode", str(photo), "-o", str(tmp_path / "file" / "x.jpg")]) == 1
    output = capsys.readouterr()
    assert output.err.count("\n") == 1 and "cannot write" in output.err and output.out == ""


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--quality", "0"], "--quality"),
        (["--quality", "101"], "--quality"),
        (["--quality", "75.5"], "--quality"),
        (["--quality", "\u0661"], "--quality"),
        (["--strength", "1.5"], "--strength"),
        (["--strength", "nan"], "--strength"),
        (["--jobs", "0"], "--jobs"),
        (["--subsampling", "4:1:1"], "--subsampling"),
        (["--metadata", "some"], "--metadata"),
        (["--profile", "nope"], "nope"),
        (["--profile", "../balanced"], "balanced"),
        (["--frobnicate"], "--frobnicate"),
    ],
)
def test_bad_usage_is_one_line_and_2(photo, tmp_path, capsys, options, named):
    assert main(["encode", str(photo), "-o", str(tmp_path / "x.jpg"), *options]) == 2
    output = capsys.readouterr()
    assert output.err.count("\n") == 1 and named in output.err and output.out == ""
    assert not (tmp_path / "x.jpg").exists()


@pytest.mark.parametrize("backend", ["litert", "auto"])
def test_a_damaged_model_fails_the_run(photo, tmp_path, capsys, backend):
    copy = shutil.copytree(runtime.find_model("balanced").path, tmp_path / "model")
    for path in (*copy.rglob("*.tflite"), *copy.rglob("*.onnx")):
        path.write_bytes(path.read_bytes() + b"x")
    command = ["encode", str(photo), "-o", str(tmp_path / "x.jpg"), "--profile", str(copy)]
    assert main([*command, "--backend", backend]) == 1
    assert "sha256" in capsys.readouterr().err


def test_backends_write_the_same_file_but_for_ties(photo, tmp_path):
    sizes = []
    for backend in ("litert", "auto"):
        target = tmp_path / f"{backend}.jpg"
        assert main(["encode", str(photo), "-o", str(target), "--backend", backend]) == 0
        sizes.append(target.stat().st_size)
    assert sizes[0] == pytest.approx(sizes[1], rel=2e-3)


def test_a_backend_that_cannot_run_the_file_is_one_line(photo, tmp_path, capsys):
    command = ["encode", str(photo), "-o", str(tmp_path / "x.jpg"), "--precision", "fp32"]
    assert main([*command, "--backend", "kernel"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "kernel" in error


def test_a_quality_the_model_was_not_trained_for_is_said(photo, tmp_path, capsys):
    copy = shutil.copytree(runtime.find_model("balanced").path, tmp_path / "model")
    description = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps(description | {"quality_range": [20, 80]}))
    for quality, said in (("20", False), ("80", False), ("81", True), ("1", True), ("100", True)):
        arguments = ["encode", str(photo), "-o", str(tmp_path / "x.jpg"), "--profile", str(copy)]
        assert main([*arguments, "--quality", quality]) == 0
        assert ("trained for qualities 20 to 80" in capsys.readouterr().err) == said


def test_an_interrupt_is_one_line_and_leaves_whole_files(photo, tmp_path):
    for number in range(40):
        shutil.copy(photo, tmp_path / f"{number:02}.webp")
    done = signalled_run(signal.SIGINT, 3, str(tmp_path), "-o", str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (130, b"")
    said = rb"jpegpre: interrupted: \d+ of 40 pictures done; the same command with --resume does the rest\n"
    assert re.fullmatch(said, done.stderr)
    written = [path for path in (tmp_path / "out").iterdir() if path.name != ".jpegpre-journal.jsonl"]
    assert 0 < len(written) < 40 and {path.suffix for path in written} == {".jpg"}
    for path in written:
        Image.open(path).load()


def test_jobs_change_nothing_but_time(folder, tmp_path, capsys):
    outputs = []
    for jobs in ("1", "3"):
        out = tmp_path / jobs
        assert main(["encode", str(folder), "-o", str(out), "--jobs", jobs, "--json"]) == 0
        outputs.append(capsys.readouterr().out.replace(str(out), ""))
        outputs.append([path.read_bytes() for path in sorted(out.rglob("*.jpg"))])
    assert outputs[:2] == outputs[2:]


def test_what_is_dropped_is_said(tmp_path, capsys):
    Image.new("RGBA", (16, 16)).save(tmp_path / "in.png")
    assert main(["encode", str(tmp_path / "in.png"), "-o", str(tmp_path / "x.jpg")]) == 0
    assert "transparency was put on white" in capsys.readouterr().err


def test_metadata_strip(photo, tmp_path):
    source = tmp_path / "in.jpg"
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    Image.open(photo).save(source, exif=exif)
    for choice, kept in (("keep", True), ("strip", False)):
        assert main(["encode", str(source), "-o", str(tmp_path / "x.jpg"), "--metadata", choice]) == 0
        assert (0x010F in Image.open(tmp_path / "x.jpg").getexif()) == kept


def test_the_page_is_written_beside_the_pictures(folder, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["encode", str(folder), "-o", str(tmp_path / "out"), "--page", str(page)]) == 0
    assert page.read_text().count("<figure ") == 2
    assert str(page) in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="file names are text here")
def test_names_that_are_not_text(photo, tmp_path, capsys):
    source = os.fsdecode(os.fsencode(tmp_path) + b"/\xff new\nline [red].webp")
    shutil.copy(photo, source)
    assert main(["encode", source, "-o", str(tmp_path / "out"), "--details"]) == 0
    assert r"\xff new\nline [red].webp" in capsys.readouterr().out
    assert main(["encode", source, "-o", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["input"] == source
