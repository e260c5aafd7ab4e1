import io
import shutil

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.codecs import huffman
from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.jpeg.files.rehuffman import reoptimize_baseline


def pillow_file(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **options)
    return out.getvalue()


def pixels_of(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [5, 60, 98])
@pytest.mark.parametrize("shape", [(176, 176), (37, 51), (8, 8), (1, 1)])
def test_python_way_equals_libjpegs_own_optimisation(subsampling, quality, shape, city):
    pixels = np.ascontiguousarray(city[: shape[0], : shape[1]])
    standard = pillow_file(pixels, quality=quality, subsampling=subsampling)
    fitted = pillow_file(pixels, quality=quality, subsampling=subsampling, optimize=True)
    assert reoptimize_baseline(standard) == fitted


def test_python_way_on_grey(city):
    standard = pillow_file(city[..., 0], quality=50)
    assert reoptimize_baseline(standard) == pillow_file(city[..., 0], quality=50, optimize=True)


@pytest.mark.codec
@pytest.mark.skipif(shutil.which("jpegtran") is None, reason="needs jpegtran")
def test_both_ways_agree_on_jpegli(city):
    import pyjpegli

    raw = pyjpegli.encode(city.tobytes(), city.shape[1], city.shape[0], quality=60)
    ours, theirs = reoptimize_baseline(raw), huffman.reoptimize(raw)
    # pyjpegli writes both quantisation tables in one segment; jpegtran splits it: marker and length again.
    assert len(theirs) - len(ours) == 4
    assert np.array_equal(pixels_of(ours), pixels_of(theirs))
    assert np.array_equal(pixels_of(ours), pixels_of(raw))


def test_without_jpegtran_python_does_it(city, monkeypatch):
    monkeypatch.setattr(huffman, "_jpegtran", lambda: None)
    standard = pillow_file(city, quality=50)
    assert huffman.reoptimize(standard) == reoptimize_baseline(standard)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"\xff\xd8\xff\xd9",
        pillow_file(np.zeros((16, 16, 3), np.uint8), progressive=True),
        pillow_file(np.zeros((64, 64, 3), np.uint8), restart_marker_rows=1),
        pillow_file(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3))[:-60] + b"\xff\xd9",
    ],
    ids=["empty", "text", "no scan", "progressive", "restart markers", "cut"],
)
def test_files_it_cannot_do_are_refused(data, monkeypatch):
    with pytest.raises(ValueError, match=r"JPEG|jpegtran"):
        reoptimize_baseline(data)
    monkeypatch.setattr(huffman, "_jpegtran", lambda: None)
    with pytest.raises(JpegpreError):
        huffman.reoptimize(data)
