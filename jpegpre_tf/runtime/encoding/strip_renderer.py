"""Encodes a large picture in strips: memory for the decoded picture and little more."""

import hashlib
import io
import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.encoding.renderer import Preprocess, Score
from jpegpre_tf.runtime.encoding.strip_jpeg import StripJpeg
from jpegpre_tf.runtime.pictures.decode import Decoded
from jpegpre_tf.runtime.pictures.raster import WHOLE_PIXELS

# A strip's pixels; its context comes on top.
_STRIP_PIXELS = 4_000_000
_LEAST_ROWS = 64
# Rows of context above and below a strip: whole blocks, more than any model of this kind sees, and one row of
# blocks for the decoder's chroma upsampling.
_MODEL_CONTEXT = 64
_DECODER_CONTEXT = 16
# Pixels that are decoded at a time.
_MEASURED_PIXELS = 1 << 19


class StripRenderer:
    """A `Renderer` of pictures that must not be held in one array.

    Args:
        decoded: The picture.
        preprocess: What `load` returns; an output row must not depend on rows more than 64 away.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
    """

    takes_fractions = True

    def __init__(self, decoded: Decoded, preprocess: Preprocess, subsampling: str) -> None:
        self._raster = decoded.raster
        self._is_grey = decoded.is_grey
        self._density = decoded.density
        self._preprocess = preprocess
        self._subsampling = subsampling
        self._psnr_db: dict[bytes, float] = {}

    def edited(self, quality: float, strength: float) -> bytes:
        context = _MODEL_CONTEXT + _DECODER_CONTEXT
        return self._encoded(quality, context, lambda rows: self._preprocess(rows, quality, strength))

    def plain(self, quality: float) -> bytes:
        return self._encoded(quality, _DECODER_CONTEXT, lambda rows: rows)

    def psnr_db(self, jpeg: bytes) -> float:
        return self._psnr_db[_key(jpeg)]

    def scorer(self, score: Score) -> Callable[[bytes], float]:
        megapixels = WHOLE_PIXELS // 1_000_000
        raise PictureError(f"pictures of more than {megapixels} megapixels cannot be encoded to a score")

    def _encoded(
        self, quality: float, context: int, edit: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]
    ) -> bytes:
        """Returns the JPEG file; `edit` gets every strip with `context` rows above and below."""
        height, width = self._raster.height, self._raster.width
        file = StripJpeg(
            height,
            width,
            quality,
            subsampling=self._subsampling,
            is_grey=self._is_grey,
            density=self._density,
        )
        squared_error = 0.0
        for top, bottom in self._strips():
            first, last = max(0, top - context), min(height, bottom + context)
            original = self._raster.rows(first, last)
            rows = edit(original)
            file.add(rows[top - first : bottom - first])
            squared_error += self._squared_error(original, rows, top - first, bottom - first, quality)
            del original, rows  # before the next strip needs as much again
        jpeg = file.finish()
        samples = 3 * height * width
        self._psnr_db[_key(jpeg)] = (
            10 * math.log10(255**2 * samples / squared_error) if squared_error else math.inf
        )
        return jpeg

    def _strips(self) -> Iterator[tuple[int, int]]:
        rows = max(_LEAST_ROWS, _STRIP_PIXELS // self._raster.width // 16 * 16)
        for top in range(0, self._raster.height, rows):
            yield top, min(top + rows, self._raster.height)

    def _squared_error(
        self,
        original: npt.NDArray[np.uint8],
        rows: npt.NDArray[np.uint8],
        top: int,
        bottom: int,
        quality: float,
    ) -> float:
        """Sum of squared differences that a decoder will show between rows top..bottom and the original.

        A strip from block to block is coded as in the whole picture, and with a row of blocks around it
        decoded alike too.
        """
        total = 0.0
        at_once = max(16, _MEASURED_PIXELS // self._raster.width // 16 * 16)
        for start in range(top, bottom, at_once):
            end = min(start + at_once, bottom)
            first, last = max(0, start - _DECODER_CONTEXT), min(len(rows), end + _DECODER_CONTEXT)
            jpeg = encode_jpeg(
                rows[first:last], quality, subsampling=self._subsampling, is_grey=self._is_grey
            )
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                decoded = np.asarray(image.convert("RGB"))[start - first : end - first]
            # float32 holds each squared difference exactly; sums of a few rows stay within 1e-6 of exact.
            difference = np.subtract(original[start:end], decoded, dtype=np.float32).ravel()
            total += float(np.dot(difference, difference))
        return total


def check_decodes(jpeg: bytes) -> None:
    """Decodes a file at an eighth of its size: all its bits are read, little memory is used.

    Raises:
        OSError: If that fails.
    """
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.draft(image.mode, (max(1, image.width // 8), max(1, image.height // 8)))
        image.load()


def _key(jpeg: bytes) -> bytes:
    return hashlib.sha256(jpeg).digest()
