"""The folded transform against the same maps step by step."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.ops.transform import picture_dct, real_dct


def step_by_step(rgb: np.ndarray) -> list[np.ndarray]:
    ycc = real_dct.rgb_to_ycc(tf.constant(rgb))
    pooled = tf.nn.avg_pool2d(ycc[..., 1:], 2, 2, "VALID")
    planes = [ycc[..., :1] - 128.0, pooled[..., :1], pooled[..., 1:]]
    return [np.asarray(real_dct.forward(plane))[..., picture_dct.ORDER] for plane in planes]


def test_order_is_low_frequencies_first_and_undone_by_to_natural() -> None:
    rows, columns = np.divmod(picture_dct.ORDER, 8)
    assert np.all(np.diff(rows + columns) >= 0)
    natural = np.arange(64, dtype=np.float32).reshape(1, 1, 1, 64)
    np.testing.assert_array_equal(np.asarray(picture_dct.ordered(natural))[0, 0, 0], picture_dct.ORDER)
    np.testing.assert_array_equal(picture_dct.to_natural(picture_dct.ordered(natural)), natural)


def test_forward_is_colour_average_and_dct(photos: np.ndarray) -> None:
    rgb = photos.astype(np.float32)
    for received, expected in zip(picture_dct.forward(rgb)[:3], step_by_step(rgb), strict=True):
        # float32 sums of 192 products of up to 255: 1e-3 at coefficients of up to 2040.
        np.testing.assert_allclose(received, expected, atol=2e-3)


def test_inverse_undoes_forward() -> None:
    generator = np.random.default_rng(0)
    shapes = ((2, 4, 6, 64), (2, 2, 3, 64), (2, 2, 3, 64))
    planes = [generator.normal(0, 30, shape).astype(np.float32) for shape in shapes]
    for received, expected in zip(
        picture_dct.forward(picture_dct.inverse(*planes, 128.0))[:3], planes, strict=True
    ):
        # The colour matrices are each other's inverse to 1e-7, levels reach 300.
        np.testing.assert_allclose(received, expected, atol=1e-3)


def test_inverse_repeats_chroma_over_2x2_pixels() -> None:
    cb, cr = np.random.default_rng(0).normal(0, 30, (2, 1, 2, 2, 64)).astype(np.float32)
    picture = np.asarray(picture_dct.inverse(np.zeros((1, 4, 4, 64), np.float32), cb, cr))
    np.testing.assert_allclose(picture, picture[:, ::2, ::2].repeat(2, 1).repeat(2, 2), atol=1e-4)


def _gray_but(levels: tuple[float, float, float], pixels: int) -> np.ndarray:
    """Grey, with so many other pixels in the block in row 1, column 2."""
    picture = np.full((1, 32, 32, 3), 128.0, np.float32)
    block = picture[0, 8:16, 16:24].reshape(64, 3)
    block[:pixels] = levels
    picture[0, 8:16, 16:24] = block.reshape(8, 8, 3)
    return picture


def _headroom(picture: np.ndarray, change: float) -> tuple[np.ndarray, np.ndarray]:
    """With a change of so many levels in one coefficient of each block."""
    changes = np.zeros((1, 4, 4, 64), np.float32)
    changes[..., 9] = -change
    factors = picture_dct.headroom(picture_dct.forward(picture)[3], changes)
    return tuple(np.asarray(factor)[0, ..., 0] for factor in factors)


@pytest.mark.parametrize(
    ("levels", "change", "counts"),
    [
        ((255, 255, 255), 0, True),
        ((0, 0, 0), 0, True),
        ((255, 255, 254), 0, False),
        ((0, 0, 1), 0, False),
        ((255, 0, 0), 0, False),
        # In reach are 0.05 levels a level of change, and a whole pixel counts at the end alone.
        ((255, 255, 255), 100, True),
        ((251, 251, 251), 40, False),
    ],
)
def test_headroom_ends_with_so_many_pixels_at_an_end(
    levels: tuple[int, int, int], change: float, counts: bool
) -> None:
    """To the pixel, in the block that holds them alone, and for the chroma around it."""
    most = picture_dct.MOST_IN_REACH
    for pixels in (most - 1, most):
        luma, chroma = _headroom(_gray_but(levels, pixels), change)
        expected = np.ones((4, 4))
        expected[1, 2] = 0.0 if counts and pixels == most else 1.0
        # Luma is known to 2e-5 levels, a tenth of a level is a whole pixel.
        np.testing.assert_allclose(luma, expected, atol=5e-3)
        np.testing.assert_allclose(chroma, [[1.0, expected[1, 2]], [1.0, 1.0]], atol=2e-2)


def test_headroom_shrinks_with_the_change() -> None:
    """Paper 5 levels below white holds small changes and not large ones."""
    paper = _gray_but((250, 250, 250), 64)
    factors = [_headroom(paper, change)[0][1, 2] for change in (0, 60, 100, 200)]
    # 0.05 levels of reach a level, and 0.125: 3.1, 5.1, 10.1; of 64 pixels 0, 1.6 and 32 are in reach.
    np.testing.assert_allclose(factors, [1, 1, 1, 0], atol=1e-3)
