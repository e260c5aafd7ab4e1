"""The decision layer of the preprocessor."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jpegpre_tf.ops.dead_zone import dead_zone, hard_dead_zone

# Ranges of the thresholds above the encoder's own (0.5 and 1.5), in steps.
SPAN = 0.9
# From this strength on coefficients that the encoder rounds down anyway are moved too; below it that fades out,
# so that strength 0 is the identity.
_FULL_BASE_STRENGTH = 0.125
_IS_AC = np.array([0.0] + [1.0] * 63, np.float32)[None, None, None]


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class DeadZone(keras.layers.Layer):
    """Moves coefficients to a cheaper neighbouring level where a network says so.

    Thresholds are 0.5 + 0.9 * strength * gate for rounding to 0 and 1.5 + 0.9 * strength * gate for rounding 2 to 1.
    Rate-distortion optimal thresholds exceed the encoder's by (bits saved) * rate weight / 2,
    so strength acts as a factor on the rate weight. Strength 0 changes nothing, exactly.

    Call arguments:
        steps: float32 `(batch, height, width, 64)`, coefficients in quantisation steps, natural order.
        gates: float32 `(batch, height, width, 128)`, 0..1: for rounding to 0, then to 1.
        strength: float32 `(batch, 1, 1, 1)`, 0..1.
        training: Hard decisions with a gradient to the gates (see `jpegpre_tf.ops.dead_zone`).
    Returns:
        float32, shape of `steps`: the change of each coefficient in steps. DC never changes.
    """

    def call(self, steps: Any, gates: Any, strength: Any, training: bool = False) -> tf.Tensor:
        extra = gates * (SPAN * strength)
        amount = tf.minimum(strength * (1.0 / _FULL_BASE_STRENGTH), 1.0)
        zero_below, one_below = extra[..., :64] + 0.5 * amount, extra[..., 64:] + 1.5
        if training:
            change = -tf.sign(steps) * hard_dead_zone(tf.abs(steps), zero_below, one_below)
        else:
            change = dead_zone(steps, zero_below, one_below, amount)
        return change * tf.constant(_IS_AC)

    def compute_output_shape(self, steps_shape: Any, *_: Any, **__: Any) -> Any:
        return steps_shape
