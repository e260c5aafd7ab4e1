import json
from pathlib import Path

import pytest
from PIL import Image

from jpegpre_tf.cli.main import main

PICTURES = Path(__file__).parents[1] / "pictures"
MODEL = Path(__file__).parents[1] / "evaluation/data/averaging.tflite"


@pytest.fixture
def folder(tmp_path):
    target = tmp_path / "pictures"
    target.mkdir()
    for path in sorted(PICTURES.glob("gb82*.webp")):
        with Image.open(path) as picture:
            picture.convert("RGB").crop((200, 200, 328, 328)).save(target / f"{path.stem}.png")
    return target


def run(folder, tmp_path, *options):
    output = ["-o", str(tmp_path / "report"), "--cache", str(tmp_path / "cache"), "--jobs", "1"]
    return main(["evaluate", str(folder), *output, *options])


def test_profile_with_json(folder, tmp_path, capsys):
    quick = ("--controls", "none", "--metrics", "psnr_y,ssimulacra2", "--qualities", "10,25,50,80")
    assert run(folder, tmp_path, "--profile", str(MODEL), "--json", *quick) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["pictures"] == 2
    (candidate,) = result["candidates"]
    assert candidate["label"] == "data/averaging.tflite"
    assert set(candidate["bd_rate"]) == {"psnr_y", "ssimulacra2"}
    assert "report in" in err
    stored = json.loads((tmp_path / "report" / "results.json").read_text())
    assert stored["candidates"][0]["bd_rate"] == candidate["bd_rate"]
    assert (tmp_path / "report" / "index.html").exists()


def test_controls_come_with_every_report(folder, tmp_path, capsys):
    assert (
        run(folder, tmp_path, "--filter", "bilateral", "--metrics", "psnr_y", "--qualities", "10,25,50,80")
        == 0
    )
    rows = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()[2:-1]]
    assert rows == [
        "bilateral filter",
        "guided filter r=2",
        "area opening/closing",
        "MozJPEG trellis, Annex K, baseline",
        "MozJPEG",
        "jpegli (jpegli_set_quality, two tables, baseline)",
    ]


def test_without_a_choice_it_evaluates_the_default_model(folder, tmp_path, capsys):
    assert (
        run(folder, tmp_path, "--controls", "none", "--metrics", "psnr_y", "--qualities", "10,25,50,80") == 0
    )
    assert capsys.readouterr().out.splitlines()[2].startswith("balanced ")


def test_bad_picture_gives_exit_code_1_and_one_line(folder, tmp_path, capsys):
    (folder / "broken.png").write_bytes(b"nothing")
    quick = ("--controls", "none", "--metrics", "psnr_y", "--against", "webp")
    assert run(folder, tmp_path, *quick) == 1
    out, err = capsys.readouterr()
    assert "WebP" in out
    failed = [line for line in err.splitlines() if "failed" in line]
    assert len(failed) == 1 and failed[0].startswith("jpegpre: failed: broken: ")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--against", "guetzli"], 2, "guetzli"),
        (["--filter", "sharpen"], 2, "sharpen"),
        (["--metrics", "lpips"], 2, "lpips"),
        (["--qualities", "10,x"], 2, "10,x"),
        (["--qualities", "10,20"], 2, "at least 4"),
        (["--strength", "2", "--profile", str(MODEL)], 2, "strength"),
        (["--profile", str(MODEL), "--precision", "int8"], 2, "one file"),
        (["--profile", "nosuch"], 2, "nosuch"),
        (["--jobs", "0"], 2, "jobs"),
        (["--limit", "0"], 2, "limit"),
    ],
)
def test_errors_are_one_line(folder, tmp_path, capsys, options, code, message):
    assert run(folder, tmp_path, *options) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(("jpegpre: error:", "jpegpre evaluate: error:")) and message in lines[0]


def test_output_that_cannot_be_written_is_noticed_before_the_work(folder, tmp_path, capsys):
    (tmp_path / "report").write_text("a file")
    assert run(folder, tmp_path, "--against", "webp") == 1
    assert capsys.readouterr().err.startswith("jpegpre: error: cannot write")
    assert not (tmp_path / "cache").exists()


def test_missing_folder(tmp_path, capsys):
    assert run(tmp_path / "missing", tmp_path, "--against", "webp") == 2
    assert "missing" in capsys.readouterr().err
