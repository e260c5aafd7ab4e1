"""Decodes a large 4:2:0 JPEG file into its planes: 1.5 bytes per pixel instead of Pillow's 4.

Of a progressive file libjpeg holds all coefficients, 3 bytes per pixel, while it writes pixels. Decoded twice, once
into luma alone and once into chroma at its own size, neither time is much else held.
"""

from typing import BinaryIO

import numpy as np
from PIL import Image

from jpegpre_tf.jpeg import color
from jpegpre_tf.jpeg.resample import upsample

# Component number, and luma samples per chroma sample across and down: 4:2:0.
_LAYERS = [(2, 2), (1, 1), (1, 1)]
_YCC_IDENTIFIERS = [1, 2, 3]
_LEVELS = np.arange(256, dtype=np.int64) - 128
# libjpeg's tables (jdcolor.c): what chroma adds to each channel, green's with the fraction still in it.
_RED_OF_CR = ((color.CR_TO_R * _LEVELS + color.HALF) >> color.FRACTION_BITS).astype(np.int16)
_BLUE_OF_CB = ((color.CB_TO_B * _LEVELS + color.HALF) >> color.FRACTION_BITS).astype(np.int16)
_GREEN_OF_CB = (color.CB_TO_G * _LEVELS + color.HALF).astype(np.int32)
_GREEN_OF_CR = (color.CR_TO_G * _LEVELS).astype(np.int32)


class PlanarJpeg:
    """Decoded 4:2:0 JPEG planes that give RGB rows as libjpeg does, every sample.

    Args:
        luma: Picture of mode L, width x height pixels.
        chroma: Cb and Cr, pictures of mode L, half the width and height each, rounded up.
    """

    def __init__(self, luma: Image.Image, chroma: tuple[Image.Image, Image.Image]) -> None:
        self._luma = luma
        self._chroma = chroma
        self.size = luma.size

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Returns part of the picture in RGB, as `PIL.Image.Image.crop` does; the box must lie within it."""
        left, top, right, bottom = box
        across, down = self._chroma[0].size
        # One row of chroma on either side decides too; at the picture's edges there is none, as in libjpeg.
        first, last = max(0, top // 2 - 1), min(down, (bottom + 1) // 2 + 1)
        rows = slice(top - 2 * first, bottom - 2 * first)
        planes = (np.asarray(plane.crop((0, first, across, last))).astype(np.int16) for plane in self._chroma)
        cb, cr = (
            upsample(plane, (2, 2), 2 * (last - first), 2 * across)[rows, left:right] for plane in planes
        )
        luma = np.asarray(self._luma.crop(box)).astype(np.int16)
        green = (_GREEN_OF_CB[cb] + _GREEN_OF_CR[cr]) >> color.FRACTION_BITS
        rgb = np.empty((*luma.shape, 3), np.uint8)
        for channel, added in enumerate((_RED_OF_CR[cr], green.astype(np.int16), _BLUE_OF_CB[cb])):
            rgb[..., channel] = np.clip(luma + added, 0, 255)
        return Image.fromarray(rgb)


def is_planar(image: Image.Image) -> bool:
    """Whether an opened JPEG file is in 4:2:0 YCbCr beyond doubt."""
    layers = getattr(image, "layer", [])
    if image.mode != "RGB" or [tuple(layer[1:3]) for layer in layers] != _LAYERS:
        return False
    # As libjpeg decides (jdapimin.c): a JFIF header first, then Adobe's, then the components' names.
    if "jfif" in image.info:
        return True
    if "adobe" in image.info:
        return bool(image.info.get("adobe_transform") == 1)
    return bool([layer[0] for layer in layers] == _YCC_IDENTIFIERS)


def decode_planes(file: BinaryIO) -> PlanarJpeg:
    """Decodes a file that `is_planar`.

    Raises:
        OSError: If the file is damaged.
    """
    chroma = _decoded(file, "YCbCr", 2)
    planes = chroma.getchannel(1), chroma.getchannel(2)
    del chroma  # before luma takes as much again
    return PlanarJpeg(_decoded(file, "L", 1), planes)


def _decoded(file: BinaryIO, mode: str, divisor: int) -> Image.Image:
    file.seek(0)
    image = Image.open(file, formats=("JPEG",))
    width, height = image.size
    # libjpeg scales in the transform: at half size chroma has its full transform, and is not resampled.
    image.draft(mode, (width // divisor, height // divisor))
    image.load()
    image.fp = None
    return image
