"""Rounding with a useful gradient. Forward values are always the true, hard rounding.

Slopes, as functions of x in units of the rounding step, with f = x - round(x) in -0.5..0.5:

- "identity": 1. Straight-through (Bengio et al. 2013); equals the expected value under uniform dither of one
  step.
- "cubic": 3 f**2 (Shin and Song 2017). Zero at integers, 0.75 at ties; averages 1/4 over a step.
- "soft": s(1 - s) / (T c), s = sigmoid((|f| - 0.5) / T), c = 2 sigmoid(0.5 / T) - 1, twice at ties from both
  sides as one smooth bump. Averages 1 over a step. T -> 0: the true derivative, a spike at ties; T ->
  infinity: identity.
- "dither": 1 / (2 a) where |f| > 0.5 - a, else 0: the slope of E[round(x + u)], u uniform in -a..a.
  a = 0.5 is identity, a -> 0 the true derivative.
"""

import tensorflow as tf

SURROGATES = ("identity", "cubic", "soft", "dither")
SOFT_TEMPERATURE = 0.1  # steps
DITHER_HALF_WIDTH = 0.25  # steps


def check_surrogate(surrogate: str) -> str:
    """Returns `surrogate`, or raises ValueError naming the choices."""
    if surrogate not in SURROGATES:
        raise ValueError(f"`surrogate` must be one of {SURROGATES}. Received: surrogate={surrogate!r}")
    return surrogate


def surrogate_slope(x: tf.Tensor, surrogate: str) -> tf.Tensor:
    """Slope of the surrogate at `x` (in steps), same shape and dtype; see the module's table."""
    if surrogate == "identity":
        return tf.ones_like(x)
    distance = tf.abs(x - tf.round(x))  # 0 at integers, 0.5 at ties
    if surrogate == "cubic":
        return 3.0 * tf.square(distance)
    if surrogate == "dither":
        return near_tie(x, DITHER_HALF_WIDTH)
    if surrogate == "soft":
        s = tf.sigmoid((distance - 0.5) / SOFT_TEMPERATURE)
        mass = 2.0 * tf.sigmoid(tf.constant(0.5 / SOFT_TEMPERATURE, x.dtype)) - 1.0
        return s * (1.0 - s) / (SOFT_TEMPERATURE * mass)
    raise ValueError(f"`surrogate` must be one of {SURROGATES}. Received: surrogate={surrogate!r}")


def near_tie(x: tf.Tensor, half_width: float) -> tf.Tensor:
    """1 / (2 * half_width) where `x` is within `half_width` of a tie, else 0; averages 1 over a step."""
    distance = tf.abs(x - tf.round(x))
    return tf.cast(distance > 0.5 - half_width, x.dtype) / (2.0 * half_width)


@tf.custom_gradient
def floor_ste(x: tf.Tensor) -> tf.Tensor:
    """floor(x) with gradient 1."""
    return tf.floor(x), lambda upstream: upstream


@tf.custom_gradient
def to_levels(images: tf.Tensor) -> tf.Tensor:
    """Rounds to integer levels and clips to 0..255, with gradient 1 everywhere.

    The gradient is not stopped outside 0..255: a picture pushed out of range could otherwise never come back.
    """
    return tf.clip_by_value(tf.round(images), 0.0, 255.0), lambda upstream: upstream
