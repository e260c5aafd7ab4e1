"""The networks' real-valued transforms against the exact integer ones and their own inverses."""

import numpy as np
import tensorflow as tf

from jpegpre_tf import jpeg
from jpegpre_tf.ops.transform import real_dct

PICTURE = np.random.default_rng(0).integers(0, 256, (1, 32, 48, 3)).astype(np.float32)


def test_colour_round_trip() -> None:
    np.testing.assert_allclose(real_dct.ycc_to_rgb(real_dct.rgb_to_ycc(PICTURE)), PICTURE, atol=1e-3)


def test_dct_round_trip() -> None:
    plane = tf.constant(PICTURE[..., :1])
    np.testing.assert_allclose(real_dct.inverse(real_dct.forward(plane)), plane, atol=1e-3)


def test_coefficients_round_to_what_the_encoder_writes() -> None:
    """At quality 20 steps are 10 levels and more, the integer transform's own rounding well below one: nearly all
    coefficients round alike, the rest by one."""
    quantized = jpeg.encode_coefficients(PICTURE[0].astype(np.uint8), 20)
    luma = real_dct.forward(real_dct.rgb_to_ycc(tf.constant(PICTURE))[..., :1] - 128.0)
    table = quantized.tables[0].reshape(64).astype(np.float32)
    rounded = np.round(np.asarray(luma)[0] / table).reshape(4, 6, 8, 8)
    difference = np.abs(rounded - quantized.planes[0])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01
