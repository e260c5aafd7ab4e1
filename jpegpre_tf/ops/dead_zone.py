"""Dead-zone decisions on coefficients in quantisation steps, and how to learn their thresholds.

Two decisions per coefficient of magnitude a: below threshold t0 (0.5..1.4) it is made to round to 0, and between 1.5
and t1 (1.5..2.4) to round to 1 instead of 2. At inference each is a ramp just below the threshold, so that the
result is continuous in the picture. While training the decision is drawn at random, keep with probability
p = sigmoid((a - t) / T), and the threshold's gradient is

    d loss / d t = -(1 / T) * d loss / d a' * jump * ((1 - p) / 2 if kept else p / 2),   jump = 1 step.

In expectation over the draw this is p (1 - p) / T times the mean of the loss's slope at both outcomes: by the
trapezoid rule their true difference if the loss is quadratic between them (second order; Heun's method, as in
Liu et al. 2023, "Bridging discrete and backpropagation: straight-through and beyond"). Plain straight-through uses
one end only and is wrong even in sign near p = 1. Where the encoder rounds both outcomes to the same level nothing
can be learned: jump = 0.
"""

import tensorflow as tf

# What a coefficient keeps of itself when it is made to round to 0: a rest keeps its sign known to the rate's gradient,
# and is far from 0.5 for every threshold (0.2 * 1.4 = 0.28).
RESIDUE = 0.2
# Where a coefficient that is made to round to 1 goes, in steps.
ONE_TARGET = 1.3
RAMP_WIDTH = 0.1  # steps
TEMPERATURE = 0.1  # steps


def _ramp(magnitude: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """1 well below the threshold, 0 from it on."""
    return tf.clip_by_value((threshold - magnitude) * (1.0 / RAMP_WIDTH), 0.0, 1.0)


def dead_zone(
    magnitude: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor, amount: tf.Tensor
) -> tf.Tensor:
    """Reduction of each magnitude, >= 0, same shape.

    Args:
        magnitude, zero_below, one_below: float32, same shape, in steps.
        amount: 0..1, how far a coefficient that is to round to 1 is moved: to 1.5 - 0.2 * amount.
    """
    to_zero = _ramp(magnitude, zero_below) * magnitude * (1.0 - RESIDUE)
    one_target = 1.5 - (1.5 - ONE_TARGET) * amount
    return to_zero + _ramp(magnitude, one_below) * tf.nn.relu(magnitude - one_target)


def _drawn(magnitude, threshold, uniform, reduction, low, high):  # type: ignore[no-untyped-def]
    """`reduction` where the draw says reduce; gradient as the module says for low <= magnitude < high."""

    @tf.custom_gradient
    def draw(threshold: tf.Tensor) -> tf.Tensor:
        keep_probability = tf.sigmoid((magnitude - threshold) / TEMPERATURE)
        kept = uniform < keep_probability

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            weight = 0.5 * tf.where(kept, 1.0 - keep_probability, keep_probability)
            jump = tf.cast((magnitude >= low) & (magnitude < high), magnitude.dtype)
            # The result is subtracted from the magnitude: a higher threshold reduces more.
            return upstream * jump * weight / TEMPERATURE

        return tf.where(kept, tf.zeros_like(reduction), reduction), gradient

    return draw(threshold)


def drawn_dead_zone(
    magnitude: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor, uniform: tf.Tensor
) -> tf.Tensor:
    """`dead_zone` with random decisions, for training.

    Args:
        magnitude: float32, in steps; no gradient flows to it.
        zero_below, one_below: Thresholds, same shape, in steps.
        uniform: Random numbers in [0, 1), same shape.
    """
    magnitude = tf.stop_gradient(magnitude)
    to_zero = _drawn(magnitude, zero_below, uniform, magnitude * (1.0 - RESIDUE), 0.5, 1.5)
    # A coefficient below 1.5 rounds to 1 by itself.
    to_one = tf.where(magnitude > 1.5, magnitude - ONE_TARGET, tf.zeros_like(magnitude))
    return to_zero + _drawn(magnitude, one_below, uniform, to_one, 1.5, 2.5)
