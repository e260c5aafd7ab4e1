"""What an encoder that can only be called does to a picture, as a network."""

import os
from typing import Any, ClassVar

import keras
import tensorflow as tf

from jpegpre_tf.layers._inputs import PlainArguments, check_images, check_quality
from jpegpre_tf.models.encoder_quantizer import EncoderQuantizer
from jpegpre_tf.models.exported_inputs import PICTURE, ExportedInputs
from jpegpre_tf.models.loading import load_preset
from jpegpre_tf.ops.blocks import pictures_of
from jpegpre_tf.ops.quantization.learned_rounding import choose_quantized
from jpegpre_tf.ops.transform.resample import size_of


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class NeuralSimulator(PlainArguments, ExportedInputs, keras.Model):
    """JPEG encode and decode as a network, learned from any 4:2:0 encoder.

    Before and after the network is what all encoders and decoders share: colour, DCT, inverse DCT, chroma upsampling,
    with the encoder's arithmetic and libjpeg-turbo's decoder. The network decides the quantized coefficients in
    between, in steps of the encoder's own tables. Forward values are the likeliest ones; the gradient is the slope of
    the *expected* value, a smooth staircase whose thresholds move with the block and its neighbours.

    Args:
        channels, spatial_blocks, arithmetic: See `EncoderQuantizer`.
        encoder: Name of the encoder that was learned, for people.
    Call arguments:
        images: float, uint8 or other integers `(batch, height, width, 3)`, RGB in levels 0..255, any size from 1x1.
        quality: A number, `(batch,)` or `(batch, 1)`, 1..100 on the encoder's scale, rounded to integers; no
            gradient flows to it.
    Returns:
        float32, shape of `images`, integer levels 0..255.
    Raises:
        ValueError: If an argument has the wrong rank, channels, dtype, batch size or range.

    Example:

        simulator = jpegpre_tf.NeuralSimulator.from_preset("mozjpeg")
        decoded = simulator(images, quality=[75.0] * len(images))
    """

    INPUTS: ClassVar = {"images": PICTURE, "quality": (None,)}

    def __init__(
        self,
        channels: int = 64,
        spatial_blocks: int = 2,
        arithmetic: str = "integer",
        encoder: str = "libjpeg-turbo",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False})
        self.channels = channels
        self.spatial_blocks = spatial_blocks
        self.arithmetic = arithmetic
        self.encoder = encoder
        self.quantizer = EncoderQuantizer(channels, spatial_blocks, arithmetic, name="quantizer")
        self.build()

    def build(self, *_: Any, **__: Any) -> None:
        """Nothing depends on the inputs' shapes: the parts have their weights from the start."""

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        images = check_images(images)
        decisions, tables = self.quantizer(images, check_quality(images, quality))
        quantized = [choose_quantized(decision) for decision in decisions]
        planes = [plane * table for plane, table in zip(quantized, tables, strict=True)]
        return pictures_of(planes, size_of(images, 1), size_of(images, 2))

    def tables_at(self, quality: tf.Tensor) -> tf.Tensor:
        """The encoder's tables of luma and chroma, as a `Preprocessor` takes them.

        Args:
            quality: float32 `(batch,)`, 1..100 on the encoder's scale, rounded to integers.

        Returns:
            float32 `(batch, 2, 8, 8)`, integers 1..255, natural order; chroma's are Cb's.
        """
        return tf.reshape(self.quantizer.tables_at(quality)[:, :2], [-1, 2, 8, 8])

    @classmethod
    def from_preset(cls, name_or_path: str | os.PathLike[str]) -> "NeuralSimulator":
        """A trained one: of the package by name, or from a path.

        Args:
            name_or_path: "libjpeg-turbo", "mozjpeg", "jpegli", or what `models.loading.load_preset` takes: a folder
                with a model.json, the folder of a training run, or a .keras file.

        Raises:
            ModelError: If there is none, or its file is not the one whose hash its model.json names.
        """
        model: NeuralSimulator = load_preset(name_or_path, cls, "simulator")
        return model

    def compute_output_shape(self, images_shape: Any) -> Any:
        return images_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "channels": self.channels,
            "spatial_blocks": self.spatial_blocks,
            "arithmetic": self.arithmetic,
            "encoder": self.encoder,
        }
