"""MozJPEG's trellis decisions, carried over in pixels."""

from functools import cached_property

import numpy as np

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs import MozJPEG, decode
from jpegpre_tf.filters.base import Filter, to_uint8


class TrellisPixels(Filter):
    """The pixels that MozJPEG's trellis decodes to, at the same quality with the same Annex K tables.

    A plain encoder at that quality then writes nearly the trellis' coefficients: what a preprocessor would
    reach by imitating MozJPEG. Between strength 0 and 1 the pixels are mixed.
    """

    name = "trellis"
    label = "MozJPEG trellis pixels"
    uses_quality = True

    @cached_property
    def _encoder(self) -> MozJPEG:
        return MozJPEG(tables="annex-k")

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        decoded = decode(self._encoder.encode_bytes(image, quality))
        if strength == 1.0:
            return decoded
        return to_uint8(image + strength * (decoded.astype(np.float32) - image))

    def describe(self, strength: float) -> str:
        return f"{self._encoder.flags}; mixed in by {strength:g}"

    def library(self) -> str:
        return f"MozJPEG {self._encoder.version}"
