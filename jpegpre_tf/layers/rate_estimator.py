"""How many bits per pixel JPEG takes for a picture, as a layer."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.jpeg.transform.resample import subsampling_factors
from jpegpre_tf.layers._inputs import PlainArguments, check_images, resolve_tables
from jpegpre_tf.ops.entropy.entropy import FileSize, check_huffman
from jpegpre_tf.ops.pipeline import encoded_size, encoded_size_compiled
from jpegpre_tf.ops.quantization.rounding import check_surrogate
from jpegpre_tf.ops.tensor_like import TensorLike


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class RateEstimator(PlainArguments, keras.layers.Layer):
    """Size of the JPEG file, equal to the byte to what Pillow (libjpeg-turbo) writes, and differentiable.

    The forward value counts everything: headers, Huffman tables, codes, stuffed bytes. The gradient of each
    coefficient is the change in bits when its level moves alone; see `jpegpre_tf.ops.entropy.entropy`.

    Args:
        huffman: "optimized" (tables per file, as Android and Chromium write) or "standard".
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        surrogate: Where along the axis a coefficient feels that change, see `jpegpre_tf.ops.quantization.rounding`.
        jit_compile: Compile this layer alone with XLA, as in `JPEGSimulator`.
    Call arguments:
        images: float, uint8 or other integers `(batch, height, width, 3)`, RGB in levels 0..255, any size from 1x1.
        quality: A number, `(batch,)` or `(batch, 1)`, libjpeg quality 1..100, rounded to integers.
        tables: Instead of `quality`: `(batch, 2, 8, 8)`, or `(2, 8, 8)` for all, luma and chroma quantization tables,
            integers 1..255.
    Returns:
        float32 `(batch,)`, bits of the whole file per pixel.
    Raises:
        ValueError: If an argument has the wrong rank, channels, dtype, batch size or range.
    """

    def __init__(
        self,
        huffman: str = "optimized",
        subsampling: str = "4:2:0",
        surrogate: str = "identity",
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})  # exact in float32 alone
        subsampling_factors(subsampling)
        self.huffman = check_huffman(huffman)
        self.subsampling = subsampling
        self.surrogate = check_surrogate(surrogate)
        self.jit_compile = jit_compile
        self.build()
        self._size = encoded_size_compiled() if jit_compile else encoded_size

    def build(self, *_: Any, **__: Any) -> None:
        """There are no weights; `fit` on several devices wants all layers built."""

    def file_size(
        self, images: TensorLike, quality: TensorLike | None = None, tables: TensorLike | None = None
    ) -> FileSize:
        """The file's size in bits, split into header, luma, Cb, Cr and stuffing, each float32 (batch,)."""
        images = check_images(images)
        tables = resolve_tables(images, quality, tables)
        return self._size(images, tables, self.huffman, self.subsampling, self.surrogate)

    def call(self, images: Any, quality: Any = None, tables: Any = None) -> tf.Tensor:
        bits = tf.add_n(list(self.file_size(images, quality, tables)))
        shape = tf.shape(images)
        return bits / tf.cast(shape[1] * shape[2], tf.float32)

    def compute_output_shape(self, images_shape: Any) -> Any:
        return images_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "huffman": self.huffman,
            "subsampling": self.subsampling,
            "surrogate": self.surrogate,
            "jit_compile": self.jit_compile,
        }
