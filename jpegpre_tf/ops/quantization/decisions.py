"""From coefficients and thresholds to the integers that a file holds: hard decisions, and how to learn through them.

A coefficient of magnitude a, in steps, becomes 0 below threshold t0 (0.5 or more), 1 below t1 (1.5 or more), else it is
rounded. Thresholds of 0.5 and 1.5 are an encoder's own rounding.
"""

import tensorflow as tf

from jpegpre_tf.ops.quantization.dead_zone import hard_dead_zone
from jpegpre_tf.ops.quantization.rounding import near_tie
from jpegpre_tf.ops.quantization.silent_entries import wake_silent

# Half width in steps, around the (shifted) threshold, of the magnitudes that tell a table entry what it costs to move
# coefficients across it. Narrow enough for their density, which falls fast there, to be even.
TABLE_HALF_WIDTH = 0.08
# From this magnitude on coefficients count evenly, which averages over where in their step they happen to lie.
_EVEN_FROM = 1.2


def quantize_hard(steps: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor) -> tf.Tensor:
    """The quantized coefficients, with operations that mobile and browser runtimes have; no gradient.

    Args:
        steps: float32 coefficients with their sign, in steps.
        zero_below, one_below: float32, broadcastable to `steps`: thresholds in steps, at least 0.5 and 1.5.

    Returns:
        float32 integers, shape of `steps`.
    """
    magnitude = tf.abs(steps)
    rounded = tf.floor(magnitude + 0.5)
    kept = tf.clip_by_value(tf.floor(magnitude - zero_below + 1.0), 0.0, 1.0)
    above_one = tf.clip_by_value(tf.floor(magnitude - one_below + 1.0), 0.0, 1.0)
    # The sign of everything that is not 0 in the end, whose magnitude is at least 0.5.
    sign = tf.clip_by_value(steps * 2.0, -1.0, 1.0)
    return sign * kept * (1.0 + above_one * (rounded - 1.0))


def quantize_trained(
    coefficients: tf.Tensor, table: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """`quantize_hard` of coefficients / table, with gradients to thresholds and table.

    Thresholds: as `hard_dead_zone`. Table: where an entry grows, a coefficient of x steps moves towards the threshold
    below it at x / step; those within `TABLE_HALF_WIDTH` of t0 stand for all that cross it. Entries of which a picture
    holds zeros alone: as `ops.quantization.silent_entries`.

    Args:
        coefficients: float32 (batch, rows, columns, 64), in levels.
        table: float32 (batch, 1, 1, 64), levels per step.
        zero_below, one_below: float32, shape of `coefficients`, thresholds in steps.

    Returns:
        The quantized coefficients, with gradient 1 to the second result; and what rounds to them, in steps.
    """
    steps = coefficients * (1.0 / table)
    fixed = tf.stop_gradient(steps)
    magnitude = tf.abs(fixed)
    lowered = tf.sign(fixed) * hard_dead_zone(magnitude, zero_below, one_below)
    crossing = near_tie(magnitude - zero_below + 0.5, TABLE_HALF_WIDTH)
    density = tf.stop_gradient(tf.where(magnitude < _EVEN_FROM, crossing, tf.ones_like(crossing)))
    real = fixed - lowered + (steps - fixed) * density
    rounded = tf.sign(real) * tf.floor(tf.abs(real) + 0.5)
    quantized = real + tf.stop_gradient(rounded - real)
    return wake_silent(quantized, real, table, magnitude, (zero_below, one_below), density > 0.0)
