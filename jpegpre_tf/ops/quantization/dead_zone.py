"""Dead-zone decisions on coefficients in quantisation steps, and how to learn their thresholds.

Two decisions per coefficient of magnitude a: below threshold t0 (from 0.5, up to 2.4) it is made to round to 0, and
between 1.5 and t1 (1.5..2.4) to round to 1 instead of 2. At inference each is a ramp just below the threshold, so that
the result is continuous in the picture. While training decisions are hard, and the threshold's gradient is

    d loss / d t = d loss / d (reduction) * jump * K(a - t),   K(x) = s (1 - s) / T, s = sigmoid(x / T)

where jump is the difference of the two levels (1, or 2 from level 2 to 0) and the reduction is what the decision takes
off the magnitude. Pictures hold coefficients of every magnitude, so those just above a threshold (kept) and just below
(reduced) stand for one on it; half of K's mass lies on either side, and the sum takes the mean of the loss's slope at
both outcomes. By the trapezoid rule that is their true difference if the loss is quadratic between them: second order,
like Heun's method in Liu et al. 2023, "Bridging discrete and backpropagation".

The two slopes differ by the loss's curvature, which is far larger than their mean, so a sum over few coefficients is
mostly noise; and there are more coefficients below a threshold than above. Both are mended by moving each slope to
the midpoint: half of the curvature, measured as the difference of the two groups' mean slopes among blocks of like
energy of the same picture, is taken off on one side and added on the other.

Drawing the decisions at random instead was measured to be as unbiased, but for the loss *with* the
noise, whose best thresholds are too low. Where the encoder rounds both outcomes to the same level nothing can be
learned: jump = 0.
"""

import tensorflow as tf

# What a coefficient keeps of itself when it is made to round to 0: a rest keeps its sign known to the rate's gradient,
# and is below 0.5 for every threshold (0.2 * 2.4 = 0.48).
RESIDUE = 0.2
# Where a coefficient that is made to round to 1 goes, in steps.
ONE_TARGET = 1.3
RAMP_WIDTH = 0.1  # steps
KERNEL_WIDTH = 0.04  # T above, in steps
# Units of `dead_zone`, in steps: a ramp is 6 high, because runtimes fuse a ReLU6 and not a clip to 1.
THRESHOLD_UNIT = RAMP_WIDTH / 6.0
CHANGE_UNIT = (1.0 - RESIDUE) / 6.0
_ENERGY_CLASSES = 10  # octaves of a block's AC energy in squared steps
# A class's curvature is used when about four coefficients on either side bear on it (K peaks at 1 / (4 T)).
_LEAST_WEIGHT = 1.0 / KERNEL_WIDTH


def dead_zone(steps: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """How far each coefficient moves towards zero, in `CHANGE_UNIT`: with its sign, so subtract it.

    Ordered for few passes over the coefficients: they cost more than the arithmetic, and no runtime fuses them.

    Args:
        steps: float32 coefficients with their sign, in steps.
        zero_below, one_below: Same shape, thresholds in `THRESHOLD_UNIT`.
        amount: 0..1, how far a coefficient that is to round to 1 is moved: to 1.5 - 0.2 * amount.
    """
    magnitude = tf.abs(steps * (1.0 / THRESHOLD_UNIT))
    one_target = 1.5 - (1.5 - ONE_TARGET) * amount
    beyond = steps - tf.clip_by_value(steps, -one_target, one_target)
    # The ramps run from 6 well below the threshold to 0 from it on: subtraction and ReLU6 are one pass.
    to_zero = tf.nn.relu6(zero_below - magnitude) * steps
    return to_zero + tf.nn.relu6(one_below - magnitude) * (beyond * (1.0 / (1.0 - RESIDUE)))


def _decide(
    magnitude: tf.Tensor, threshold: tf.Tensor, reduction: tf.Tensor, to: float, high: float
) -> tf.Tensor:
    """`reduction` below the threshold, to level `to`; gradient as the module says for to + 0.5 <= magnitude < high."""
    low = to + 0.5

    @tf.custom_gradient
    def decide(threshold: tf.Tensor) -> tf.Tensor:
        kept = magnitude >= threshold

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            s = tf.sigmoid((magnitude - threshold) / KERNEL_WIDTH)
            jump = tf.where((magnitude >= low) & (magnitude < high), tf.round(magnitude) - to, 0.0)
            kernel = jump * s * (1.0 - s) / KERNEL_WIDTH
            kept_weight = tf.where(kept, kernel, tf.zeros_like(kernel))
            curvature = _curvature(upstream, kept_weight, kernel - kept_weight, magnitude)
            half = tf.where(kept, 0.5 * curvature, -0.5 * curvature)
            return (upstream - half) * kernel

        return tf.where(kept, tf.zeros_like(reduction), reduction), gradient

    return decide(threshold)


def _curvature(
    slope: tf.Tensor, kept_weight: tf.Tensor, reduced_weight: tf.Tensor, magnitude: tf.Tensor
) -> tf.Tensor:
    """Mean slope of kept less that of reduced coefficients, per picture and class of blocks of like energy.

    Args:
        slope, kept_weight, reduced_weight, magnitude: float32 (batch, height, width, 64).

    Returns:
        float32 (batch, height, width, 1); 0 for classes with hardly any weight on either side.
    """
    shape = tf.shape(magnitude)
    energy = tf.reduce_sum(tf.square(magnitude[..., 1:]), axis=3)
    octave = tf.math.log(energy + 1.0) * (1.0 / tf.math.log(2.0))
    label = tf.clip_by_value(tf.cast(octave, tf.int32), 0, _ENERGY_CLASSES - 1)
    member = tf.one_hot(tf.reshape(label, [shape[0], -1]), _ENERGY_CLASSES)
    terms = [kept_weight * slope, kept_weight, reduced_weight * slope, reduced_weight]
    per_block = tf.stack([tf.reduce_sum(term, axis=3) for term in terms], axis=-1)
    total = tf.matmul(member, tf.reshape(per_block, [shape[0], -1, 4]), transpose_a=True)
    kept_sum, kept_total, reduced_sum, reduced_total = tf.unstack(total, axis=-1)
    enough = (kept_total > _LEAST_WEIGHT) & (reduced_total > _LEAST_WEIGHT)
    difference = tf.math.divide_no_nan(kept_sum, kept_total) - tf.math.divide_no_nan(
        reduced_sum, reduced_total
    )
    difference = tf.where(enough, difference, tf.zeros_like(difference))
    return tf.reshape(tf.matmul(member, difference[..., None]), [shape[0], shape[1], shape[2], 1])


def hard_dead_zone(magnitude: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor) -> tf.Tensor:
    """`dead_zone` with hard decisions and a gradient to the thresholds, for training.

    Args:
        magnitude, zero_below, one_below: float32, same shape, in steps; no gradient flows to `magnitude`.
    """
    magnitude = tf.stop_gradient(magnitude)
    to_zero = _decide(magnitude, zero_below, magnitude * (1.0 - RESIDUE), 0.0, 2.5)
    # A coefficient below 1.5 rounds to 1 by itself.
    to_one = tf.where(magnitude > 1.5, magnitude - ONE_TARGET, tf.zeros_like(magnitude))
    return to_zero + _decide(magnitude, one_below, to_one, 1.0, 2.5)
