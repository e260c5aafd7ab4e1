"""Encodes one picture that is held in one array."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.encoding.jpeg_encoder import JpegEncoder, encode_with
from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.encoding.rendered import Rendered
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
        self._plain: tuple[float, Rendered] | None = None
        self.takes_fractions = encoder is None

    def render(self, quality: float, strength: float) -> Rendered:
        return self._encode(self._preprocess(self._pixels, quality, strength), quality)

    def render_plain(self, quality: float) -> Rendered:
        if self._plain is None or self._plain[0] != quality:
            self._plain = quality, self._encode(self._pixels, quality)
        return self._plain[1]

    def make_scorer(self, score: Score) -> Callable[[bytes], float]:
        return score(self._pixels)

    def _encode(self, pixels: npt.NDArray[np.uint8], quality: float) -> Rendered:
        if self._encoder is not None:
            jpeg = encode_with(
                self._encoder, pixels, int(quality), is_grey=self._is_grey, density=self._density
            )
        else:
            jpeg = encode_jpeg(
                pixels, quality, subsampling=self._subsampling, is_grey=self._is_grey, density=self._density
            )
        return Rendered(jpeg, lambda: psnr_db(self._pixels, jpeg))
