"""Pixels of an opened picture: decoded whole, by planes or in bands, and whether they hide what is behind them."""

from contextlib import suppress
from typing import BinaryIO

from PIL import Image

from jpegpre_tf.runtime.pictures.formats.tiff_strips import TiffStrips
from jpegpre_tf.runtime.pictures.jpeg_files.planar_jpeg import decode_halved, decode_planes, planar_factors
from jpegpre_tf.runtime.pictures.pixels.raster import WHOLE_PIXELS, Croppable
from jpegpre_tf.runtime.pictures.pixels.rgb_strips import is_key

_ALPHA_ROWS = 128


def load_pixels(image: Image.Image, file: BinaryIO) -> Croppable:
    """Returns the pixels of an opened picture, decoded in the way that takes least memory.

    Args:
        image: Picture that Pillow has opened and not decoded yet.
        file: What Pillow reads from.
    """
    is_large = image.width * image.height > WHOLE_PIXELS
    factors = planar_factors(image)
    if is_large and image.info.get("progressive") and factors:
        # Its decoder holds all coefficients: no room beside them for the picture in 4 bytes per pixel.
        try:
            return decode_planes(file, factors)
        except (ValueError, OSError):
            # Arithmetic-coded, damaged, or incomplete in a way that libjpeg makes up for.
            if factors == (2, 2):
                return decode_halved(file)
    if is_large and image.format == "TIFF":
        # What is wrong with a file is said where it is decoded whole.
        with suppress(Exception):
            return TiffStrips(image, file)
    image.load()
    picture: Croppable = image
    return picture


def is_transparent(image: Image.Image, pixels: Croppable, key: tuple[int, ...] | None) -> bool:
    """Whether anything shows through: many files have an alpha channel that hides nothing.

    Args:
        image: Picture that Pillow has opened.
        pixels: Pixels of the picture.
        key: Samples of the pixels that are transparent; None where no such color is stated.
    """
    width, height = pixels.size
    strips = (
        pixels.crop((0, top, width, min(top + _ALPHA_ROWS, height))) for top in range(0, height, _ALPHA_ROWS)
    )
    if key is not None:
        return any(is_key(strip, key).any() for strip in strips)
    if image.mode in ("RGBA", "LA", "PA"):
        return any(strip.getchannel("A").getextrema()[0] < 255 for strip in strips)
    return bool(image.has_transparency_data)
