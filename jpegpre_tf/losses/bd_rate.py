"""The BD-rate against plain JPEG, as a loss."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.losses.measures import MEASURES
from jpegpre_tf.losses.metric_names import check_metrics, check_side
from jpegpre_tf.losses.rate_slopes import HEADER_BPP, HEADER_BYTES, rate_slope

_LEAST_PAYLOAD_BPP = 0.004
# A worse BD-rate up to this is a trade between metrics, and within what fitted slopes can tell of a single crop.
HARM_ALLOWANCE = 0.03


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class BDRate(keras.layers.Layer):
    """What evaluation measures, differentiable: ln(rate) less the rate that the quality is worth.

    Near plain JPEG's curve a metric's BD-rate is the change of ln(rate) at equal quality: ln(rate) minus the slope
    d ln(rate) / d(metric) of that curve times the gain of the metric. The loss is the weighted mean of this over
    several metrics, up to a constant of the original; 0.01 is one percent. Slopes depend on quality and rate of the
    picture at hand (`rate_slopes`), so that every picture has its own rate weight.

    A mean hides what got worse: leaves may gain more than text loses. With `harm_weight` the picture as plain JPEG
    makes it is looked at too, and every metric whose BD-rate got worse by more than `HARM_ALLOWANCE` counts extra,
    picture by picture.

    Args:
        metrics: Name -> weight, of `jpegpre_tf.losses.measures.MEASURES`; weights are divided by their sum. A
            metric of weight 0 is only kept from harm.
        harm_weight: Factor on the mean harm over `metrics`; 0 leaves it out.
        jit_compile: Compile with XLA, once per shape.
    Call arguments:
        original, decoded: float32 `(batch, height, width, 3)`, RGB levels; static sizes, multiples of 16, at
            least 176 for some metrics (`LEAST_SIDE`).
        quality: `(batch,)`, 1..100.
        rate_bpp: float32 `(batch,)`, of the whole file (optimised Huffman tables).
        strength: float32 `(batch,)`, 0..1, factor on ln(rate): 1 for the best BD-rate, less for milder edits.
        plain_decoded, plain_rate_bpp: The same of the unedited picture; needed where `compares_with_plain`.
    Returns:
        float32 `(batch,)`, in units of ln(rate).
    Raises:
        ValueError: If a metric is unknown, no weight is positive, `harm_weight` is negative, the unedited picture's
            results are missing, or pictures are too small for a metric.
    """

    def __init__(
        self,
        metrics: Mapping[str, float],
        jit_compile: bool = False,
        *,
        harm_weight: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        check_metrics(list(metrics))
        if not metrics or min(metrics.values()) < 0 or not sum(metrics.values()) > 0:
            raise ValueError(
                f"`metrics` must have weights >= 0, one of them positive. Received: metrics={dict(metrics)}"
            )
        if not harm_weight >= 0:
            raise ValueError(f"`harm_weight` must be >= 0. Received: harm_weight={harm_weight}")
        self.metric_weights = dict(metrics)
        self.harm_weight = harm_weight
        self.jit_compile = jit_compile
        self._parts = tf.function(self._compute, jit_compile=True) if jit_compile else self._compute

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of what `parts` returns beside the loss."""
        weighed = tuple(
            name for name, weight in self.metric_weights.items() if weight or self.compares_with_plain
        )
        return ("log_rate", *weighed, *(("harm",) if self.compares_with_plain else ()))

    @property
    def compares_with_plain(self) -> bool:
        """Whether calls need `plain_decoded` and `plain_rate_bpp`."""
        return self.harm_weight > 0

    def call(
        self,
        original: Any,
        decoded: Any,
        quality: Any,
        rate_bpp: Any,
        strength: Any,
        plain_decoded: Any = None,
        plain_rate_bpp: Any = None,
    ) -> tf.Tensor:
        return self.parts(original, decoded, quality, rate_bpp, strength, plain_decoded, plain_rate_bpp)[
            "loss"
        ]

    def parts(
        self,
        original: Any,
        decoded: Any,
        quality: Any,
        rate_bpp: Any,
        strength: Any,
        plain_decoded: Any = None,
        plain_rate_bpp: Any = None,
    ) -> dict[str, tf.Tensor]:
        """The loss and what it is made of, each float32 (batch,): "loss" and `part_names`; arguments as of the call.

        "log_rate" is ln(bits per pixel), a metric's name its value, "harm" the mean harm before its weight.
        """
        arguments = [original, decoded, quality, rate_bpp, strength]
        if self.compares_with_plain:
            if plain_decoded is None or plain_rate_bpp is None:
                raise ValueError("`plain_decoded` and `plain_rate_bpp` must be given with `harm_weight`.")
            arguments += [plain_decoded, plain_rate_bpp]
        tensors = [tf.cast(tf.convert_to_tensor(x), tf.float32) for x in arguments]
        check_side(
            [name for name, weight in self.metric_weights.items() if weight], min(tensors[0].shape[1:3])
        )
        return dict(self._parts(*tensors))

    def _compute(
        self,
        original: tf.Tensor,
        decoded: tf.Tensor,
        quality: tf.Tensor,
        rate_bpp: tf.Tensor,
        strength: tf.Tensor,
        plain_decoded: tf.Tensor | None = None,
        plain_rate_bpp: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        rate = _rate_as_of_a_picture(rate_bpp, original)
        total = sum(self.metric_weights.values())
        log_rate = tf.math.log(rate)
        parts = {"log_rate": log_rate}
        loss = strength * log_rate
        if plain_decoded is not None:
            rate_change = tf.math.log(rate / _rate_as_of_a_picture(plain_rate_bpp, original))
        harms = []
        for name, weight in self.metric_weights.items():
            if not weight and plain_decoded is None:
                continue
            metric = MEASURES[name]
            slope = tf.stop_gradient(rate_slope(name, quality, rate))
            parts[name] = metric(original, decoded)
            if weight:
                loss -= (weight / total) * slope * parts[name]
            if plain_decoded is not None:
                plain_value = tf.stop_gradient(metric(original, plain_decoded))
                harms.append(tf.nn.relu(rate_change - slope * (parts[name] - plain_value) - HARM_ALLOWANCE))
        if harms:
            parts["harm"] = tf.add_n(harms) / len(harms)
            loss += self.harm_weight * parts["harm"]
        return {"loss": loss, **parts}

    def compute_output_shape(self, original_shape: Any, *_: Any, **__: Any) -> Any:
        return original_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "metrics": self.metric_weights,
            "jit_compile": self.jit_compile,
            "harm_weight": self.harm_weight,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "BDRate":
        config = dict(config)
        # Files of version 0.4 and before.
        if "measures" in config:
            config["metrics"] = config.pop("measures")
        return cls(**config)


def _rate_as_of_a_picture(rate_bpp: tf.Tensor, picture: tf.Tensor) -> tf.Tensor:
    """Bits per pixel of a crop as if it bore its share of a picture's header only."""
    pixels = float(picture.shape[1] * picture.shape[2])
    return tf.maximum(rate_bpp - 8.0 * HEADER_BYTES / pixels, _LEAST_PAYLOAD_BPP) + HEADER_BPP
