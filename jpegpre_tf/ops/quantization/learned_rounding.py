"""Quantisation with learned thresholds: hard values forward, the slope of their expectation backward.

An encoder turns a coefficient of |x| steps into an integer. Plain ones round; trellis quantisation and adaptive
quantisation zero or lower some. Both are thresholds that depend on the block:

    quantized = 0                         if |x| < zero_below
                1                         else if |x| < 1
                floor(|x|) or one more    otherwise: more if the fraction is at least 0.5 + shift

A coefficient near its threshold may go either way: `temperature` T (steps) says how unsure a network is, and
sigmoid(distance / T) how likely. That makes the expected value a smooth staircase. Plain rounding is
zero_below = 0.5, shift = 0, T -> 0.
"""

from typing import NamedTuple

import tensorflow as tf

# Steps. A network that knows its encoder well has so small a temperature that slopes would be spikes; gradients
# to the coefficients use at least this one. (`ops.quantization.rounding`'s "soft" surrogate uses 0.1.)
GRADIENT_TEMPERATURE = 0.12


class Decisions(NamedTuple):
    """How one component's coefficients are quantised; each float32 (batch, rows, columns, 64).

    Attributes:
        steps: Coefficients in steps, signed.
        zero_below: Magnitude in steps below which a coefficient becomes 0.
        shift: Distance in steps above n + 0.5 from which a magnitude becomes n + 1 (n >= 1).
        temperature: Width of the transitions in steps, > 0.
    """

    steps: tf.Tensor
    zero_below: tf.Tensor
    shift: tf.Tensor
    temperature: tf.Tensor


@tf.custom_gradient
def with_gradient_of(value: tf.Tensor, surrogate: tf.Tensor) -> tf.Tensor:
    """Returns `value`, exactly; the gradient goes to `surrogate` instead, as if that had been returned."""
    return tf.identity(value), lambda upstream: (None, upstream)


def logits(decisions: Decisions) -> tuple[tf.Tensor, tf.Tensor]:
    """Log odds that a coefficient is kept (not 0), and that one of |x| >= 1 rounds up rather than down."""
    return _logits(decisions, decisions.temperature)


def choose_quantized(decisions: Decisions) -> tf.Tensor:
    """Likeliest quantized coefficients: float32 integers, signed, with the gradient of `expect_quantized`."""
    magnitude = tf.abs(decisions.steps)
    below = tf.floor(magnitude)
    up = tf.cast(magnitude - below >= 0.5 + decisions.shift, tf.float32)
    rounded = tf.where(below >= 1.0, below + up, tf.ones_like(below))
    quantized = tf.where(magnitude >= decisions.zero_below, rounded, tf.zeros_like(rounded))
    smooth, _ = _expectation(decisions, _gradient_temperature(decisions))
    sign = tf.sign(decisions.steps)
    return with_gradient_of(sign * quantized, sign * smooth)


def expect_quantized(decisions: Decisions) -> tuple[tf.Tensor, tf.Tensor]:
    """Expected magnitude in steps, and probability of not being 0; float32, shape of the steps.

    Gradients are those at a temperature of at least `GRADIENT_TEMPERATURE`.
    """
    exact = _expectation(decisions, decisions.temperature)
    smooth = _expectation(decisions, _gradient_temperature(decisions))
    return with_gradient_of(exact[0], smooth[0]), with_gradient_of(exact[1], smooth[1])


def _gradient_temperature(decisions: Decisions) -> tf.Tensor:
    return tf.maximum(decisions.temperature, GRADIENT_TEMPERATURE)


def _logits(decisions: Decisions, temperature: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    magnitude = tf.abs(decisions.steps)
    fraction = magnitude - tf.stop_gradient(tf.floor(magnitude))
    return (magnitude - decisions.zero_below) / temperature, (fraction - 0.5 - decisions.shift) / temperature


def _expectation(decisions: Decisions, temperature: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    keep, up = (tf.sigmoid(logit) for logit in _logits(decisions, temperature))
    below = tf.stop_gradient(tf.floor(tf.abs(decisions.steps)))
    kept_value = tf.where(below >= 1.0, below + up, tf.ones_like(up))
    return keep * kept_value, keep
