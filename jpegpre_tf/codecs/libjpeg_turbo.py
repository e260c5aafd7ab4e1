"""libjpeg-turbo through Pillow: what Android's and Chromium's encoders run."""

import io

from PIL import features

from jpegpre_tf._padded import pillow_image
from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import SUBSAMPLINGS, Encoder, check_subsampling


class LibjpegTurbo(Encoder):
    """libjpeg-turbo with Annex K tables; with the default arguments, the reference of every comparison.

    Args:
        optimize: Whether Huffman tables are fitted to the file (worth 1 to 22 % of its size).
        progressive: Whether to write a progressive file; its Huffman tables are always fitted.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
    """

    def __init__(self, *, optimize: bool = True, progressive: bool = False, subsampling: str = "4:2:0"):
        self._options = {
            "optimize": optimize,
            "progressive": progressive,
            "subsampling": SUBSAMPLINGS[check_subsampling(subsampling)],
        }
        suffix = "-progressive" if progressive else "" if optimize else "-standard"
        if subsampling != "4:2:0":
            suffix += "-" + subsampling.replace(":", "")
        self.name = "libjpeg-turbo" + suffix
        self.version = str(features.version("libjpeg_turbo"))
        huffman = "optimised Huffman" if optimize or progressive else "standard Huffman"
        scan = "progressive" if progressive else "baseline"
        self.flags = f"{scan}, {huffman}, {subsampling}, Annex K tables, no metadata"

    def encode_bytes(self, image: RGBImage, quality: int) -> bytes:
        out = io.BytesIO()
        pillow_image(image).save(out, "JPEG", quality=quality, **self._options)
        return out.getvalue()
