"""Decodes a large progressive JPEG file into its planes: 1.5 to 3 bytes per pixel instead of Pillow's 4.

libjpeg holds all coefficients of such a file, 3 to 6 bytes per pixel, while it writes pixels. Taken apart and decoded
component by component, those of one component are held at a time, and no pixels.
"""

import io
import os
from typing import BinaryIO

import numpy as np
from PIL import Image

from jpegpre_tf.jpeg.files.components import component_files
from jpegpre_tf.jpeg.transform import color
from jpegpre_tf.jpeg.transform.resample import FACTORS, upsample

# Luma's sampling factors where chroma's are 1: luma samples per chroma sample, across and down.
_FACTORS = tuple(FACTORS.values())
_YCC_IDENTIFIERS = [1, 2, 3]
_LEVELS = np.arange(256, dtype=np.int64) - 128
# libjpeg's tables (jdcolor.c): what chroma adds to each channel, green's with the fraction still in it.
_RED_OF_CR = ((color.CR_TO_R * _LEVELS + color.HALF) >> color.FRACTION_BITS).astype(np.int16)
_BLUE_OF_CB = ((color.CB_TO_B * _LEVELS + color.HALF) >> color.FRACTION_BITS).astype(np.int16)
_GREEN_OF_CB = (color.CB_TO_G * _LEVELS + color.HALF).astype(np.int32)
_GREEN_OF_CR = (color.CR_TO_G * _LEVELS).astype(np.int32)


class PlanarJpeg:
    """Decoded JPEG planes that give RGB rows as libjpeg does, every sample.

    Args:
        luma: Picture of mode L, width x height pixels.
        chroma: Cb and Cr, pictures of mode L, width and height divided by `factors`, rounded up.
        factors: Luma samples per chroma sample, across and down: 2 and 2, 2 and 1, or 1 and 1.
    """

    def __init__(
        self, luma: Image.Image, chroma: tuple[Image.Image, Image.Image], factors: tuple[int, int]
    ) -> None:
        self._luma = luma
        self._chroma = chroma
        self._factors = factors
        self.size = luma.size

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Returns part of the picture in RGB, as `PIL.Image.Image.crop` does; the box must lie within it."""
        left, top, right, bottom = box
        columns, height = self._chroma[0].size
        across, down = self._factors
        # Between rows of chroma one more on either side decides too; at the picture's edges there is none, as in
        # libjpeg.
        first, last = max(0, top // down - (down - 1)), min(height, -(-bottom // down) + (down - 1))
        rows = slice(top - down * first, bottom - down * first)
        planes = (
            np.asarray(plane.crop((0, first, columns, last))).astype(np.int16) for plane in self._chroma
        )
        cb, cr = (
            upsample(plane, self._factors, down * (last - first), across * columns)[rows, left:right]
            for plane in planes
        )
        luma = np.asarray(self._luma.crop(box)).astype(np.int16)
        green = (_GREEN_OF_CB[cb] + _GREEN_OF_CR[cr]) >> color.FRACTION_BITS
        rgb = np.empty((*luma.shape, 3), np.uint8)
        for channel, added in enumerate((_RED_OF_CR[cr], green.astype(np.int16), _BLUE_OF_CB[cb])):
            rgb[..., channel] = np.clip(luma + added, 0, 255)
        return Image.fromarray(rgb)


def planar_factors(image: Image.Image) -> tuple[int, int] | None:
    """Returns luma samples per chroma sample of an opened JPEG file if it is surely in YCbCr; None if not."""
    layers = getattr(image, "layer", [])
    if image.mode != "RGB" or len(layers) != 3 or any(tuple(layer[1:3]) != (1, 1) for layer in layers[1:]):
        return None
    factors: tuple[int, int] = tuple(layers[0][1:3])
    if factors not in _FACTORS:
        return None
    # As libjpeg decides (jdapimin.c): a JFIF header first, then Adobe's, then the components' names.
    if "jfif" in image.info:
        is_ycc = True
    elif "adobe" in image.info:
        is_ycc = image.info.get("adobe_transform") == 1
    else:
        is_ycc = [layer[0] for layer in layers] == _YCC_IDENTIFIERS
    return factors if is_ycc else None


def decode_planes(file: BinaryIO, factors: tuple[int, int]) -> PlanarJpeg:
    """Decodes a progressive file of these `planar_factors`.

    Raises:
        ValueError: If it is not taken apart.
        OSError: If it is damaged.
    """
    file.seek(0)
    files = component_files(file.read())
    planes = []
    while files:
        image = Image.open(io.BytesIO(files.pop(0)), formats=("JPEG",))
        image.load()
        image.fp = None  # with it go the file's bytes
        planes.append(image)
    luma, cb, cr = planes
    return PlanarJpeg(luma, (cb, cr), factors)


def decode_halved(file: BinaryIO) -> PlanarJpeg:
    """Decodes a file whose `planar_factors` are 2 and 2, twice: luma alone, and chroma at its own size.

    Takes longer and 2 bytes per pixel more than `decode_planes`, but takes every file.

    Raises:
        OSError: If the file is damaged.
    """
    chroma = _decoded(file, "YCbCr", 2)
    planes = chroma.getchannel(1), chroma.getchannel(2)
    del chroma  # before luma takes as much again
    return PlanarJpeg(_decoded(file, "L", 1), planes, (2, 2))


def _decoded(file: BinaryIO, mode: str, divisor: int) -> Image.Image:
    file.seek(0)
    image = Image.open(file, formats=("JPEG",))
    width, height = image.size
    # libjpeg scales in the transform: at half size chroma has its full transform, and is not resampled.
    image.draft(mode, (width // divisor, height // divisor))
    # As long as the file: libjpeg's arithmetic decoder cannot wait for more of it.
    image.decodermaxblock = file.seek(0, os.SEEK_END)
    image.load()
    image.fp = None
    return image
