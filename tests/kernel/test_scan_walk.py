"""Scans walked by the library: what NumPy's walk says, of whole and of damaged ones."""

import io

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.runtime.native import scan_walk
from jpegpre_tf.runtime.pictures.jpeg_scans import jpeg_damage
from jpegpre_tf.runtime.pictures.jpeg_scans.jpeg_damage import check_scans
from jpegpre_tf.runtime.pictures.jpeg_scans.scan_lanes import DamagedScanError


def write(mode: str = "RGB", size: tuple[int, int] = (75, 50), **options) -> bytes:
    chance = np.random.default_rng(3)
    smooth = np.add.outer(np.arange(size[1]), 2 * np.arange(size[0]))[..., np.newaxis] + np.zeros(3)
    pixels = np.clip(smooth + chance.normal(0, 30, smooth.shape), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def finding(content: bytes) -> str | None:
    try:
        check_scans(content)
    except DamagedScanError as error:
        return str(error)
    return None


def finding_in_numpy(content: bytes, monkeypatch) -> str | None:
    with monkeypatch.context() as patch:
        patch.setattr(jpeg_damage, "walk_scan", lambda *arguments: None)
        return finding(content)


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {"quality": 90, "subsampling": 2}),
        ("RGB", {"quality": 60, "subsampling": 0, "optimize": True}),
        ("L", {"quality": 75}),
        ("CMYK", {"quality": 85}),
        ("RGB", {"quality": 85, "restart_marker_blocks": 3}),
        ("RGB", {"quality": 85, "progressive": True}),
    ],
)
def test_damage_is_found_as_in_numpy(library, mode, options, monkeypatch):
    content = write(mode, **options)
    assert finding(content) is None
    start = content.index(b"\xff\xda") + 14
    chance = np.random.default_rng(7)
    damaged = [content[:at] + b"\xff\xd9" for at in chance.integers(start, len(content), 8)]
    for at in chance.integers(start, len(content) - 2, 40):
        damaged.append(content[:at] + bytes([content[at] ^ 1 << int(chance.integers(8))]) + content[at + 1 :])
    damaged.append(content[:-2] + bytes(20) + content[-2:])
    found = [finding(each) for each in damaged]
    # Words may differ: NumPy's lanes see a wrong code behind the picture's end before they see that it is the end.
    wanted = [finding_in_numpy(each, monkeypatch) for each in damaged]
    assert [each is None for each in found] == [each is None for each in wanted]
    assert 5 < sum(each is not None for each in found) < len(damaged)


def test_damaged_huffman_tables_are_named(library):
    content = bytearray(write(quality=75))
    at = content.index(b"\xff\xc4") + 5
    content[at] = 3  # three codes of one bit
    assert finding(bytes(content)) == "a Huffman table is damaged"


def test_the_library_walks_and_numpy_is_not_asked(library, monkeypatch):
    monkeypatch.delattr(jpeg_damage, "ScanWalker")
    assert finding(write(quality=80)) is None


def test_what_the_library_does_not_take_is_left_to_numpy(library):
    table = jpeg_damage.HuffmanTable((2, *[0] * 15), (0, 1))
    pairs = [(table, table)]
    whole = scan_walk.walk_scan(b"\0" + bytes(8), pairs, [0], [(0, 8)], [4])
    assert whole == (scan_walk.ScanFinding.WHOLE, [8])
    assert scan_walk.walk_scan(b"\0" + bytes(7), pairs, [0], [(0, 8)], [4]) is None  # no padding
    assert scan_walk.walk_scan(b"\0" + bytes(8), pairs, [0] * 65, [(0, 8)], [4]) is None
    assert scan_walk.walk_scan(b"\0" + bytes(8), pairs, [0], [(8, 0)], [4]) is None
    ended = scan_walk.walk_scan(b"\0" + bytes(8), pairs, [0], [(0, 8)], [5])
    assert ended is not None and ended[0] is scan_walk.ScanFinding.ENDED
