"""Lossy WebP through Pillow: another format, for orientation."""

import io

from PIL import Image, features

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoder


class WebP(Encoder):
    """Lossy WebP; always 4:2:0. Its quality scale is not libjpeg's."""

    def __init__(self) -> None:
        self.name = "webp"
        self.version = str(features.version("webp"))
        self.flags = "lossy, method 4, 4:2:0"

    def encode_bytes(self, image: RGBImage, quality: int) -> bytes:
        out = io.BytesIO()
        Image.fromarray(image).save(out, "WEBP", quality=quality, method=4)
        return out.getvalue()
