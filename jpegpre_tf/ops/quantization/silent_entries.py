"""A gradient for table entries for which a picture holds nothing but zeros.

Such an entry is silent: a little finer or coarser, the file is the same, and the true gradient is 0. An entry that
became too coarse would stay so. What it needs is not the slope here but a look ahead, to the step at which the first
of its coefficients is kept. The gradient is the loss's secant from here to there, over the logarithm of the step,

    d loss / d ln step = -(loss there - loss here) / ln(step here / step there)

where that is positive: where a finer step pays. Else it is 0, as a coarser step changes nothing. The loss there is
estimated from its slopes here. A coefficient of x steps that is decoded as v instead of 0 changes the distortion by
slope * v * (1 - v / 2x), which is exact for squared errors (least at v = x), and the file by what a coefficient costs
that appears (`ops.entropy.entropy_slopes`).
"""

import tensorflow as tf

# Of ln(step here / step there). Nearer thresholds have a gradient of their own (`decisions.TABLE_HALF_WIDTH`).
_LEAST_DISTANCE = 0.1
_SMALLEST = 1e-3  # steps; an entry with nothing larger stays silent


def wake_silent(
    quantized: tf.Tensor,
    real: tf.Tensor,
    table: tf.Tensor,
    magnitude: tf.Tensor,
    thresholds: tuple[tf.Tensor, tf.Tensor],
    is_heard: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns `quantized` and `real` as they are, with the module's gradient to `table`.

    Args:
        quantized: float32 (batch, rows, columns, 64); distortion's gradient arrives here.
        real: Same shape, what rounds to them; the rate's gradient arrives here.
        table: float32 (batch or 1, 1, 1, 64), levels per step.
        magnitude: Shape of `quantized`, of coefficients in steps; no gradient flows to it.
        thresholds: Shape of `quantized`, in steps: below the first a coefficient becomes 0, below the second 1.
        is_heard: Bool, shape of `quantized`: coefficients that tell their entry something already.
    """
    zero_below, one_below = (tf.stop_gradient(threshold) for threshold in thresholds)
    magnitude = tf.stop_gradient(magnitude)

    @tf.custom_gradient
    def identity(quantized: tf.Tensor, real: tf.Tensor, table: tf.Tensor):  # type: ignore[no-untyped-def]
        def gradient(of_distortion: tf.Tensor, of_rate: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            # The first to be kept grows to its threshold, or to a whole step, where that is decoded without error.
            share = magnitude / tf.maximum(zero_below, 1.0)
            step = tf.reduce_max(share, axis=[1, 2], keepdims=True)  # there, in steps of here
            is_silent = ~tf.reduce_any(is_heard, axis=[1, 2], keepdims=True) & (step > _SMALLEST)
            step = tf.where(is_silent, step, tf.ones_like(step))
            grown = magnitude / step
            rounded = tf.where(grown < one_below, tf.ones_like(grown), tf.floor(grown + 0.5))
            # The tolerance is for the first one, which is on its threshold.
            kept = tf.cast(is_silent & (grown * (1.0 + 1e-5) >= zero_below), tf.float32)
            value = kept * rounded * step
            bend = 1.0 - tf.math.divide_no_nan(value, 2.0 * magnitude)
            change = tf.sign(real) * (of_distortion * value * bend + of_rate * kept)
            change = tf.reduce_sum(change, axis=[1, 2], keepdims=True)
            distance = tf.maximum(-tf.math.log(step), _LEAST_DISTANCE)
            pull = tf.where(is_silent, tf.nn.relu(-change) / (distance * table), tf.zeros_like(change))
            if table.shape[0] == 1:
                pull = tf.reduce_sum(pull, axis=0, keepdims=True)
            return of_distortion, of_rate, pull

        return (tf.identity(quantized), tf.identity(real)), gradient

    return identity(quantized, real, table)
