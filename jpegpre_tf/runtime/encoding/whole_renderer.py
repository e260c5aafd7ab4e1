"""Encodes one picture that is held in one array."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.encoding.jpeg_encoder import JpegEncoder, encode_with
from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.encoding.renderer import Preprocess, Score
from jpegpre_tf.runtime.pictures.decode import Decoded
from jpegpre_tf.runtime.pictures.psnr import psnr_db


class WholeRenderer:
    """A `Renderer` that holds the picture in one array: fast, about 13 bytes of memory per pixel.

    Args:
        decoded: The picture.
        preprocess: What `load` returns.
        subsampling: "4:2:0", "4:2:2" or "4:4:4"; an `encoder` has its own.
        encoder: Another encoder than the plain one.
    """

    def __init__(
        self,
        decoded: Decoded,
        preprocess: Preprocess,
        subsampling: str,
        encoder: JpegEncoder | None = None,
    ) -> None:
        self._pixels = decoded.raster.pixels()
        decoded.raster.close()
        self._is_grey = decoded.is_grey
        self._density = decoded.density
        self._preprocess = preprocess
        self._subsampling = subsampling
        self._encoder = encoder
        self.takes_fractions = encoder is None

    def edited(self, quality: float, strength: float) -> bytes:
        return self._encoded(self._preprocess(self._pixels, quality, strength), quality)

    def plain(self, quality: float) -> bytes:
        return self._encoded(self._pixels, quality)

    def psnr_db(self, jpeg: bytes) -> float:
        return psnr_db(self._pixels, jpeg)

    def scorer(self, score: Score) -> Callable[[bytes], float]:
        return score(self._pixels)

    def _encoded(self, pixels: npt.NDArray[np.uint8], quality: float) -> bytes:
        if self._encoder is not None:
            return encode_with(
                self._encoder, pixels, int(quality), is_grey=self._is_grey, density=self._density
            )
        return encode_jpeg(
            pixels, quality, subsampling=self._subsampling, is_grey=self._is_grey, density=self._density
        )
