"""The folded transform against the same maps step by step."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.ops import picture_dct, real_dct


def step_by_step(rgb: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    ycc = real_dct.rgb_to_ycc(tf.constant(rgb))
    pooled = tf.nn.avg_pool2d(ycc[..., 1:], 2, 2, "VALID")
    chroma = [real_dct.forward(pooled[..., i : i + 1]) for i in range(2)]
    return real_dct.forward(ycc[..., :1]), tf.concat(chroma, -1)


def test_forward_is_colour_average_and_dct(photos: np.ndarray) -> None:
    rgb = photos.astype(np.float32)
    for received, expected in zip(picture_dct.forward(rgb)[:2], step_by_step(rgb), strict=True):
        # float32 sums of 192 products of up to 255: 1e-3 at coefficients of up to 2040.
        np.testing.assert_allclose(received, expected, atol=2e-3)


def test_inverse_undoes_forward() -> None:
    generator = np.random.default_rng(0)
    luma = generator.normal(0, 30, (2, 4, 6, 64)).astype(np.float32)
    chroma = generator.normal(0, 30, (2, 2, 3, 128)).astype(np.float32)
    for received, expected in zip(
        picture_dct.forward(picture_dct.inverse(luma, chroma))[:2], (luma, chroma), strict=True
    ):
        # The colour matrices are each other's inverse to 1e-7, levels reach 300.
        np.testing.assert_allclose(received, expected, atol=1e-3)


def test_inverse_repeats_chroma_over_2x2_pixels() -> None:
    chroma = np.random.default_rng(0).normal(0, 30, (1, 2, 2, 128)).astype(np.float32)
    picture = np.asarray(picture_dct.inverse(np.zeros((1, 4, 4, 64), np.float32), chroma))
    np.testing.assert_allclose(picture, picture[:, ::2, ::2].repeat(2, 1).repeat(2, 2), atol=1e-4)


@pytest.mark.parametrize(
    ("levels", "counts"),
    [
        ((255, 255, 255), True),
        ((0, 0, 0), True),
        ((255, 255, 254), False),
        ((0, 0, 1), False),
        ((255, 0, 0), False),
    ],
)
def test_headroom_ends_with_so_many_white_or_black_pixels(levels: tuple[int, int, int], counts: bool) -> None:
    """To the pixel, and in the block that holds them alone."""
    grey = np.full((1, 32, 32, 3), 128.0, np.float32)
    for pixels in (picture_dct.MOST_AT_END - 1, picture_dct.MOST_AT_END):
        picture = grey.copy()
        block = picture[0, 8:16, 16:24].reshape(64, 3)
        block[:pixels] = levels
        picture[0, 8:16, 16:24] = block.reshape(8, 8, 3)
        headroom = np.asarray(picture_dct.forward(picture)[2])[0, ..., 0]
        expected = np.ones((4, 4))
        expected[1, 2] = 0.0 if counts and pixels == picture_dct.MOST_AT_END else 1.0
        # Luma is known to 2e-5 levels, a tenth of a level is a whole pixel.
        np.testing.assert_allclose(headroom, expected, atol=5e-3)
