"""A real encoder as a layer: its pictures or its sizes, without a gradient."""

from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf.layers._inputs import PlainArguments, check_images, check_quality

OUTPUTS = ("decoded", "rate_bpp")


class DecodedFile(Protocol):
    """What an encoder wrote: `codecs.Encoded` is one."""

    @property
    def decoded(self) -> npt.NDArray[np.uint8]:
        """The decoded picture, uint8 (height, width, 3)."""

    @property
    def rate_bpp(self) -> float:
        """Bits of the whole file per pixel."""


class RealCodec(PlainArguments, keras.layers.Layer):
    """Calls a real encoder for every picture of the batch; for the forward side of `MixedGradient`.

    Slow, runs on the CPU, cannot be compiled with XLA, and cannot be saved: it holds a Python function.

    Args:
        encode: `(image uint8 (height, width, 3), quality int)` -> record with `decoded`, uint8 of the same shape, and
            `rate_bpp`: the method `encode` of any encoder in `jpegpre_tf.codecs`.
        output: "decoded" or "rate_bpp".
    Call arguments:
        images: `(batch, height, width, 3)`, RGB in levels 0..255; rounded and clipped first.
        quality: `(batch,)`, 1..100, rounded to integers.
    Returns:
        float32: pictures of the shape of `images`, or bits per pixel `(batch,)`. No gradient.
    Raises:
        ValueError: If `output` is neither, or `encode` cannot be called.
    """

    def __init__(
        self,
        encode: Callable[[npt.NDArray[np.uint8], int], DecodedFile],
        output: str = "decoded",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})  # exact in float32 alone
        if output not in OUTPUTS:
            raise ValueError(f"`output` must be one of {OUTPUTS}. Received: output={output!r}")
        if not callable(encode):
            raise ValueError(f"`encode` must be callable. Received: {type(encode).__name__}")
        self.encode = encode
        self.output_kind = output

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        images = check_images(images)
        quality = check_quality(images, quality)
        result = tf.numpy_function(self._encode_all, [images, quality], tf.float32)
        return tf.ensure_shape(result, images.shape if self.output_kind == "decoded" else images.shape[:1])

    def _encode_all(self, images: Any, quality: Any) -> Any:
        pictures = np.clip(np.rint(images), 0, 255).astype(np.uint8)
        made = [self.encode(picture, round(float(q))) for picture, q in zip(pictures, quality, strict=True)]
        return np.stack([np.asarray(getattr(one, self.output_kind), np.float32) for one in made])

    def compute_output_shape(self, images_shape: Any) -> Any:
        return images_shape if self.output_kind == "decoded" else images_shape[:1]

    def get_config(self) -> dict[str, Any]:
        raise TypeError("RealCodec cannot be saved: it holds a Python function")
