"""How many bits per pixel an encoder that can only be called takes, as a network."""

import os
from typing import Any, ClassVar

import keras
import tensorflow as tf

from jpegpre_tf.layers._inputs import PlainArguments, check_images, check_quality
from jpegpre_tf.models.encoder_quantizer import EncoderQuantizer
from jpegpre_tf.models.exported_inputs import PICTURE, ExportedInputs
from jpegpre_tf.models.loading import load_preset
from jpegpre_tf.models.rate_network import RateNetwork


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class NeuralRateEstimator(PlainArguments, ExportedInputs, keras.Model):
    """Size of the file as a network, learned from the sizes of any 4:2:0 encoder's files.

    Expected quantized coefficients come from the same kind of network as in `NeuralSimulator`; a second one counts
    their bits. It is smooth in the picture: probabilities and expectations, nothing is rounded.

    Args:
        channels, spatial_blocks, arithmetic: See `EncoderQuantizer`.
        width, context_width, symbols: See `RateNetwork`.
        encoder: Name of the encoder that was learned, for people.
    Call arguments:
        images: float, uint8 or other integers `(batch, height, width, 3)`, RGB in levels 0..255, any size from 1x1.
        quality: A number, `(batch,)` or `(batch, 1)`, 1..100 on the encoder's scale, rounded to integers; no
            gradient flows to it.
    Returns:
        float32 `(batch,)`, bits of the whole file per pixel.
    Raises:
        ValueError: If an argument has the wrong rank, channels, dtype, batch size or range.
    """

    INPUTS: ClassVar = {"images": PICTURE, "quality": (None,)}

    def __init__(
        self,
        channels: int = 64,
        spatial_blocks: int = 2,
        arithmetic: str = "integer",
        width: int = 96,
        context_width: int = 32,
        encoder: str = "libjpeg-turbo",
        symbols: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False})
        self.channels = channels
        self.spatial_blocks = spatial_blocks
        self.arithmetic = arithmetic
        self.width = width
        self.context_width = context_width
        self.encoder = encoder
        self.symbols = symbols
        self.quantizer = EncoderQuantizer(channels, spatial_blocks, arithmetic, name="quantizer")
        self.rate_network = RateNetwork(width, context_width, symbols, name="rate")
        self.build()

    def build(self, *_: Any, **__: Any) -> None:
        """Nothing depends on the inputs' shapes: the parts have their weights from the start."""

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        images = check_images(images)
        decisions, _ = self.quantizer(images, check_quality(images, quality))
        shape = tf.shape(images)
        return self.rate_network(decisions) / tf.cast(shape[1] * shape[2], tf.float32)

    @classmethod
    def from_preset(cls, name_or_path: str | os.PathLike[str]) -> "NeuralRateEstimator":
        """A trained one: of the package by name, or from a path.

        Args:
            name_or_path: "libjpeg-turbo", "mozjpeg", "jpegli", or what `models.loading.load_preset` takes: a folder
                with a model.json, the folder of a training run, or a .keras file.

        Raises:
            ModelError: If there is none, or its file is not the one whose hash its model.json names.
        """
        model: NeuralRateEstimator = load_preset(name_or_path, cls, "rate")
        return model

    def compute_output_shape(self, images_shape: Any) -> Any:
        return images_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "channels": self.channels,
            "spatial_blocks": self.spatial_blocks,
            "arithmetic": self.arithmetic,
            "width": self.width,
            "context_width": self.context_width,
            "encoder": self.encoder,
            "symbols": self.symbols,
        }
