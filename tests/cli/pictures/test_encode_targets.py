"""`jpegpre encode` to a size or a score, and files that would come out larger."""

import json

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.cli.main import main


def test_the_input_is_never_larger_afterwards(photo, tmp_path, capsys):
    source, target = tmp_path / "in.jpg", tmp_path / "x.jpg"
    Image.open(photo).convert("RGB").save(source, quality=60, progressive=True)
    options = ["--quality", "90", "--strength", "0", "--json"]
    assert main(["encode", str(source), "-o", str(target), *options]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["copied"] and row["quality_input"] == 60 and "own bytes were kept" in row["reasons"][0]
    assert target.read_bytes() == source.read_bytes()
    assert main(["encode", str(source), "-o", str(target), *options[:-1], "--details"]) == 0
    output = capsys.readouterr()
    # In the table, but no line on stderr for each photo of a library.
    assert output.out.splitlines()[2].endswith("kept") and output.err == ""
    assert main(["encode", str(source), "-o", str(target), *options, "--allow-larger"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert not row["copied"] and row["quality"] == 90 and row["size_bytes"] > row["size_bytes_input"]


@pytest.mark.parametrize(
    ("option", "limit"), [("20kB", 20_000), ("20KiB", 20_480), ("0.02mb", 20_000), ("20000", 20_000)]
)
def test_target_size(photo, tmp_path, capsys, option, limit):
    assert main(["encode", str(photo), "-o", str(tmp_path / "x.jpg"), "--target-size", option, "--json"]) == 0
    assert 0.97 * limit <= json.loads(capsys.readouterr().out)["size_bytes"] <= limit


def test_target_score(photo, tmp_path, capsys):
    pytest.importorskip("ssimulacra2", reason="needs the extra [evaluate]")
    from jpegpre_tf.evaluation.metrics import get_metrics
    from jpegpre_tf.evaluation.metrics.base import Frame

    source, target = tmp_path / "in.png", tmp_path / "x.jpg"
    Image.open(photo).convert("RGB").crop((100, 100, 260, 228)).save(source)
    assert main(["encode", str(source), "-o", str(target), "--target-score", "60", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    (metric,) = get_metrics(["ssimulacra2"])
    frames = [Frame(np.asarray(Image.open(path).convert("RGB"))) for path in (source, target)]
    assert metric.score(metric.prepare(frames[0]), frames[1]) >= 60 and 1 < row["quality"] < 95


@pytest.mark.parametrize(
    "options",
    [
        ["--target-size", "0"], ["--target-size", "ten"], ["--target-size", "5ib"], ["--target-bpp", "-1"],
        ["--target-score", "100"], ["--target-size", "1kB", "--quality", "5"], ["--background", "blurple"],
        ["--max-pixels", "0"], ["--color", "cmyk"], ["--target-bpp", "inf"],
    ],
)  # fmt: skip
def test_wrong_options_are_one_line(photo, tmp_path, capsys, options):
    assert main(["encode", str(photo), "-o", str(tmp_path / "x.jpg"), *options]) == 2
    output = capsys.readouterr()
    assert output.err.count("\n") == 1 and options[0] in output.err and output.out == ""


def test_an_impossible_size_is_one_line_and_1(photo, tmp_path, capsys):
    assert main(["encode", str(photo), "-o", str(tmp_path / "x.jpg"), "--target-size", "1kB"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "the smallest possible is" in error and list(tmp_path.iterdir()) == []
