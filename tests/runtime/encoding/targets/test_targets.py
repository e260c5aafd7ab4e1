"""Targets: sizes are of real files, and the next quality is checked to be too large."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.errors import TargetError
from jpegpre_tf.runtime.encoding.targets.search import fill_up, largest_within, smallest_reaching
from jpegpre_tf.runtime.pictures.jpeg_files.made_file import MARK_BYTES, MadeMark, insert_mark


@pytest.fixture(scope="module")
def source(photos, tmp_path_factory):
    path = tmp_path_factory.mktemp("targets") / "in.png"
    Image.fromarray(photos[1][:320, :400]).save(path)
    return path


@pytest.mark.parametrize("limit", [2500, 5000, 9000, 20_000, 30_000, 45_000, 60_000, 75_000])
@pytest.mark.parametrize("strength", [0, 0.5, 1])
def test_within_3_percent_below_and_never_above(balanced, source, tmp_path, limit, strength):
    target = tmp_path / "out.jpg"
    result = runtime.encode_file(
        source, target, balanced, target_size_bytes=limit, strength=strength, tables="standard"
    )
    assert 0.97 * limit <= target.stat().st_size == result.size_bytes <= limit
    pixels = runtime.open_picture(source).pixels
    following = math.floor(result.quality) + 1
    if following <= 100:
        larger = runtime.encode_jpeg(balanced(pixels, following, strength), following)
        assert len(larger) + MARK_BYTES > limit  # of the mark too
    # The file is what these settings give.
    edited = balanced(pixels, result.quality, result.strength)
    file = runtime.encode_jpeg(edited, result.quality)
    if result.strength:
        file = insert_mark(file, MadeMark(round(result.quality), result.strength))
    assert target.read_bytes() == file
    assert result.size_bytes_plain == len(runtime.encode_jpeg(pixels, result.quality))


def test_more_than_the_best_quality_needs(balanced, source, tmp_path):
    result = runtime.encode_file(source, tmp_path / "x.jpg", balanced, target_size_bytes=10_000_000)
    assert result.quality == 100 and result.size_bytes < 10_000_000


def test_bits_per_pixel(balanced, source, tmp_path):
    result = runtime.encode_file(source, tmp_path / "x.jpg", balanced, target_bpp=0.8)
    assert 0.97 * 0.8 <= 8 * result.size_bytes / (320 * 400) <= 0.8


def test_metadata_counts(balanced, jpeg_photo, tmp_path):
    for metadata in ("keep", "strip"):
        target = tmp_path / f"{metadata}.jpg"
        result = runtime.encode_file(jpeg_photo, target, balanced, target_size_bytes=9000, metadata=metadata)
        assert 0.97 * 9000 <= target.stat().st_size == result.size_bytes <= 9000


def test_an_impossible_target_says_the_smallest_possible(balanced, jpeg_photo, tmp_path):
    with pytest.raises(
        TargetError, match=r"the smallest possible is [\d,]+ bytes, of which [\d,]+ are"
    ) as caught:
        runtime.encode_file(jpeg_photo, tmp_path / "x.jpg", balanced, target_size_bytes=500)
    assert not (tmp_path / "x.jpg").exists()
    # What it says is possible, and nothing below.
    best = int(caught.value.best)
    result = runtime.encode_file(jpeg_photo, tmp_path / "x.jpg", balanced, target_size_bytes=best)
    assert result.size_bytes <= best
    with pytest.raises(TargetError):
        runtime.encode_file(jpeg_photo, tmp_path / "x.jpg", balanced, target_size_bytes=best - 1)


def test_a_jpeg_that_fits_is_kept(balanced, jpeg_photo, tmp_path):
    size = jpeg_photo.stat().st_size
    result = runtime.encode_file(jpeg_photo, tmp_path / "x.jpg", balanced, target_size_bytes=size)
    assert result.is_copy and (tmp_path / "x.jpg").read_bytes() == jpeg_photo.read_bytes()
    result = runtime.encode_file(jpeg_photo, tmp_path / "x.jpg", balanced, target_size_bytes=size - 1)
    assert not result.is_copy and 0.9 * size < result.size_bytes < size


def test_a_score_is_reached_by_the_smallest_quality(balanced, source, tmp_path):
    def negative_error(pixels):
        return lambda jpeg: runtime.psnr_db(pixels, jpeg)

    result = runtime.encode_file(
        source, tmp_path / "x.jpg", balanced, target_score=32.0, score=negative_error
    )
    assert result.psnr_db >= 32
    pixels = runtime.open_picture(source).pixels
    below = int(result.quality) - 1
    assert runtime.psnr_db(pixels, runtime.encode_jpeg(balanced(pixels, below), below)) < 32
    with pytest.raises(TargetError, match="the highest possible is"):
        runtime.encode_file(source, tmp_path / "x.jpg", balanced, target_score=99.0, score=negative_error)
    with pytest.raises(ValueError, match="`score`"):
        runtime.encode_file(source, tmp_path / "x.jpg", balanced, target_score=32.0)


def test_a_jpeg_that_alone_reaches_the_score_is_kept(balanced, jpeg_photo, tmp_path):
    result = runtime.encode_file(
        jpeg_photo,
        tmp_path / "x.jpg",
        balanced,
        target_score=70.0,
        score=lambda pixels: lambda jpeg: runtime.psnr_db(pixels, jpeg),
    )
    assert result.is_copy and "score" in result.reasons[0]
    assert (tmp_path / "x.jpg").read_bytes() == jpeg_photo.read_bytes()


@pytest.mark.parametrize("quality", [1.5, 30.25, 49.5, 75.3, 99.5])
def test_qualities_in_between(photos, quality):
    lower, upper = (len(runtime.encode_jpeg(photos[0], q)) for q in (int(quality), int(quality) + 1))
    between = runtime.encode_jpeg(photos[0], quality)
    assert lower <= len(between) <= upper


@pytest.mark.codec
@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
@pytest.mark.parametrize("quality", [50, 75, 92])
def test_the_quality_of_a_jpeg_agrees_with_exiftool(photos, tmp_path, quality):
    from jpegpre_tf.runtime.pictures.decode import open_decoded

    path = tmp_path / "x.jpg"
    path.write_bytes(runtime.encode_jpeg(photos[0], quality))
    detected = open_decoded(path).jpeg
    command = ["exiftool", "-j", "-n", "-JPEGQualityEstimate", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[0]["JPEGQualityEstimate"] == detected.quality == quality
    assert detected.is_exact and detected.subsampling == "4:2:0" and not detected.is_progressive


def test_the_quality_of_other_tables_is_the_nearest(photos, tmp_path):
    from jpegpre_tf.runtime.pictures.decode import open_decoded

    path = tmp_path / "x.jpg"
    luma = [min(255, value + 1) for value in Image.open(_plain(photos[0], tmp_path, 80)).quantization[0]]
    Image.fromarray(photos[0]).save(path, quality=50, qtables=[luma, luma])
    detected = open_decoded(path).jpeg
    assert not detected.is_exact and 70 <= detected.quality <= 88


def _plain(photo: np.ndarray, folder, quality: int):
    Image.fromarray(photo).save(folder / "plain.jpg", quality=quality)
    return folder / "plain.jpg"


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=100),
    st.integers(0, 3000),
    st.sampled_from([None, 1.1, 3]),
)
@settings(max_examples=300, deadline=None)
def test_search_finds_the_largest(steps, limit, ratio):
    sizes = np.cumsum(steps).tolist()
    calls = []

    def measure(at: int) -> int:
        calls.append(at)
        return sizes[at - 1]

    expected = sum(size <= limit for size in sizes) or None
    like = None if ratio is None else lambda at: int(ratio * sizes[at - 1]) + at % 3
    assert largest_within(measure, limit, 1, len(sizes), like) == expected
    assert len(set(calls)) == len(calls) <= 16


def test_search_of_scores():
    assert smallest_reaching(lambda at: at * 2, 51, 1, 100) == 26
    assert smallest_reaching(lambda at: at, 101, 1, 100) is None


def test_filling_up_stops_when_it_is_near_enough():
    seen = []

    def measure(at: float) -> int:
        seen.append(at)
        return int(1000 + 200 * at)

    at = fill_up(measure, 1100, 1090, 0, 1, 1000)
    assert 1090 <= 1000 + 200 * at <= 1100 and len(seen) == 2
    assert fill_up(lambda at: int(100 + at), 1000, 990, 0, 1, 100) == 1
    # A jump that no line foresees.
    at = fill_up(lambda at: 1000 if at < 0.9 else 1095 if at < 0.95 else 2000, 1100, 1090, 0, 1, 1000)
    assert 0.9 <= at < 0.95
