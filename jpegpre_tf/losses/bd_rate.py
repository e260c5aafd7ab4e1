"""The BD-rate against plain JPEG, as a loss."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.losses.measures import MEASURES, check_measures
from jpegpre_tf.losses.rate_slopes import HEADER_BPP, HEADER_BYTES, rate_slope

_LEAST_PAYLOAD_BPP = 0.004


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class BDRate(keras.layers.Layer):
    """What evaluation measures, differentiable: ln(rate) less the rate that the quality is worth.

    Near plain JPEG's curve a measure's BD-rate is the change of ln(rate) at equal quality: ln(rate) minus the slope
    d ln(rate) / d(measure) of that curve times the gain of the measure. The loss is the weighted mean of this over
    several measures, up to a constant of the original; 0.01 is one percent. Slopes depend on quality and rate of the
    picture at hand (`rate_slopes`), so that every picture has its own rate weight.

    Args:
        measures: Name -> weight, of `jpegpre_tf.losses.measures.MEASURES`; weights are divided by their sum.
        jit_compile: Compile with XLA, once per shape.
    Call arguments:
        original, decoded: float32 `(batch, height, width, 3)`, RGB levels; static sizes, multiples of 16, >= 176.
        quality: `(batch,)`, 1..100.
        rate_bpp: float32 `(batch,)`, of the whole file (optimised Huffman tables).
        strength: float32 `(batch,)`, 0..1, factor on ln(rate): 1 for the best BD-rate, less for milder edits.
    Returns:
        float32 `(batch,)`, in units of ln(rate).
    Raises:
        ValueError: If a measure is unknown, or no weight is positive.
    """

    def __init__(self, measures: Mapping[str, float], jit_compile: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_measures(list(measures))
        if not measures or min(measures.values()) < 0 or not sum(measures.values()) > 0:
            raise ValueError(
                f"`measures` must have weights >= 0, one of them positive. Received: measures={dict(measures)}"
            )
        self.measures = dict(measures)
        self.jit_compile = jit_compile
        self._loss = tf.function(self._measure, jit_compile=True) if jit_compile else self._measure

    def call(self, original: Any, decoded: Any, quality: Any, rate_bpp: Any, strength: Any) -> tf.Tensor:
        return self._loss(*(tf.cast(x, tf.float32) for x in (original, decoded, quality, rate_bpp, strength)))

    def _measure(
        self,
        original: tf.Tensor,
        decoded: tf.Tensor,
        quality: tf.Tensor,
        rate_bpp: tf.Tensor,
        strength: tf.Tensor,
    ) -> tf.Tensor:
        pixels = float(original.shape[1] * original.shape[2])
        payload = tf.maximum(rate_bpp - 8.0 * HEADER_BYTES / pixels, _LEAST_PAYLOAD_BPP)
        rate = payload + HEADER_BPP
        total = sum(self.measures.values())
        loss = strength * tf.math.log(rate)
        for name, weight in self.measures.items():
            if weight:
                slope = tf.stop_gradient(rate_slope(name, quality, rate))
                loss -= (weight / total) * slope * MEASURES[name](original, decoded)
        return loss

    def compute_output_shape(self, original_shape: Any, *_: Any, **__: Any) -> Any:
        return original_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "measures": self.measures, "jit_compile": self.jit_compile}
