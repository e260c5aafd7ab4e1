"""Large pictures in strips: the same bytes and numbers as in one piece."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.runtime.encoding import encode_job
from jpegpre_tf.runtime.encoding.rendering import strip_renderer
from jpegpre_tf.runtime.encoding.rendering.strip_jpeg import StripJpeg


def in_strips(pixels, quality, rows, *, subsampling="4:2:0", is_gray=False, density=None) -> bytes:
    file = StripJpeg(*pixels.shape[:2], quality, subsampling=subsampling, is_gray=is_gray, density=density)
    for top in range(0, len(pixels), rows):
        file.add(pixels[top : top + rows])
    return file.finish()


@pytest.mark.parametrize("quality", [1, 30, 75, 75.5, 98, 100])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_bytes_are_libjpegs(photos, quality, subsampling):
    pixels = photos[0][:211, :317]
    expected = runtime.encode_jpeg(pixels, quality, subsampling=subsampling, density=(300, 240))
    for rows in (16, 80):
        received = in_strips(pixels, quality, rows, subsampling=subsampling, density=(300, 240))
        assert received == expected


@pytest.mark.parametrize("kind", ["noise", "black", "binary", "one colour"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (16, 8), (17, 33), (64, 5), (65, 70), (200, 1)])
@pytest.mark.parametrize("is_gray", [False, True])
def test_odd_sizes_and_contents(picture, kind, height, width, is_gray):
    pixels = picture(kind, height, width, seed=height * width)
    for quality in (10, 100):
        expected = runtime.encode_jpeg(pixels, quality, is_gray=is_gray)
        assert in_strips(pixels, quality, 32, is_gray=is_gray) == expected


@pytest.fixture
def both(monkeypatch, balanced, tmp_path):
    """Encodes one file whole and in small strips."""

    def encode(source, **options):
        whole = runtime.encode_file(source, tmp_path / "whole.jpg", balanced, **options)
        with monkeypatch.context() as patched:
            patched.setattr(encode_job, "WHOLE_PIXELS", 1000)
            patched.setattr(strip_renderer, "_STRIP_PIXELS", 1000)
            strips = runtime.encode_file(source, tmp_path / "strips.jpg", balanced, **options)
        return whole, strips

    return encode


@pytest.mark.parametrize("strength", [0, 1])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_file_in_strips_is_the_file_as_a_whole(photos, both, tmp_path, strength, mode):
    Image.fromarray(photos[0][:500, :331]).convert(mode).save(tmp_path / "in.png")
    whole, strips = both(tmp_path / "in.png", strength=strength)
    first, second = ((tmp_path / name).read_bytes() for name in ("whole.jpg", "strips.jpg"))
    if strength == 0:
        assert first == second and strips.psnr_db == pytest.approx(whole.psnr_db, abs=1e-5)
    # Tiles of another shape may add in another order: some coefficient on a threshold may fall otherwise.
    pixels = [
        np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int) for content in (first, second)
    ]
    assert np.count_nonzero(pixels[0] - pixels[1]) < pixels[0].size / 1000
    assert strips.size_bytes == len(second) == pytest.approx(len(first), rel=1e-3)
    assert strips.size_bytes_plain == whole.size_bytes_plain
    assert strips.psnr_plain_db == pytest.approx(whole.psnr_plain_db, abs=1e-5)
    assert strips.psnr_db == pytest.approx(whole.psnr_db, abs=1e-2)
    assert strips.jpeg == strips.jpeg_plain == b""


def test_targets_and_copies_work_in_strips_too(photos, both, tmp_path):
    source = tmp_path / "in.jpg"
    Image.fromarray(photos[0][:300, :331]).save(source, quality=75, optimize=True)
    _, strips = both(source, target_size_bytes=12_000)
    assert 0.97 * 12_000 <= strips.size_bytes <= 12_000
    _, strips = both(source, strength=0)
    assert strips.is_copy and (tmp_path / "strips.jpg").read_bytes() == source.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize(
    ("width", "height", "name", "options", "most_bytes"),
    [
        # 4 bytes per pixel for Pillow's picture and the rest: 100 megapixels of usual shape stay under 700 MB.
        # Strips of the widest pictures hold more.
        (65_500, 500, "in.jpg", {}, 491e6),
        (7000, 5000, "in.jpg", {}, 436e6),
        # Planes, and coefficients of one component while it is decoded.
        (7000, 5000, "in.jpg", {"progressive": True, "subsampling": 2}, 290e6),
        (7000, 5000, "in.jpg", {"progressive": True, "subsampling": 1}, 300e6),
        (7000, 5000, "in.jpg", {"progressive": True, "subsampling": 0}, 340e6),
        # No picture at all.
        (7000, 5000, "in.tif", {"compression": "tiff_adobe_deflate"}, 270e6),
    ],
)
def test_memory_of_large_pictures(photos, tmp_path, width, height, name, options, most_bytes):
    tile = np.tile(photos[1][:500, :500], (1, 14, 1))
    image = Image.new("RGB", (width, height))
    strip = Image.fromarray(tile)
    for y in range(0, height, 500):
        for x in range(0, width, 7000):
            image.paste(strip, (x, y))
    image.save(tmp_path / name, **({"quality": 90} if name == "in.jpg" else {}), **options)
    program = (
        "import re, sys\n"
        "from jpegpre_tf.cli.main import main\n"
        "code = main(['encode', sys.argv[1], '-o', 'out.jpg'])\n"
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1], file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", program, name], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(re.findall(r"\d+", done.stderr)[-1]) * 1024 < most_bytes
    assert Image.open(tmp_path / "out.jpg").size == (width, height)
