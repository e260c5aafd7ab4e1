from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jpegpre_tf.runtime.inference.tiling import cut, plan_tiles

sides = st.one_of(st.integers(1, 70), st.integers(71, 3000), st.integers(20_000, 65_500))


@given(sides, sides, st.sampled_from([1, 20_000, 1 << 19]), st.sampled_from([0, 16, 32, 40]))
def test_every_pixel_comes_once_from_a_tile_that_sees_its_surroundings(height, width, max_pixels, overlap):
    plan = plan_tiles(height, width, max_pixels=max_pixels, alignment=16, overlap=overlap)
    assert plan.tile_height % 16 == plan.tile_width % 16 == 0
    for length, size, spans in (
        (height, plan.tile_height, plan.rows),
        (width, plan.tile_width, plan.columns),
    ):
        padded = -(-length // 16) * 16
        assert spans[0].keep_from == 0 and spans[-1].keep_to == length
        assert all(a.keep_to == b.keep_from for a, b in pairwise(spans))
        for span in spans:
            assert span.start % 16 == 0 and span.start >= 0 and span.start + size <= padded
            assert span.keep_from < span.keep_to
            assert span.start == 0 or span.keep_from - span.start >= overlap
            assert span.start + size == padded or span.start + size - span.keep_to >= overlap


@given(sides, sides, st.sampled_from([20_000, 1 << 19]))
def test_tiles_keep_to_their_bound(height, width, max_pixels):
    plan = plan_tiles(height, width, max_pixels=max_pixels, alignment=16, overlap=32)
    assert plan.tile_height * plan.tile_width <= max_pixels


def test_a_picture_that_fits_is_one_tile():
    plan = plan_tiles(500, 700, max_pixels=512 * 704, alignment=16, overlap=32)
    assert (plan.tile_height, plan.tile_width, len(plan.rows), len(plan.columns)) == (512, 704, 1, 1)


def test_overlap_of_a_large_photo_costs_under_a_quarter():
    plan = plan_tiles(3000, 4000, max_pixels=1 << 19, alignment=16, overlap=32)
    assert plan.pixels < 1.25 * 3000 * 4000


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 17), (16, 16), (31, 2)])
def test_cut_replicates_the_last_row_and_column(height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    plan = plan_tiles(height, width, max_pixels=1 << 19, alignment=16, overlap=32)
    tile = np.full((plan.tile_height, plan.tile_width, 3), -1, np.float32)
    cut(image, plan.rows[0], plan.columns[0], tile)
    pad = ((0, plan.tile_height - height), (0, plan.tile_width - width), (0, 0))
    np.testing.assert_array_equal(tile, np.pad(image, pad, mode="edge"))
