"""Squared error in quantisation steps, eased by masking: what rate-distortion optimising JPEG encoders weigh."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.losses.metric_names import MASKING_ENERGY
from jpegpre_tf.ops.quantization.quantization import quantization_tables
from jpegpre_tf.ops.transform import real_dct


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class StepError(keras.layers.Layer):
    """Squared error of DCT coefficients in steps, summed and divided by the pixels.

    Pictures are compared as the encoder sees them: Y blocks, and Cb and Cr blocks after 2x2 averaging. An error of
    one step in every luma coefficient counts 1. Dividing by the steps follows the quantization table's own idea of
    visibility; a block of high contrast hides errors and counts less.

    Args:
        masking_energy: Mean squared AC coefficient of the original, in squared levels, that halves a block's weight.
        chroma_weight: Weight of Cb and Cr errors.
        frequency_exponent: 0 weighs errors in steps, 1 in levels (divided by the table's mean step, so that the unit
            stays comparable); between, a step of s levels counts (s / mean step) ** (2 * exponent). Steps grow with
            frequency, so raising it spares fine detail and pixel-domain metrics.
    Call arguments:
        original, decoded: float32 `(batch, height, width, 3)`, RGB in levels 0..255; sizes multiples of 16.
        quality: `(batch,)`, 1..100, whose tables are the steps.
    Returns:
        float32 `(batch,)`, squared steps per pixel.
    """

    def __init__(
        self,
        masking_energy: float = MASKING_ENERGY,
        chroma_weight: float = 1.0,
        frequency_exponent: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        if masking_energy <= 0:
            raise ValueError(f"`masking_energy` must be > 0. Received: masking_energy={masking_energy}")
        self.masking_energy = masking_energy
        self.chroma_weight = chroma_weight
        self.frequency_exponent = frequency_exponent

    def call(self, original: Any, decoded: Any, quality: Any) -> tf.Tensor:
        shape = tf.shape(original)
        tables = tf.reshape(quantization_tables(quality), [-1, 2, 1, 1, 64])
        mean_step = tf.reduce_mean(tables, axis=-1, keepdims=True)
        tables *= tf.pow(mean_step / tables, self.frequency_exponent)
        reference = real_dct.rgb_to_ycc(original)
        # The transform is linear: one DCT of the difference, one of the original for its masking.
        difference = real_dct.rgb_to_ycc(decoded - original)
        error = self._plane_error(reference[..., :1], difference[..., :1], tables[:, 0])
        reference = tf.nn.avg_pool2d(reference, 2, 2, "VALID")
        difference = tf.nn.avg_pool2d(difference, 2, 2, "VALID")
        for i in (1, 2):
            plane_error = self._plane_error(
                reference[..., i : i + 1], difference[..., i : i + 1], tables[:, 1]
            )
            error += self.chroma_weight * plane_error
        return error / tf.cast(shape[1] * shape[2], tf.float32)

    def _plane_error(self, reference: tf.Tensor, difference: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
        energy = tf.reduce_mean(tf.square(real_dct.forward(reference)[..., 1:]), axis=-1)
        weight = self.masking_energy / (self.masking_energy + energy)
        error = tf.reduce_sum(tf.square(real_dct.forward(difference) / table), axis=-1)
        return tf.reduce_sum(tf.stop_gradient(weight) * error, axis=[1, 2])

    def compute_output_shape(self, original_shape: Any) -> Any:
        return original_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "masking_energy": self.masking_energy,
            "chroma_weight": self.chroma_weight,
            "frequency_exponent": self.frequency_exponent,
        }
