"""Encodes one picture again and again, at the settings that a search tries."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.decoded import Decoded
from jpegpre_tf.runtime.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.psnr import psnr_db

# Prepared for a picture's pixels once, then called with files of it.
Score = Callable[[npt.NDArray[np.uint8]], Callable[[bytes], float]]
Preprocess = Callable[[npt.NDArray[np.uint8], float, float], npt.NDArray[np.uint8]]


class Renderer(Protocol):
    """One picture that can be encoded at any setting."""

    def edited(self, quality: float, strength: float) -> bytes:
        """Returns the JPEG file of the edited picture, without metadata."""

    def plain(self, quality: float) -> bytes:
        """Returns the JPEG file of the picture as it is."""

    def psnr_db(self, jpeg: bytes) -> float:
        """Returns the PSNR-RGB of a file of this picture, in decibels."""

    def scorer(self, score: Score) -> Callable[[bytes], float]:
        """Returns what scores files of this picture."""


class WholeRenderer:
    """A `Renderer` that holds the picture in one array: fast, about 13 bytes of memory per pixel.

    Args:
        decoded: The picture.
        preprocess: What `load` returns.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
    """

    def __init__(self, decoded: Decoded, preprocess: Preprocess, subsampling: str) -> None:
        self._pixels = decoded.raster.pixels()
        decoded.raster.close()
        self._is_grey = decoded.is_grey
        self._density = decoded.density
        self._preprocess = preprocess
        self._subsampling = subsampling

    def edited(self, quality: float, strength: float) -> bytes:
        return self._encoded(self._preprocess(self._pixels, quality, strength), quality)

    def plain(self, quality: float) -> bytes:
        return self._encoded(self._pixels, quality)

    def psnr_db(self, jpeg: bytes) -> float:
        return psnr_db(self._pixels, jpeg)

    def scorer(self, score: Score) -> Callable[[bytes], float]:
        return score(self._pixels)

    def _encoded(self, pixels: npt.NDArray[np.uint8], quality: float) -> bytes:
        return encode_jpeg(
            pixels, quality, subsampling=self._subsampling, is_grey=self._is_grey, density=self._density
        )
