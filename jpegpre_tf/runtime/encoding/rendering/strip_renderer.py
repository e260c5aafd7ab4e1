"""Encodes a large picture in strips: memory for the decoded picture and little more."""

import functools
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.errors import PictureError
from jpegpre_tf.jpeg.carriers.encoder_choice import MOST_CLIPPED
from jpegpre_tf.runtime.encoding.carriers.carriers import Carriers
from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.encoding.rendering.rendered import Rendered
from jpegpre_tf.runtime.encoding.rendering.renderer import PixelEditor, Score
from jpegpre_tf.runtime.encoding.rendering.strip_jpeg import StripJpeg
from jpegpre_tf.runtime.inference.carrier import Carrier
from jpegpre_tf.runtime.native.sum_squared_error import sum_squared_error
from jpegpre_tf.runtime.pictures.decode import Decoded
from jpegpre_tf.runtime.pictures.pixels.raster import WHOLE_PIXELS

# A strip's pixels; its context comes on top.
_STRIP_PIXELS = 4_000_000
_LEAST_ROWS = 64
# Rows of context above and below a strip: whole blocks, more than any model of this kind sees, and one row of
# blocks for the decoder's chroma upsampling.
_MODEL_CONTEXT = 64
_DECODER_CONTEXT = 16
# Pixels that are decoded at a time.
_MEASURED_PIXELS = 1 << 19

Pixels = npt.NDArray[np.uint8]


class StripRenderer:
    """A `Renderer` of pictures that must not be held in one array.

    Args:
        decoded: The picture.
        preprocess: What `load` returns; an output row must not depend on rows more than 64 away.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        carriers: What makes carriers; None encodes edited pixels.
    """

    takes_fractions = True

    def __init__(
        self,
        decoded: Decoded,
        preprocess: PixelEditor,
        subsampling: str,
        *,
        carriers: Carriers | None = None,
    ) -> None:
        self._raster = decoded.raster
        self._is_gray = decoded.is_gray
        self._density = decoded.density
        self._preprocess = preprocess
        self._subsampling = subsampling
        self._carriers = carriers
        self.prefers_fractions = carriers is not None
        self._plain: tuple[float, Rendered] | None = None

    def render(self, quality: float, strength: float) -> Rendered:
        refusal = None
        if self._carriers is not None:
            rendered = self._render_carrier(self._carriers, quality, strength)
            if rendered.edit_reason is None:
                return rendered
            refusal = rendered.edit_reason
        context = _MODEL_CONTEXT + _DECODER_CONTEXT
        return self._encode(quality, context, lambda rows: self._preprocess(rows, quality, strength), refusal)

    def render_plain(self, quality: float) -> Rendered:
        if self._plain is None or self._plain[0] != quality:
            self._plain = quality, self._encode(quality, _DECODER_CONTEXT, lambda rows: rows)
        return self._plain[1]

    def make_scorer(self, score: Score) -> Callable[[bytes], float]:
        megapixels = WHOLE_PIXELS // 1_000_000
        raise PictureError(f"pictures of more than {megapixels} megapixels cannot be encoded to a score")

    def _encode(
        self,
        quality: float,
        context: int,
        edit: Callable[[Pixels], Pixels],
        edit_reason: str | None = None,
    ) -> Rendered:
        """Returns the JPEG file; `edit` gets every strip with `context` rows above and below."""
        height, width = self._raster.height, self._raster.width
        file = StripJpeg(
            height,
            width,
            quality,
            subsampling=self._subsampling,
            is_gray=self._is_gray,
            density=self._density,
        )
        squared_error = 0.0

        def encode(rows: Pixels, _: int) -> bytes:
            return encode_jpeg(rows, quality, subsampling=self._subsampling, is_gray=self._is_gray)

        for top, bottom in self._strips():
            first, last = max(0, top - context), min(height, bottom + context)
            original = self._raster.rows(first, last)
            rows = edit(original)
            file.add(rows[top - first : bottom - first])
            squared_error += self._squared_error(original, rows, top - first, bottom - first, encode)
            del original, rows  # before the next strip needs as much again
        return Rendered(file.finish(), self._measure(squared_error), edit_reason)

    def _render_carrier(self, carriers: Carriers, quality: float, strength: float) -> Rendered:
        """The file at the first of the encoder's qualities that cuts nothing, or least, of the carrier's contrast.

        Its `edit_reason` says why the file must not be used, if that is so.
        """
        best: tuple[float, Rendered] | None = None
        for encoder_quality in carriers.encoder_qualities(quality):
            rendered, cut = self._encode_carrier(carriers, quality, strength, encoder_quality)
            if best is None or cut < best[0]:
                best = cut, rendered
            if cut <= MOST_CLIPPED:
                break
        if best is None:
            raise ValueError("no encoder quality")
        return best[1]

    def _encode_carrier(
        self, carriers: Carriers, quality: float, strength: float, encoder_quality: int
    ) -> tuple[Rendered, float]:
        """Returns the file, and the part of the carrier's pixels that were cut at 0 or 255."""
        height, width = self._raster.height, self._raster.width
        unit = 8 if self._is_gray else 16
        file = StripJpeg(
            -(-height // unit) * unit,
            -(-width // unit) * unit,
            encoder_quality,
            subsampling=self._subsampling,
            is_gray=self._is_gray,
            density=self._density,
        )
        context = _MODEL_CONTEXT + _DECODER_CONTEXT
        squared_error, cut, wrong, carrier = 0.0, 0.0, 0.0, None
        for top, bottom in self._strips():
            first, last = max(0, top - context), min(height, bottom + context)
            original = self._raster.rows(first, last)
            picture = np.asarray(Image.fromarray(original).convert("L")) if self._is_gray else original
            carrier = carriers.make(picture, quality, strength, encoder_quality)
            rows = (
                carrier.pixels
                if carrier.pixels.ndim == 3
                else np.repeat(carrier.pixels[..., None], 3, axis=2)
            )

            def encode(part: Pixels, lines: int, carrier: Carrier = carrier) -> bytes:
                content = encode_jpeg(part, encoder_quality, is_gray=self._is_gray)
                return replace(carrier, height=lines).finish(content)

            end = bottom - first if bottom < height else len(rows)
            file.add(rows[top - first : end])
            squared_error += self._squared_error(original, rows, top - first, bottom - first, encode)
            cut += carrier.clipped_share * (bottom - top) / height
            wrong += carrier.wrong_share * (bottom - top) / height
            del original, picture, rows
        if carrier is None:
            raise ValueError("a picture without rows")
        carrier = replace(carrier, height=height, wrong_share=wrong)
        content = carrier.finish(file.finish())
        measure = self._measure(squared_error)
        return Rendered(content, measure, carriers.refusal(carrier)), cut

    def _measure(self, squared_error: float) -> Callable[[], float]:
        # Not of `self`, which keeps the plain file: the picture would stay until cycles are collected.
        return functools.partial(_psnr_db, squared_error, 3 * self._raster.height * self._raster.width)

    def _strips(self) -> Iterator[tuple[int, int]]:
        rows = max(_LEAST_ROWS, _STRIP_PIXELS // self._raster.width // 16 * 16)
        for top in range(0, self._raster.height, rows):
            yield top, min(top + rows, self._raster.height)

    def _squared_error(
        self,
        original: Pixels,
        rows: Pixels,
        top: int,
        bottom: int,
        encode: Callable[[Pixels, int], bytes],
    ) -> float:
        """Sum of squared differences that a decoder will show between rows top..bottom and the original.

        `encode` gets rows for the encoder, and how many of them the picture has.

        A strip from block to block is coded as in the whole picture, and with a row of blocks around it
        decoded alike too.
        """
        total = 0.0
        at_once = max(16, _MEASURED_PIXELS // self._raster.width // 16 * 16)
        for start in range(top, bottom, at_once):
            end = min(start + at_once, bottom)
            first, last = max(0, start - _DECODER_CONTEXT), min(len(rows), end + _DECODER_CONTEXT)
            jpeg = encode(rows[first:last], min(last, len(original)) - first)
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                decoded = np.asarray(image.convert("RGB"))[start - first : end - first]
            total += sum_squared_error(original[start:end], decoded)
        return total


def _psnr_db(squared_error: float, samples: int) -> float:
    return 10 * math.log10(255**2 * samples / squared_error) if squared_error else math.inf
