"""Dead-zone decisions on coefficients in quantisation steps, and how to learn their thresholds.

Two decisions per coefficient of magnitude a: below threshold t0 (0.5..1.4) it is made to round to 0, and between 1.5
and t1 (1.5..2.4) to round to 1 instead of 2. At inference each is a ramp just below the threshold, so that the
result is continuous in the picture. While training decisions are hard, and the threshold's gradient is

    d loss / d t = d loss / d (reduction) * jump * K(a - t),   K(x) = s (1 - s) / T, s = sigmoid(x / T), jump = 1 step

where the reduction is what the decision takes off the magnitude. Pictures hold coefficients of every magnitude, so
those just above a threshold (kept) and just below (reduced) stand for one on it; half of K's mass lies on either side,
and the sum takes the mean of the loss's slope at both outcomes. By the trapezoid rule that is their true difference if
the loss is quadratic between them: second order, like Heun's method in Liu et al. 2023, "Bridging discrete and
backpropagation". Drawing the decisions at random instead was measured to be as unbiased, but for the loss *with* the
noise, whose best thresholds are too low. Where the encoder rounds both outcomes to the same level nothing can be
learned: jump = 0.
"""

import tensorflow as tf

# What a coefficient keeps of itself when it is made to round to 0: a rest keeps its sign known to the rate's gradient,
# and is far from 0.5 for every threshold (0.2 * 1.4 = 0.28).
RESIDUE = 0.2
# Where a coefficient that is made to round to 1 goes, in steps.
ONE_TARGET = 1.3
RAMP_WIDTH = 0.1  # steps
KERNEL_WIDTH = 0.04  # T above, in steps


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


def _decided(magnitude, threshold, reduction, low, high):  # type: ignore[no-untyped-def]
    """`reduction` below the threshold; gradient as the module says for low <= magnitude < high."""

    @tf.custom_gradient
    def decide(threshold: tf.Tensor) -> tf.Tensor:
        reduced = tf.where(magnitude < threshold, reduction, tf.zeros_like(reduction))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            s = tf.sigmoid((magnitude - threshold) / KERNEL_WIDTH)
            jump = tf.cast((magnitude >= low) & (magnitude < high), magnitude.dtype)
            return upstream * jump * s * (1.0 - s) / KERNEL_WIDTH

        return reduced, gradient

    return decide(threshold)


def hard_dead_zone(magnitude: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor) -> tf.Tensor:
    """`dead_zone` with hard decisions and a gradient to the thresholds, for training.

    Args:
        magnitude, zero_below, one_below: float32, same shape, in steps; no gradient flows to `magnitude`.
    """
    magnitude = tf.stop_gradient(magnitude)
    to_zero = _decided(magnitude, zero_below, magnitude * (1.0 - RESIDUE), 0.5, 1.5)
    # A coefficient below 1.5 rounds to 1 by itself.
    to_one = tf.where(magnitude > 1.5, magnitude - ONE_TARGET, tf.zeros_like(magnitude))
    return to_zero + _decided(magnitude, one_below, to_one, 1.5, 2.5)
