"""What JPEG compression and decompression do to a picture, as a layer."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.jpeg.transform.resample import subsampling_factors
from jpegpre_tf.layers._inputs import PlainArguments, check_images, resolve_tables
from jpegpre_tf.ops.pipeline import simulate
from jpegpre_tf.ops.quantization.rounding import check_surrogate


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class JPEGSimulator(PlainArguments, keras.layers.Layer):
    """JPEG encode and decode, equal to libjpeg-turbo sample by sample, and differentiable.

    The forward value is exact (accurate integer DCT, triangle chroma upsampling, every rounding step); only
    the gradient is approximate. Pictures are rounded and clipped to levels first, with gradient 1.

    Args:
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        surrogate: Gradient of the rounding in quantisation: "identity" (straight-through), "cubic", "soft" or
            "dither"; formulas in `jpegpre_tf.ops.quantization.rounding`.
        jit_compile: Compile this layer alone with XLA, once per shape: three times as fast on CPUs, where
            whole networks gain nothing from it. The value is the same.
    Call arguments:
        images: float, uint8 or other integers `(batch, height, width, 3)`, RGB in levels 0..255, any size from 1x1.
        quality: A number, `(batch,)` or `(batch, 1)`, libjpeg quality 1..100, rounded to integers. Its gradient is that
            of the scaled tables before rounding.
        tables: Instead of `quality`: `(batch, 2, 8, 8)`, or `(2, 8, 8)` for all, luma and chroma quantization tables,
            integers 1..255.
    Returns:
        float32, shape of `images`, integer levels 0..255.
    Raises:
        ValueError: If an argument has the wrong rank, channels, dtype, batch size or range.

    Example:

        simulator = jpegpre_tf.JPEGSimulator()
        decoded = simulator(images, quality=[75.0] * len(images))
    """

    def __init__(
        self,
        subsampling: str = "4:2:0",
        surrogate: str = "identity",
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})  # exact in float32 alone
        subsampling_factors(subsampling)
        self.subsampling = subsampling
        self.surrogate = check_surrogate(surrogate)
        self.jit_compile = jit_compile
        self.build()
        self._simulate = tf.function(simulate, jit_compile=True) if jit_compile else simulate

    def build(self, *_: Any, **__: Any) -> None:
        """There are no weights; `fit` on several devices wants all layers built."""

    def call(self, images: Any, quality: Any = None, tables: Any = None) -> tf.Tensor:
        images = check_images(images)
        return self._simulate(
            images, resolve_tables(images, quality, tables), self.subsampling, self.surrogate
        )

    def compute_output_shape(self, images_shape: Any) -> Any:
        return images_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "subsampling": self.subsampling,
            "surrogate": self.surrogate,
            "jit_compile": self.jit_compile,
        }
