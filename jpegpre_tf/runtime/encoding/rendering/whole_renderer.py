"""Encodes one picture that is held in one array."""

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.runtime.encoding.carriers.carriers import Carriers
from jpegpre_tf.runtime.encoding.jpeg_encoder import JpegEncoder, encode_with
from jpegpre_tf.runtime.encoding.jpeg_file import SCANS, encode_jpeg
from jpegpre_tf.runtime.encoding.rendering.rendered import Rendered
from jpegpre_tf.runtime.encoding.rendering.renderer import PixelEditor, Score
from jpegpre_tf.runtime.inference.carrier import Carrier
from jpegpre_tf.runtime.inference.session import Session
from jpegpre_tf.runtime.pictures.decode import Decoded
from jpegpre_tf.runtime.pictures.psnr import psnr_db

Pixels = npt.NDArray[np.uint8]


class WholeRenderer:
    """A `Renderer` that holds the picture in one array: fast, about 13 bytes of memory per pixel.

    Args:
        decoded: The picture.
        preprocess: What `load` returns.
        subsampling: "4:2:0", "4:2:2" or "4:4:4"; an `encoder` has its own.
        encoder: Another encoder than the plain one.
        scan: "baseline", "progressive" or "smallest"; an `encoder` has its own.
        carriers: What makes carriers; None encodes edited pixels.
    """

    def __init__(
        self,
        decoded: Decoded,
        preprocess: PixelEditor,
        subsampling: str,
        encoder: JpegEncoder | None = None,
        *,
        scan: str = "baseline",
        carriers: Carriers | None = None,
    ) -> None:
        self._pixels = decoded.raster.pixels()
        decoded.raster.close()
        self._is_gray = decoded.is_gray
        self._density = decoded.density
        self._preprocess = preprocess
        self._subsampling = subsampling
        self._encoder = encoder
        self._scan = scan
        self._carriers = carriers
        self._plain: tuple[float, Rendered] | None = None
        # A carrier's file has any tables, whatever the encoder's.
        self.takes_fractions = encoder is None or carriers is not None
        self.prefers_fractions = carriers is not None

    def render(self, quality: float, strength: float) -> Rendered:
        refusal = None
        if self._carriers is not None:
            carrier = self._carriers.make(self._picture(), quality, strength)
            refusal = self._carriers.refusal(carrier)
            if refusal is None:
                return self._rendered(self._encode_carrier(carrier))
        return self._rendered(self._encode(self._edit(quality, strength), quality), refusal)

    def _edit(self, quality: float, strength: float) -> Pixels:
        if isinstance(
            self._preprocess, Session
        ):  # whatever else edits does not know the plain encoder's layout
            return self._preprocess(self._pixels, quality, strength, padded=self._encoder is None)
        return self._preprocess(self._pixels, quality, strength)

    def _encode_carrier(self, carrier: Carrier) -> bytes:
        if carrier.quality is None:
            raise ValueError("a carrier without the quality of its encoder")
        scans = SCANS[:2] if self._scan == "smallest" and self._encoder is None else (self._scan,)
        files = [carrier.finish(self._encode(carrier.pixels, carrier.quality, scan)) for scan in scans]
        return min(files, key=len)

    def render_plain(self, quality: float) -> Rendered:
        if self._plain is None or self._plain[0] != quality:
            self._plain = quality, self._rendered(self._encode(self._pixels, quality))
        return self._plain[1]

    def make_scorer(self, score: Score) -> Callable[[bytes], float]:
        return score(self._pixels)

    def _picture(self) -> Pixels:
        """What a carrier is made of: one channel where one is written."""
        if self._is_gray and (self._encoder is None or self._encoder.takes_gray):
            return np.asarray(Image.fromarray(self._pixels).convert("L"))
        return self._pixels

    def _encode(self, pixels: Pixels, quality: float, scan: str | None = None) -> bytes:
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[..., np.newaxis], 3, axis=2)
        if self._encoder is not None:
            return encode_with(
                self._encoder, pixels, int(quality), is_gray=self._is_gray, density=self._density
            )
        return encode_jpeg(
            pixels,
            quality,
            subsampling=self._subsampling,
            is_gray=self._is_gray,
            density=self._density,
            scan=scan or self._scan,
        )

    def _rendered(self, jpeg: bytes, edit_reason: str | None = None) -> Rendered:
        # Not of `self`, which keeps the plain file: the picture would stay until cycles are collected.
        return Rendered(jpeg, functools.partial(psnr_db, self._pixels, jpeg), edit_reason)
