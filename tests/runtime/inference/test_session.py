from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jpegpre_tf import runtime

side = st.integers(1, 70)


def load(**changes) -> runtime.Session:
    model = runtime.find_model("balanced")
    options = {"alignment": model.tile_alignment, "overlap": model.tile_overlap} | changes
    return runtime.Session(model.read_tflite("fp32"), **options)


@given(side, side, st.integers(1, 100), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_any_size_gives_a_picture_of_the_same_size(balanced, height, width, quality, strength):
    image = np.random.default_rng(height * 71 + width).integers(0, 256, (height, width, 3), np.uint8)
    before = image.copy()
    edited = balanced(image, quality, strength)
    assert edited.shape == image.shape and edited.dtype == np.uint8 and edited is not image
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("quality", [1, 50, 75, 100])
def test_strength_0_returns_the_input(balanced, photos, quality):
    edited = balanced(photos[0], quality, strength=0)
    np.testing.assert_array_equal(edited, photos[0])
    assert not np.shares_memory(edited, photos[0])


def test_the_network_itself_is_the_identity_at_a_strength_near_0(balanced, photos):
    # Not the short cut for exactly 0: the graph runs.
    np.testing.assert_array_equal(balanced(photos[0], 75, strength=1e-9), photos[0])


def test_strength_scales_the_change(balanced, photos):
    change = [
        np.abs(balanced(photos[1], 50, strength).astype(int) - photos[1]).mean()
        for strength in (0, 0.3, 0.6, 1)
    ]
    assert change == sorted(change) and change[-1] > change[1] > 0


@pytest.mark.parametrize("quality", [30, 75])
def test_files_of_real_photos_get_smaller(balanced, photos, quality):
    for photo in photos:
        plain = len(runtime.encode_jpeg(photo, quality))
        # 1 %: far under what the profile promises, far over what noise could do.
        assert len(runtime.encode_jpeg(balanced(photo, quality), quality)) < 0.99 * plain


@pytest.mark.parametrize("tile_pixels", [128 * 128, 300_000])
@pytest.mark.parametrize("quality", [10, 75])
def test_tiles_leave_no_seams(wide_photo, tile_pixels, quality):
    whole = load(tile_pixels=1 << 30)(wide_photo, quality).astype(int)
    tiled = load(tile_pixels=tile_pixels)(wide_photo, quality)
    difference = np.abs(tiled - whole)
    # Other shapes may add in another order, so a value just between two levels may fall either way.
    assert difference.max() <= 1
    assert np.count_nonzero(difference) < difference.size / 100_000


@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 33), (100, 47)])
def test_odd_sizes_are_padded_by_their_edge(balanced, photos, height, width):
    image = photos[2][:height, :width]
    pad = ((0, -height % 16), (0, -width % 16), (0, 0))
    padded = balanced(np.pad(image, pad, mode="edge"), 60)
    np.testing.assert_array_equal(balanced(image, 60), padded[:height, :width])


def test_views_of_any_layout_are_accepted(balanced, photos):
    view = photos[0][::-1, ::2].swapaxes(0, 1)
    np.testing.assert_array_equal(balanced(view, 40), balanced(np.ascontiguousarray(view), 40))


def test_threads_do_not_disturb_each_other(photos):
    session = load()
    work = [(photos[i % 3][: 100 + 40 * i, :300], 10 + 10 * i) for i in range(8)]
    expected = [session(*item) for item in work]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            for received, wanted in zip(pool.map(lambda item: session(*item), work), expected, strict=True):
                np.testing.assert_array_equal(received, wanted)


GOOD = np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("image", "quality", "strength", "error", "named"),
    [
        (GOOD.astype(np.float32), 75, 1, TypeError, "image"),
        (GOOD.tolist(), 75, 1, TypeError, "image"),
        (GOOD[..., 0], 75, 1, ValueError, "image"),
        (GOOD[..., :2], 75, 1, ValueError, "image"),
        (GOOD[np.newaxis], 75, 1, ValueError, "image"),
        (GOOD[:0], 75, 1, ValueError, "image"),
        (GOOD, 0, 1, ValueError, "quality"),
        (GOOD, 101, 1, ValueError, "quality"),
        (GOOD, "75", 1, TypeError, "quality"),
        (GOOD, True, 1, TypeError, "quality"),
        (GOOD, float("nan"), 1, ValueError, "quality"),
        (GOOD, 75, -0.1, ValueError, "strength"),
        (GOOD, 75, 1.1, ValueError, "strength"),
        (GOOD, 75, None, TypeError, "strength"),
    ],
)
def test_wrong_arguments_are_named(balanced, image, quality, strength, error, named):
    with pytest.raises(error, match=f"`{named}`.*Received"):
        balanced(image, quality, strength)


def test_numbers_of_numpy_are_numbers(balanced):
    balanced(GOOD, np.int64(75), np.float32(0.5))


@pytest.mark.parametrize("threads", [0, 1.5, "2", True])
def test_threads_are_a_whole_number_above_zero(threads):
    with pytest.raises(ValueError, match=f"`threads` must be a whole number >= 1. Received: .*{threads!r}"):
        runtime.load("balanced", threads=threads)
    assert runtime.load("balanced", threads=np.int64(1))(GOOD, 75).shape == GOOD.shape


@pytest.mark.parametrize("mode", ["I;16", "I", "F", "LAB"])
def test_pictures_of_pillow_with_more_than_8_bits_are_refused(balanced, mode):
    for run in (balanced, balanced.carrier):
        with pytest.raises(ValueError, match=rf"`image` must have a mode of 8 bits.*Received: mode={mode}"):
            run(Image.new(mode, (16, 16)), 75)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_put_on_white(balanced, mode):
    image = Image.new("RGBA", (16, 16), (90, 90, 90, 0))
    image.paste((200, 200, 200, 255), (0, 0, 16, 8))
    expected = np.full((16, 16, 3), 255, np.uint8)
    expected[:8] = 200
    np.testing.assert_array_equal(balanced(image.convert(mode), 75, 0), expected)


@pytest.mark.parametrize(
    ("tables", "received"),
    [
        (np.full((2, 8, 8), 300), r"300\.\.300"),
        (np.zeros((2, 8, 8), int), r"0\.\.0"),
        (np.ones((2, 64), int), r"shape=\(2, 64\), dtype=int64"),
        (lambda quality: None, r"shape=\(\), dtype=object"),
    ],
)
def test_wrong_tables_are_named(balanced, tables, received):
    with pytest.raises(ValueError, match=rf"`encoder_tables` must be two tables .* Received: {received}"):
        balanced.carrier(GOOD, 75, encoder_tables=tables)
    if not callable(tables):
        with pytest.raises(ValueError, match=rf"`tables` must be two tables .* Received: {received}"):
            balanced(GOOD, 75, tables=tables)
