"""RGB <-> YCbCr, equal to `jpegpre_tf.jpeg.transform.color` in float32 (sums stay below 2**24)."""

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.transform import color as reference
from jpegpre_tf.ops.quantization.rounding import floor_ste

_ONE = float(1 << reference.FRACTION_BITS)


def rgb_to_ycc(rgb: tf.Tensor) -> tf.Tensor:
    """float32 (..., 3) integer RGB levels 0..255 to (..., 3) integer Y, Cb, Cr levels 0..255."""
    matrix = tf.constant(reference.RGB_TO_YCC.T.astype(np.float32))
    offset = tf.constant(reference.RGB_TO_YCC_OFFSET.astype(np.float32))
    flat = tf.matmul(tf.reshape(rgb, [-1, 3]), matrix)
    return floor_ste(tf.reshape((flat + offset) / _ONE, tf.shape(rgb)))


def ycc_to_rgb(y: tf.Tensor, cb: tf.Tensor, cr: tf.Tensor) -> tf.Tensor:
    """float32 (...) Y, Cb, Cr integer levels to (..., 3) RGB levels clipped to 0..255.

    The gradient is the true one at the clip: zero where the unclipped value is outside.
    """
    cb, cr = cb - 128.0, cr - 128.0
    half = float(reference.HALF)
    red = y + floor_ste((reference.CR_TO_R * cr + half) / _ONE)
    green = y + floor_ste((reference.CB_TO_G * cb + reference.CR_TO_G * cr + half) / _ONE)
    blue = y + floor_ste((reference.CB_TO_B * cb + half) / _ONE)
    return tf.clip_by_value(tf.stack([red, green, blue], axis=-1), 0.0, 255.0)
