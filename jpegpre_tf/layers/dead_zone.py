"""The decision layer of the preprocessor."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jpegpre_tf.ops.quantization.dead_zone import CHANGE_UNIT, THRESHOLD_UNIT, dead_zone, hard_dead_zone

# Ranges of the thresholds above the encoder's own (0.5 and 1.5), in steps.
ZERO_SPAN = 1.4
ONE_SPAN = 0.9
# Gates per component: for rounding each of 64 coefficients to 0, and each of the low ones to 1.
LOW = 32
GATES = 64 + LOW
# From this strength on coefficients that the encoder rounds down anyway are moved too; below it that fades out,
# so that strength 0 is the identity.
_FULL_BASE_STRENGTH = 0.125
_IS_AC = np.array([0.0] + [1.0] * 63, np.float32)[None, None, None]
_TO_64 = [[0, 0], [0, 0], [0, 0], [0, 64 - LOW]]


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class DeadZone(keras.layers.Layer):
    """Moves coefficients to a cheaper neighboring integer where a network says so.

    Thresholds are 0.5 + zero_span * strength * gate for rounding to 0 and 1.5 + 0.9 * strength * gate for rounding 2
    to 1. Rate-distortion optimal thresholds exceed the encoder's by (bits saved) * rate weight / 2, so strength acts as
    a factor on the rate weight. Strength 0 changes nothing, exactly. DC never changes. Always computes in float32.

    Args:
        zero_span: Largest threshold for rounding to 0 less 0.5, in steps, 0.9..1.9: what an isolated coefficient may be
            worth grows with the rate weight in squared steps, and is more than 0.9 for fine steps.
    Call arguments:
        steps: float32 `(batch, height, width, 64)`, coefficients in quantization steps, in `picture_dct.ORDER`.
        gates: float32 `(batch, height, width, 96)`, 0..1: for rounding to 0, then for rounding the first 32 to 1.
        strength: float32 `(batch, 1, 1, 1)`, 0..1.
        unit: float32, broadcastable to `steps`: what the change is wanted in, per step.
        training: Hard decisions with a gradient to the gates (see `jpegpre_tf.ops.quantization.dead_zone`).
    Returns:
        float32, shape of `steps`: the change of each coefficient, in steps times `unit`.
    """

    def __init__(self, zero_span: float = ZERO_SPAN, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        if not 0.9 <= zero_span <= 1.9:
            raise ValueError(f"`zero_span` must be in 0.9..1.9. Received: zero_span={zero_span}")
        self.zero_span = zero_span
        self.build()

    def build(self, *_: Any, **__: Any) -> None:
        """There are no weights; `fit` on several devices wants all layers built."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "zero_span": self.zero_span}

    def call(
        self, steps: Any, gates: Any, strength: Any, unit: Any = 1.0, training: bool = False
    ) -> tf.Tensor:
        amount = tf.minimum(strength * (1.0 / _FULL_BASE_STRENGTH), 1.0)
        # Scalars first, and each half by itself: every operation on all coefficients costs a pass over them.
        scale = 1.0 if training else 1.0 / THRESHOLD_UNIT
        zero_below, one_below = (
            half * (span * scale * strength) + base * scale
            for half, span, base in (
                (gates[..., :64], self.zero_span, 0.5 * amount),
                (tf.pad(gates[..., 64:], _TO_64), ONE_SPAN, 1.5),
            )
        )
        if training:
            lowered = tf.sign(steps) * hard_dead_zone(tf.abs(steps), zero_below, one_below)
        else:
            lowered = dead_zone(steps, zero_below, one_below, amount)
            unit = unit * CHANGE_UNIT
        return lowered * (-unit * tf.constant(_IS_AC))

    def thresholds(self, gates: tf.Tensor, strength: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Thresholds for rounding to 0 and to 1, in steps, each (batch, height, width, 64); those of DC do nothing."""
        ac_strength = strength * tf.constant(_IS_AC)
        zero_below = gates[..., :64] * (self.zero_span * ac_strength) + 0.5
        return zero_below, tf.pad(gates[..., 64:], _TO_64) * (ONE_SPAN * ac_strength) + 1.5

    def compute_output_shape(self, steps_shape: Any) -> Any:
        return steps_shape
