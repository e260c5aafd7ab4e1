"""`preprocess --carrier` and `finish`: through an encoder of one's own, or one line that says what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.cli.main import main

# Models of version 4, which see a quality instead of tables.
OLD_MODELS = Path(__file__).parents[2] / "runtime" / "version4"


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(3)
    pixels = np.add.outer(np.arange(75), np.arange(101))[..., np.newaxis] + random.normal(40, 9, (75, 101, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "in.png")
    return tmp_path


def make_carrier(folder, *options) -> int:
    return main(
        [
            *("preprocess", str(folder / "in.png"), "-o", str(folder / "carrier.png"), "--quality", "60"),
            *("--carrier", "--strength", "0", *options),
        ]
    )


def finish(folder, encoded="encoded.jpg", carrier="carrier.png", *options) -> int:
    out = str(folder / "out.jpg")
    return main(["finish", str(folder / encoded), "--carrier", str(folder / carrier), "-o", out, *options])


def decided(folder):
    session = runtime.load("balanced")
    return session.decide(Image.open(folder / "in.png"), session.target_tables(60), 0)


def test_the_way_there_and_back(folder, capsys):
    assert make_carrier(folder, "--json") == 0
    quality = json.loads(capsys.readouterr().out)["quality"]
    Image.open(folder / "carrier.png").save(folder / "encoded.jpg", quality=quality, subsampling=2)
    assert finish(folder, "encoded.jpg", "carrier.png", "--json") == 0
    content = (folder / "out.jpg").read_bytes()
    assert json.loads(capsys.readouterr().out)["size_bytes"] == len(content)
    held = jpeg.read_coefficients(content)
    assert (held.width, held.height) == (101, 75)
    assert all((a == b).all() for a, b in zip(held.planes, decided(folder).planes, strict=True))


def test_a_carrier_that_should_not_be_used_says_why(folder, capsys):
    page = np.full((75, 101, 3), 255, np.uint8)
    page[::7], page[:, ::11] = 0, (255, 0, 0)
    Image.fromarray(page).save(folder / "in.png")
    for quality, reason in ((60, None), (99, "more than 1 in 500 coefficients would come out otherwise")):
        assert make_carrier(folder, "--quality", str(quality), "--json") == 0
        output = capsys.readouterr()
        said = json.loads(output.out)["edit_reason"]
        if reason is None:
            assert said is None and output.err == ""
            continue
        assert said.startswith(reason)
        name = folder / "in.png"
        note = f"'{name}': without --carrier the file will be better: {said}"
        # Before it: the profile was trained for qualities up to 95.
        assert output.err.splitlines()[-1] == f"jpegpre preprocess: note: {note}"


def test_an_encoder_with_tables_of_its_own(folder):
    # Steps finer than those that the file shall have: larger ones would cut contrast.
    tables = [np.maximum(table * 2 // 3, 2).ravel().tolist() for table in decided(folder).tables]
    options = {"qtables": tables, "subsampling": 2}
    Image.open(folder / "in.png").save(folder / "its.jpg", **options)
    assert make_carrier(folder, "--encoder-tables", str(folder / "its.jpg")) == 0
    Image.open(folder / "carrier.png").save(folder / "encoded.jpg", **options)
    assert finish(folder) == 0
    held = jpeg.read_coefficients((folder / "out.jpg").read_bytes())
    wrong = sum(int((a != b).sum()) for a, b in zip(held.planes, decided(folder).planes, strict=True))
    assert wrong <= 1


def test_misuse_is_one_line_and_writes_nothing(folder, capsys):
    assert make_carrier(folder) == 0
    picture = Image.open(folder / "carrier.png")
    picture.save(folder / "full.jpg", quality=90, subsampling=0)
    picture.save(folder / "other.jpg", quality=33, subsampling=2)
    picture.crop((0, 0, 96, 80)).save(folder / "cut.jpg", quality=90, subsampling=2)
    (folder / "short.jpg").write_bytes((folder / "other.jpg").read_bytes()[:150])
    (folder / "text.jpg").write_text("no JPEG")
    capsys.readouterr()
    for encoded in ("full.jpg", "other.jpg", "cut.jpg", "short.jpg", "text.jpg", "missing.jpg"):
        assert finish(folder, encoded) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and encoded in error
    for carrier in ("in.png", "other.jpg", "missing.png"):
        assert finish(folder, "other.jpg", carrier) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and carrier in error
    assert not (folder / "out.jpg").exists()


def test_another_picture_is_found_out(folder, capsys):
    """Of the same size and tables, or without color: nothing in the header of the first one tells."""
    assert make_carrier(folder, "--json") == 0
    quality = json.loads(capsys.readouterr().out)["quality"]
    carrier = Image.open(folder / "carrier.png")
    carrier.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(
        folder / "flipped.jpg", quality=quality, subsampling=2
    )
    carrier.convert("L").save(folder / "gray.jpg", quality=quality)
    for encoded, expected in (("flipped.jpg", "another picture"), ("gray.jpg", "3 components")):
        assert finish(folder, encoded) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and encoded in error and expected in error
    assert not (folder / "out.jpg").exists()


def test_the_output_must_be_named_as_a_jpeg_file(folder, capsys):
    assert make_carrier(folder) == 0
    arguments = [str(folder / "in.png"), "--carrier", str(folder / "carrier.png")]
    assert main(["finish", *arguments, "-o", str(folder / "out.png")]) == 2
    assert "expected a .jpg file" in capsys.readouterr().err and not (folder / "out.png").exists()


def test_a_model_that_edits_only_makes_no_carrier(folder, capsys):
    arguments = ["preprocess", str(folder / "in.png"), "-o", str(folder / "c.png"), "--quality", "60"]
    code = main([*arguments, "--carrier", "--profile", str(OLD_MODELS / "balanced")])
    assert code == 2 and "can only edit" in capsys.readouterr().err
    assert not (folder / "c.png").exists()


def test_tables_from_a_file(folder, capsys):
    file = folder / "tables.json"
    file.write_text(json.dumps([[9] * 64, [12] * 64]))
    arguments = ["encode", str(folder / "in.png"), "-o", str(folder / "out.jpg"), "--strength", "0"]
    assert main([*arguments, "--tables", str(file)]) == 0
    assert (jpeg.read_coefficients((folder / "out.jpg").read_bytes()).tables[1] == 12).all()
    for content in ("[1, 2]", "{}", "no JSON"):
        file.write_text(content)
        capsys.readouterr()
        assert main([*arguments, "--tables", str(file)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_from_stdin_to_stdout(folder, capsys):
    assert make_carrier(folder, "--json") == 0
    quality = json.loads(capsys.readouterr().out)["quality"]
    Image.open(folder / "carrier.png").save(folder / "encoded.jpg", quality=quality, subsampling=2)
    assert finish(folder) == 0
    command = [sys.executable, "-m", "jpegpre_tf", "finish", "-", "--carrier", str(folder / "carrier.png")]
    done = subprocess.run(
        [*command, "-o", "-"],
        input=(folder / "encoded.jpg").read_bytes(),
        capture_output=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == (folder / "out.jpg").read_bytes() and b"wrote '-'" in done.stderr
    assert not (folder / "-").exists()
