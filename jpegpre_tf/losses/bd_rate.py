"""The BD-rate against plain JPEG, as a loss."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.losses.metric_names import check_metrics, check_side
from jpegpre_tf.losses.metrics import METRICS
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
        metrics: Name -> weight, of `jpegpre_tf.losses.metrics.METRICS`; weights are divided by their sum. A
            metric of weight 0 is only kept from harm.
        harm_weight: Factor on the mean harm over `metrics`; 0 leaves it out.
        given_metrics: The same as `metrics` for pictures that `is_given` names; None for the same.
        jit_compile: Compile with XLA, once per shape.
    Call arguments:
        original, decoded: float32 `(batch, height, width, 3)`, RGB levels; static sizes, multiples of 16, at
            least 176 for some metrics (`LEAST_SIDE`).
        quality: `(batch,)`, 1..100.
        rate_bpp: float32 `(batch,)`, of the whole file (optimised Huffman tables).
        strength: float32 `(batch,)`, 0..1, factor on ln(rate): 1 for the best BD-rate, less for milder edits.
        plain_decoded, plain_rate_bpp: The same of the unedited picture; needed where `compares_with_plain`.
        is_given: bool `(batch,)`, pictures to weigh by `given_metrics`; None for none.
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
        given_metrics: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        for name, weights in (("metrics", metrics), ("given_metrics", given_metrics)):
            if weights is None:
                continue
            check_metrics(list(weights))
            if not weights or min(weights.values()) < 0 or not sum(weights.values()) > 0:
                raise ValueError(
                    f"`{name}` must have weights >= 0, one of them positive. Received: {name}={dict(weights)}"
                )
        if not harm_weight >= 0:
            raise ValueError(f"`harm_weight` must be >= 0. Received: harm_weight={harm_weight}")
        self.metric_weights = dict(metrics)
        self.given_weights = self.metric_weights if given_metrics is None else dict(given_metrics)
        self.metric_names = tuple(dict.fromkeys((*self.metric_weights, *self.given_weights)))
        self.harm_weight = harm_weight
        self.jit_compile = jit_compile
        self._parts = tf.function(self._compute, jit_compile=True) if jit_compile else self._compute

    def _is_weighed(self, name: str) -> bool:
        return bool(self.metric_weights.get(name) or self.given_weights.get(name))

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of what `parts` returns beside the loss."""
        weighed = tuple(
            name for name in self.metric_names if self.compares_with_plain or self._is_weighed(name)
        )
        return ("log_rate", *weighed, *(("harm",) if self.compares_with_plain else ()))

    @property
    def compares_with_plain(self) -> bool:
        """Whether calls need `plain_decoded` and `plain_rate_bpp`."""
        return self.harm_weight > 0

    @property
    def weighs_given(self) -> bool:
        """Whether pictures of given tables have weights of their own."""
        return self.given_weights != self.metric_weights

    def call(
        self,
        original: Any,
        decoded: Any,
        quality: Any,
        rate_bpp: Any,
        strength: Any,
        plain_decoded: Any = None,
        plain_rate_bpp: Any = None,
        is_given: Any = None,
    ) -> tf.Tensor:
        arguments = (original, decoded, quality, rate_bpp, strength, plain_decoded, plain_rate_bpp, is_given)
        return self.parts(*arguments)["loss"]

    def parts(
        self,
        original: tf.Tensor,
        decoded: tf.Tensor,
        quality: tf.Tensor,
        rate_bpp: tf.Tensor,
        strength: tf.Tensor,
        plain_decoded: tf.Tensor | None = None,
        plain_rate_bpp: tf.Tensor | None = None,
        is_given: tf.Tensor | None = None,
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
        check_side([name for name in self.metric_names if self._is_weighed(name)], min(tensors[0].shape[1:3]))
        given = tf.zeros_like(tensors[2], tf.bool) if is_given is None else tf.cast(is_given, tf.bool)
        return dict(self._parts(given, *tensors))

    def _compute(
        self,
        is_given: tf.Tensor,
        original: tf.Tensor,
        decoded: tf.Tensor,
        quality: tf.Tensor,
        rate_bpp: tf.Tensor,
        strength: tf.Tensor,
        plain_decoded: tf.Tensor | None = None,
        plain_rate_bpp: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        rate = _rate_as_of_a_picture(rate_bpp, original)
        log_rate = tf.math.log(rate)
        parts = {"log_rate": log_rate}
        loss = strength * log_rate
        if plain_decoded is not None:
            rate_change = tf.math.log(rate / _rate_as_of_a_picture(plain_rate_bpp, original))
        harms = []
        for name in self.metric_names:
            if not self._is_weighed(name) and plain_decoded is None:
                continue
            metric = METRICS[name]
            slope = tf.stop_gradient(rate_slope(name, quality, rate))
            parts[name] = metric(original, decoded)
            weight = tf.where(is_given, _share(self.given_weights, name), _share(self.metric_weights, name))
            loss -= weight * slope * parts[name]
            if plain_decoded is not None:
                plain_value = tf.stop_gradient(metric(original, plain_decoded))
                harms.append(tf.nn.relu(rate_change - slope * (parts[name] - plain_value) - HARM_ALLOWANCE))
        if harms:
            parts["harm"] = tf.add_n(harms) / len(harms)
            loss += self.harm_weight * parts["harm"]
        return {"loss": loss, **parts}

    def compute_output_shape(self, original_shape: Any) -> Any:
        return original_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "metrics": self.metric_weights,
            "given_metrics": self.given_weights,
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


def _share(weights: Mapping[str, float], name: str) -> float:
    return weights.get(name, 0.0) / sum(weights.values())


def _rate_as_of_a_picture(rate_bpp: tf.Tensor, picture: tf.Tensor) -> tf.Tensor:
    """Bits per pixel of a crop as if it bore its share of a picture's header only."""
    pixels = float(picture.shape[1] * picture.shape[2])
    return tf.maximum(rate_bpp - 8.0 * HEADER_BYTES / pixels, _LEAST_PAYLOAD_BPP) + HEADER_BPP
