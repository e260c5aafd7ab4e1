"""Files made to cost much: refused by their bytes, before a decoder sees them."""

import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import PictureError


def jpeg(**options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)).save(file, "JPEG", **options)
    return file.getvalue()


def same(pixels, quality, strength=1.0):
    return pixels


def encode(content, tmp_path, preprocess=same, **options):
    (tmp_path / "in").write_bytes(content)
    return runtime.encode_file(tmp_path / "in", tmp_path / "out.jpg", preprocess, **options)


@pytest.mark.parametrize("marker", [b"\xff\xe5\x00\x02", b"\xff\xfe\x00\x02"])
@pytest.mark.parametrize("is_before", [True, False])
def test_empty_segments(tmp_path, marker, is_before):
    content = jpeg()
    place = 2 if is_before else content.index(b"\xff\xda")
    many = content[:place] + 2_000_000 * marker + content[place:]
    with pytest.raises(PictureError, match=r"cannot read '.*in': more than 8,192 JPEG segments"):
        encode(many, tmp_path)
    few = content[:place] + 1000 * marker + content[place:]
    assert encode(few, tmp_path).size_bytes


def test_scans(tmp_path):
    content = jpeg(progressive=True)
    start = content.rindex(b"\xff\xda")
    end = len(content) - 2
    many = content[:end] + 300 * content[start:end] + content[end:]
    with pytest.raises(PictureError, match="more than 256 JPEG scans"):
        encode(many, tmp_path)
    strict = runtime.Limits(max_jpeg_scans=3)
    with pytest.raises(PictureError, match="more than 3 JPEG scans"):
        encode(content, tmp_path, limits=strict)


def test_a_small_file_of_a_large_picture(tmp_path):
    rows = zlib.compress(bytes(2000 * (2000 // 8 + 1)), 9)

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (2000).to_bytes(4, "big") * 2 + bytes((1, 0, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert len(content) < 2000
    assert encode(content, tmp_path).width == 2000
    (tmp_path / "out.jpg").unlink()
    for limits, message in (
        (runtime.Limits(max_pixels_per_byte=1000), "pixels for each byte"),
        (runtime.Limits(max_pixels=3_999_999), "more than 3999999 pixels"),
        (runtime.Limits(max_bytes=100), "more than 100"),
    ):
        with pytest.raises(PictureError, match=message):
            encode(content, tmp_path, limits=limits)
        with pytest.raises(PictureError, match=message):
            runtime.encode_bytes(content, "x", same, runtime.EncodeOptions(limits=limits))
    assert not (tmp_path / "out.jpg").exists()


def test_time_is_up_after_the_part_that_was_begun(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("jpegpre_tf.runtime.pictures.limits.time.monotonic", lambda: now[0])

    def slow(pixels, quality, strength=1.0):
        now[0] += 10
        return pixels

    limits = runtime.Limits(max_seconds=5)
    assert encode(jpeg(), tmp_path, slow, limits=limits).size_bytes
    with pytest.raises(PictureError, match="given up after 5 s"):
        encode(jpeg(quality=95), tmp_path, slow, limits=limits, target_size_bytes=2000, allow_larger=True)
    assert now[0] == 20  # one for each file: a second part is not begun


@pytest.mark.parametrize("field", list(runtime.Limits.__dataclass_fields__))
def test_a_bound_is_more_than_nothing(field):
    with pytest.raises(ValueError, match=field):
        runtime.Limits(**{field: 0})


def test_the_command_says_it_in_one_line(tmp_path, capsys):
    content = jpeg()
    (tmp_path / "in.jpg").write_bytes(content[:2] + 10_000 * b"\xff\xe5\x00\x02" + content[2:])
    assert main(["encode", str(tmp_path / "in.jpg"), "-o", str(tmp_path / "out.jpg"), "--json"]) == 1
    output = capsys.readouterr()
    assert output.err.count("\n") == 1 and "JPEG segments" in json.loads(output.out)["error"]
