import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.cli.main import main


def encoded(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(("subsampling", "huffman"), [("4:2:0", "optimized"), ("4:4:4", "standard")])
def test_equals_the_real_file(photo, tmp_path, capsys, mode, subsampling, huffman):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    image = Image.open(photo).convert(mode).crop((0, 0, 301, 203))
    image.save(source)
    arguments = ["--quality", "40", "--subsampling", subsampling, "--huffman", huffman, "--json"]
    assert main(["simulate", str(source), "-o", str(target), *arguments]) == 0
    described = json.loads(capsys.readouterr().out)
    chroma = {} if mode == "L" else {"subsampling": subsampling}
    real = encoded(image, quality=40, optimize=huffman == "optimized", **chroma)
    assert described["size_bytes"] == len(real)
    assert described["rate_bpp"] == pytest.approx(8 * len(real) / (301 * 203))
    decoded = Image.open(target)
    assert decoded.mode == mode
    np.testing.assert_array_equal(np.asarray(decoded), np.asarray(Image.open(io.BytesIO(real))))


def test_prints_the_size(photo, tmp_path, capsys):
    assert main(["simulate", str(photo), "-o", str(tmp_path / "x.png"), "--quality", "75"]) == 0
    size = len(encoded(Image.open(photo), quality=75, subsampling="4:2:0", optimize=True))
    assert f"{size} bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["missing.png", "-o", "x.png", "--quality", "75"], 1, "No such file"),
        (["in.png", "-o", "x.jpg", "--quality", "75"], 2, "PNG"),
        (["in.png", "-o", "in.png", "--quality", "75"], 2, "overwritten"),
        (["in.png", "-o", "x.png", "--quality", "101"], 2, "--quality"),
        (["in.png", "-o", "x.png", "--quality", "75", "--subsampling", "4:1:1"], 2, "--subsampling"),
        (["in.png", "-o", "in.png/x.png", "--quality", "75"], 1, "cannot write"),
    ],
)
def test_errors_are_one_line(tmp_path, monkeypatch, capsys, arguments, code, reason):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("in.png")
    assert main(["simulate", *arguments]) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and reason in error
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


@pytest.mark.slow
def test_memory_of_a_12_megapixel_photo(photo, tmp_path):
    pixels = np.tile(np.asarray(Image.open(photo).convert("RGB")), (6, 7, 1))[:3000, :4000]
    Image.fromarray(pixels).save(tmp_path / "in.png", compress_level=1)
    # VmHWM is this program's own peak; ru_maxrss would count the test process that it was forked from.
    program = (
        "import re, sys; from pathlib import Path; from jpegpre_tf.cli.main import main; "
        "code = main(sys.argv[1:]); status = Path('/proc/self/status').read_text(); "
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1], file=sys.stderr); sys.exit(code)"
    )
    arguments = ["simulate", str(tmp_path / "in.png"), "-o", str(tmp_path / "out.png"), "--quality", "95"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    # Picture, decoded picture and PNG 110 MB, planes and coefficients 70, codes and bits the rest.
    assert int(done.stderr) * 1024 < 600e6
