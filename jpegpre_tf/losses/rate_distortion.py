"""Distortion plus weighted bits: the Lagrangian of rate-distortion optimisation."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.losses.step_error import StepError


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class RateDistortion(keras.layers.Layer):
    """distortion + rate_weight * strength * rate.

    Args:
        distortion: Layer `(original, decoded, quality)` -> `(batch,)`; `StepError()` by default.
        rate_weight: Distortion that one bit per pixel is worth, at strength 1. With `StepError`, MozJPEG's trellis
            weighs 19 bits per squared step: 1 / 19.
    Call arguments:
        original, decoded, quality, rate_bpp, strength: as in `BDRate`.
    Returns:
        float32 `(batch,)`, in the distortion's unit.
    """

    def __init__(
        self, distortion: keras.layers.Layer | None = None, rate_weight: float = 1 / 19, **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        if not rate_weight > 0:
            raise ValueError(f"`rate_weight` must be > 0. Received: rate_weight={rate_weight}")
        self.distortion = distortion or StepError()
        self.rate_weight = rate_weight

    def call(self, original: Any, decoded: Any, quality: Any, rate_bpp: Any, strength: Any) -> tf.Tensor:
        return self.parts(original, decoded, quality, rate_bpp, strength)["loss"]

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of what `parts` returns beside the loss."""
        return ("distortion",)

    def parts(
        self,
        original: tf.Tensor,
        decoded: tf.Tensor,
        quality: tf.Tensor,
        rate_bpp: tf.Tensor,
        strength: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """The loss and the distortion in it, each float32 (batch,); arguments as of the call."""
        arguments = (original, decoded, quality, rate_bpp, strength)
        original, decoded, quality, rate_bpp, strength = (
            tf.cast(tf.convert_to_tensor(x), tf.float32) for x in arguments
        )
        distortion = self.distortion(original, decoded, quality)
        return {"loss": distortion + self.rate_weight * strength * rate_bpp, "distortion": distortion}

    def compute_output_shape(self, original_shape: Any) -> Any:
        return original_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "distortion": keras.saving.serialize_keras_object(self.distortion),
            "rate_weight": self.rate_weight,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "RateDistortion":
        distortion = keras.saving.deserialize_keras_object(config.pop("distortion"))
        return cls(distortion=distortion, **config)
