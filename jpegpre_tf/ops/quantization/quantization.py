"""Quantization tables as tensors, and quantisation with a selectable gradient."""

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.tables import CHROMA_TABLE, LUMA_TABLE
from jpegpre_tf.ops.quantization.rounding import floor_ste, near_tie, surrogate_slope

# Steps. Narrow enough that the density of coefficients, which falls fast around the first tie, hardly
# changes.
TABLE_HALF_WIDTH = 0.06


def crossing_density(x: tf.Tensor, half_width: float) -> tf.Tensor:
    """How densely rounding's ties are crossed at `x`, per step: 1 on average over every step.

    Only within `half_width` of the tie at 0.5: smaller coefficients stay zero whatever happens. From 1 up
    evenly, which averages over where in its step a large coefficient happens to lie.
    """
    return tf.where(tf.abs(x) < 1.0, near_tie(x, half_width), tf.ones_like(x))


def quantization_tables(quality: tf.Tensor) -> tf.Tensor:
    """libjpeg's tables for each quality.

    Args:
        quality: (batch,), 1..100; rounded to an integer first.

    Returns:
        float32 (batch, 2, 8, 8): luma and chroma, natural order, integers 1..255. The gradient is that of the
        unrounded formula, zero where the table is clipped.
    """
    quality = tf.cast(quality, tf.float32)
    quality = quality + tf.stop_gradient(tf.round(quality) - quality)
    # 5000 / q is at least 1/49 away from the next integer: 0.005 guards the floor against a rounded quotient.
    low = floor_ste(5000.0 / tf.maximum(quality, 1.0) + 0.005)
    scale = tf.where(quality < 50.0, low, 200.0 - 2.0 * quality)[:, None, None, None]
    base = tf.constant(np.stack([LUMA_TABLE, CHROMA_TABLE]).astype(np.float32))
    # Numerators are integers; + 0.5 keeps the quotient clear of integers (error of the division: 4e-4 at
    # most).
    return tf.clip_by_value(floor_ste((base * scale + 50.5) / 100.0), 1.0, 255.0)


def to_blocks(plane: tf.Tensor) -> tf.Tensor:
    """(batch, height, width) as (batch, block rows, 8, block columns, 8); nothing moves in memory."""
    shape = tf.shape(plane)
    blocks = tf.reshape(plane, [shape[0], shape[1] // 8, 8, shape[2] // 8, 8])
    static = [None if size is None else size // 8 for size in plane.shape[1:]]
    return tf.ensure_shape(blocks, [plane.shape[0], static[0], 8, static[1], 8])


def from_blocks(blocks: tf.Tensor) -> tf.Tensor:
    """Inverse of `to_blocks`."""
    shape = tf.shape(blocks)
    return tf.reshape(blocks, [shape[0], shape[1] * 8, shape[3] * 8])


def quantize(scaled: tf.Tensor, table: tf.Tensor, surrogate: str) -> tf.Tensor:
    """Quantised coefficients of one component, in steps.

    Rounds half away from zero. The gradient with respect to coefficients is the surrogate's slope / step.
    With respect to the table it is -(x / step) * `crossing_density`, whatever `surrogate` is: where the table
    grows, a coefficient of x steps moves towards the tie below at x / step. (Decoding multiplies by the
    table, so it adds the rounded x: the sum for a large coefficient is minus its rounding error, for a small
    one zero.)

    Args:
        scaled: float32 (batch, block rows, 8, block columns, 8): `forward_dct`'s result (scaled by 8).
        table: float32, broadcastable to `scaled`: (batch, 1, 8, 1, 8), integer levels per step.
        surrogate: See `jpegpre_tf.ops.quantization.rounding`.

    Returns:
        float32 integers, shape of `scaled`, in steps.
    """

    @tf.custom_gradient
    def rounded(c: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
        # The numerator is an integer, so + 0.5 keeps the quotient at least 1 / 4080 away from integers.
        steps = tf.sign(c) * tf.floor((tf.abs(c) + 4.0 * q + 0.5) / (8.0 * q))

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x = c / (8.0 * q)
            to_table = -upstream * crossing_density(x, TABLE_HALF_WIDTH) * x / q
            return (
                upstream * surrogate_slope(x, surrogate) / (8.0 * q),
                tf.reduce_sum(to_table, axis=[1, 3], keepdims=True),
            )

        return steps, gradient

    return rounded(scaled, table)
