"""The decision layer of the preprocessor."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.ops.dead_zone import dead_zone, hard_dead_zone

# Ranges of the thresholds above the encoder's own (0.5 and 1.5), in steps.
ZERO_SPAN = 0.9
ONE_SPAN = 0.9
# From this strength on coefficients that the encoder rounds down anyway are moved too; below it that fades out,
# so that strength 0 is the identity.
_FULL_BASE_STRENGTH = 0.125


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class DeadZone(keras.layers.Layer):
    """Moves coefficients to a cheaper neighbouring level where a network says so.

    Thresholds are 0.5 + zero_span * strength * sigmoid(logit) for rounding to 0 and 1.5 + 0.9 * strength *
    sigmoid(logit) for rounding 2 to 1. Rate-distortion optimal thresholds exceed the encoder's by (bits saved) * rate
    weight / 2, so strength acts as a factor on the rate weight. Strength 0 changes nothing, exactly.

    Args:
        zero_span: Largest threshold for rounding to 0 less 0.5, in steps, 0.9..1.9: what an isolated coefficient may be
            worth grows with the rate weight in squared steps, and is more than 0.9 for fine steps.
    Call arguments:
        steps: float32 `(batch, height, width, 64)`, coefficients in quantisation steps, natural order.
        logits: float32 `(batch, height, width, 128)`: for rounding to 0, then to 1.
        strength: float32 `(batch, 1, 1, 1)`, 0..1.
        training: Hard decisions with a gradient to the logits (see `jpegpre_tf.ops.dead_zone`).
    Returns:
        float32, shape of `steps`: the change of each coefficient in steps. DC never changes.
    """

    def __init__(self, zero_span: float = ZERO_SPAN, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0.9 <= zero_span <= 1.9:
            raise ValueError(f"`zero_span` must be in 0.9..1.9. Received: zero_span={zero_span}")
        self.zero_span = zero_span

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "zero_span": self.zero_span}

    def call(self, steps: Any, logits: Any, strength: Any, training: bool = False) -> tf.Tensor:
        magnitude = tf.abs(steps)
        share = strength * tf.sigmoid(logits)
        amount = tf.minimum(strength * (1.0 / _FULL_BASE_STRENGTH), 1.0)
        zero_below = 0.5 * amount + self.zero_span * share[..., :64]
        one_below = 1.5 + ONE_SPAN * share[..., 64:]
        if training:
            reduction = hard_dead_zone(magnitude, zero_below, one_below)
        else:
            reduction = dead_zone(magnitude, zero_below, one_below, amount)
        is_ac = tf.constant([[[[0.0] + [1.0] * 63]]])
        return -tf.sign(steps) * reduction * is_ac

    def compute_output_shape(self, steps_shape: Any, *_: Any, **__: Any) -> Any:
        return steps_shape
