"""The folded transform against the same maps step by step."""

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops import picture_dct, real_dct


def step_by_step(rgb: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    ycc = real_dct.rgb_to_ycc(tf.constant(rgb))
    pooled = tf.nn.avg_pool2d(ycc[..., 1:], 2, 2, "VALID")
    chroma = [real_dct.forward(pooled[..., i : i + 1]) for i in range(2)]
    return real_dct.forward(ycc[..., :1]), tf.concat(chroma, -1)


def test_forward_is_colour_average_and_dct(photos: np.ndarray) -> None:
    rgb = photos.astype(np.float32)
    for received, expected in zip(picture_dct.forward(rgb), step_by_step(rgb), strict=True):
        # float32 sums of 192 products of up to 255: 1e-3 at coefficients of up to 2040.
        np.testing.assert_allclose(received, expected, atol=2e-3)


def test_inverse_undoes_forward() -> None:
    generator = np.random.default_rng(0)
    luma = generator.normal(0, 30, (2, 4, 6, 64)).astype(np.float32)
    chroma = generator.normal(0, 30, (2, 2, 3, 128)).astype(np.float32)
    for received, expected in zip(
        picture_dct.forward(picture_dct.inverse(luma, chroma)), (luma, chroma), strict=True
    ):
        # The colour matrices are each other's inverse to 1e-7, levels reach 300.
        np.testing.assert_allclose(received, expected, atol=1e-3)


def test_inverse_repeats_chroma_over_2x2_pixels() -> None:
    chroma = np.random.default_rng(0).normal(0, 30, (1, 2, 2, 128)).astype(np.float32)
    picture = np.asarray(picture_dct.inverse(np.zeros((1, 4, 4, 64), np.float32), chroma))
    np.testing.assert_allclose(picture, picture[:, ::2, ::2].repeat(2, 1).repeat(2, 2), atol=1e-4)
