"""Damage in scans: what djpeg warns of is refused, and no whole file is."""

import io
import subprocess

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.pictures.jpeg_scans import scan_lanes
from jpegpre_tf.runtime.pictures.jpeg_scans.jpeg_damage import check_scans
from jpegpre_tf.runtime.pictures.jpeg_scans.scan_grammar import DamagedScanError
from jpegpre_tf.runtime.pictures.picture import open_content
from tests.runtime.pictures.made_files import photo, saved, witness

KINDS = {
    "baseline": {},
    "optimized": {"optimize": True},
    "4:4:4": {"subsampling": 0},
    "restarts": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
}


def scans_of(content: bytes) -> list[int]:
    """Where the entropy-coded data of each scan begins."""
    starts, at = [], content.index(b"\xff\xda")
    while at >= 0:
        starts.append(at + 2 + int.from_bytes(content[at + 2 : at + 4], "big"))
        at = content.find(b"\xff\xda", starts[-1])
    return starts


def zeroed(content: bytes) -> bytes:
    at = scans_of(content)[0] + (len(content) - scans_of(content)[0]) // 2
    return content[:at] + bytes(2000) + content[at + 2000 :]


def lost(content: bytes) -> bytes:
    at = scans_of(content)[0] + (len(content) - scans_of(content)[0]) // 3
    return content[:at] + content[at + 4096 :]


def cut_with_end(content: bytes) -> bytes:
    at = scans_of(content)[0]
    return content[: at + (len(content) - at) // 2] + b"\xff\xd9"


def line_ends(content: bytes) -> bytes:
    at = scans_of(content)[0]
    return content[:at] + content[at:].replace(b"\n", b"\r\n")


def swapped(content: bytes) -> bytes:
    at = scans_of(content)[0] + 1000
    return content[:at] + content[at + 2048 : at + 4096] + content[at : at + 2048] + content[at + 4096 :]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", [zeroed, lost, cut_with_end, line_ends, swapped])
def test_damage_is_refused(kind, damage):
    content = saved(photo(400, 300), "JPEG", quality=92, **KINDS[kind])
    assert open_content(content).notes == ()
    with pytest.raises(PictureError, match="damaged file"):
        open_content(damage(content))


@pytest.mark.parametrize("pixels", [photo(211, 133), photo(211, 133)[..., 0], photo(7, 5), photo(1, 1)])
@pytest.mark.parametrize("quality", [5, 75, 100])
@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_whole(pixels, quality, kind):
    check_scans(saved(pixels, "JPEG", quality=quality, **KINDS[kind]))


def test_flat_and_cmyk_files_are_whole():
    check_scans(saved(np.full((700, 900, 3), 255, np.uint8), "JPEG"))
    check_scans(saved(Image.fromarray(photo()).convert("CMYK"), "JPEG", progressive=True))


@pytest.mark.codec
@pytest.mark.parametrize(
    "options",
    [("-arithmetic",), ("-sample", "2x1,1x2,1x1"), ("-restart", "1B", "-progressive"), ("-sample", "4x2")],
)
def test_files_of_cjpeg_are_whole(options):
    check_scans(witness("cjpeg", *options, stdin=saved(photo(211, 133), "PPM")))


@pytest.mark.codec
def test_a_scan_that_is_repeated_is_seen():
    content = saved(photo(200, 160), "JPEG", progressive=True)
    at = scans_of(content)[1]
    header, end = content.rindex(b"\xff\xda", 0, at), content.index(b"\xff\xc4", at)
    with pytest.raises(DamagedScanError, match="repeated"):
        check_scans(content[:end] + content[header:end] + content[end:])
    check_scans(content)


def test_a_last_scan_that_is_missing_is_seen():
    content = saved(photo(), "JPEG", progressive=True)
    cut = content[: content.rindex(b"\xff\xda")] + b"\xff\xd9"
    with pytest.raises(DamagedScanError, match="scans of the picture are missing"):
        check_scans(cut)


@pytest.mark.codec
@pytest.mark.parametrize("kind", KINDS)
def test_what_djpeg_warns_of_is_refused(kind):
    whole = saved(photo(240, 160), "JPEG", quality=90, **KINDS[kind])
    witness("djpeg", stdin=whole)
    random = np.random.default_rng(5)
    start, warned = scans_of(whole)[0], 0
    for _ in range(30):
        damaged = bytearray(whole)
        at = int(random.integers(start, len(whole) - 40))
        damaged[at : at + 8] = random.bytes(8)
        done = subprocess.run(["djpeg", "-outfile", "/dev/null"], input=bytes(damaged), capture_output=True)
        if done.returncode == 0:
            continue
        warned += 1
        with pytest.raises((DamagedScanError, PictureError)):
            open_content(bytes(damaged))
    assert warned >= 10


def test_lanes_find_what_one_reader_finds(monkeypatch):
    content = saved(photo(320, 240, 3), "JPEG", quality=85)
    damaged = zeroed(content)
    for bits in (64, 512, 1 << 20):
        monkeypatch.setattr(scan_lanes, "_LANE_BITS", bits)
        monkeypatch.setattr(scan_lanes, "_LANES_AT_ONCE", 37)
        check_scans(content)
        with pytest.raises(DamagedScanError):
            check_scans(damaged)


@pytest.mark.codec
def test_of_arithmetic_coding_what_can_be_seen_is_seen():
    pixels = saved(photo(400, 300), "PPM")
    content = witness("cjpeg", "-quality", "95", "-arithmetic", "-restart", "1", stdin=pixels)
    assert "arithmetic coding hides" in open_content(content).notes[0]
    for damaged in (zeroed(content), lost(content), cut_with_end(content)):
        with pytest.raises(PictureError, match="damaged file"):
            open_content(damaged)
    progressive = witness("cjpeg", "-arithmetic", "-progressive", stdin=pixels)
    last = progressive.rindex(b"\xff\xda")
    with pytest.raises(PictureError, match="scans of the picture are missing"):
        open_content(progressive[:last] + b"\xff\xd9")


@pytest.mark.codec
def test_a_whole_arithmetic_scan_of_more_bytes_than_pillow_reads_at_once_is_decoded():
    pixels = saved(np.random.default_rng(1).integers(0, 256, (280, 280, 3), np.uint8), "PPM")
    content = witness("cjpeg", "-quality", "95", "-arithmetic", stdin=pixels)
    assert len(content) > 1 << 16
    expected = Image.open(io.BytesIO(witness("djpeg", stdin=content)))
    np.testing.assert_array_equal(open_content(content).pixels, np.asarray(expected))


@pytest.mark.codec
def test_an_original_that_may_hide_damage_is_not_replaced(balanced, tmp_path):
    content = witness("cjpeg", "-quality", "95", "-arithmetic", stdin=saved(photo(400, 300), "PPM"))
    path = tmp_path / "in.jpg"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=r"in\.jpg' is not replaced in place: its arithmetic coding"):
        runtime.encode_file(path, path, balanced, in_place=True)
    assert path.read_bytes() == content
    assert runtime.encode_file(path, tmp_path / "out.jpg", balanced).notes


@pytest.mark.parametrize(("old", "new"), [(b"\r", b"\n"), (b"\n", b"\r"), (b"\n", b"\r\n")])
def test_a_transfer_as_text_is_seen_where_all_codes_stay_valid_too(old, new):
    noise = np.random.default_rng(1).integers(0, 256, (96, 96, 3), np.uint8)
    content = saved(noise, "JPEG", quality=95)
    open_content(content)
    start = content.index(b"\xff\xda")
    with pytest.raises(PictureError, match="damaged file"):
        open_content(content[:start] + content[start:].replace(old, new))


@pytest.mark.parametrize("strip", [None, 16])
@pytest.mark.parametrize("damage", [zeroed, line_ends, swapped])
def test_damage_of_jpeg_strips_in_tiff_is_refused(damage, strip):
    options = {"strip_size": 3 * 400 * strip} if strip else {}
    whole = saved(photo(400, 300), "TIFF", compression="jpeg", quality=95, **options)
    assert open_content(whole).notes == ()
    damaged = bytearray(whole)
    at = scans_of(whole)[0] + 400
    damaged[at : at + 1500] = {
        zeroed: bytes(1500),
        line_ends: b"\r\n" * 750,
        swapped: whole[at + 700 : at + 2200],
    }[damage]
    with pytest.raises(PictureError, match="damaged file"):
        open_content(bytes(damaged))
