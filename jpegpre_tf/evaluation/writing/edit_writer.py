"""Files of edited pixels, through any encoder."""

from collections.abc import Callable

import numpy as np

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoded, Encoder
from jpegpre_tf.errors import PictureError

PixelEditor = Callable[[RGBImage, int, float], RGBImage]


class EditWriter:
    """Edits a picture and encodes what comes out; a `FileWriter`.

    Args:
        preprocess: Callable `(image, quality, strength) -> image`.
        encoder: The encoder behind it.
        uses_quality: Whether the edited pixels depend on the quality; if not, one edit serves all qualities.
    """

    def __init__(self, preprocess: PixelEditor, encoder: Encoder, *, uses_quality: bool) -> None:
        self._preprocess = preprocess
        self._encoder = encoder
        self._uses_quality = uses_quality
        self._last: tuple[RGBImage, int | None, float, RGBImage] | None = None

    def write(self, image: RGBImage, quality: int, strength: float) -> Encoded:
        return self._encoder.encode(self._edit(image, quality, strength), quality)

    def _edit(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        key = quality if self._uses_quality else None
        if self._last is None or self._last[0] is not image or self._last[1:3] != (key, strength):
            edited = self._preprocess(image, quality, strength)
            if edited.shape != image.shape or edited.dtype != np.uint8:
                raise PictureError(
                    f"a preprocessor must return uint8 {image.shape}; it returned {edited.dtype} {edited.shape}"
                )
            self._last = (image, key, strength, edited)
        return self._last[3]
