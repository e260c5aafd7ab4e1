"""Collects what an opened picture file carries besides pixels."""

import io
import struct
from fractions import Fraction
from typing import Any

from PIL import Image

from jpegpre_tf.runtime.pictures.formats.tiff_directory import Directory, read_directory
from jpegpre_tf.runtime.pictures.metadata.metadata import EXIF_PREFIX, Metadata

_CENTIMETERS = 3


def collect_metadata(image: Image.Image) -> Metadata:
    """Returns the metadata of a picture, each block byte for byte; TIFF's is read from its directory instead."""
    return Metadata(
        # Raw: writing a parsed block anew would move maker notes, whose offsets are absolute.
        exif=_bytes(image.info.get("exif")).removeprefix(EXIF_PREFIX),
        icc=_bytes(image.info.get("icc_profile")),
        xmp=_bytes(image.info.get("xmp")),
        photoshop=_segments(image, "APP13"),
        comments=_segments(image, "COM"),
    )


def density_of(image: Image.Image) -> tuple[int, int] | None:
    """Returns (x, y) dots per inch if the file states usable ones."""
    try:
        x, y = (round(float(value)) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (x, y) if 0 < x < 65536 and 0 < y < 65536 else None


def jpeg_density(image: Image.Image) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Returns (x, y) dots per inch of a JPEG file, and dots across and down of one that states no unit, or None.

    The JFIF header comes before EXIF. Where EXIF states no resolution Pillow says 72, and without a unit inches.
    """
    aspect = aspect_of(image)
    if image.info.get("jfif_unit") in (1, 2):
        return density_of(image), aspect
    try:
        exif = read_directory(io.BytesIO(_bytes(image.info.get("exif")).removeprefix(EXIF_PREFIX)))
    except (KeyError, ValueError, struct.error):
        return None, aspect
    density, exif_aspect = tiff_density(exif)
    return density, aspect or exif_aspect


def aspect_of(image: Image.Image) -> tuple[int, int] | None:
    """Returns dots across and down of a JPEG file that states no unit, None if they are equal or not stated."""
    if image.info.get("jfif_unit") != 0:
        return None
    x, y = image.info.get("jfif_density", (1, 1))
    return small_ratio(x, y)


def tiff_density(directory: Directory) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Returns (x, y) dots per inch, and dots across and down where no unit is stated; each None if not stated."""
    x, y = directory.numbers(282), directory.numbers(283)
    if not x or not y or not 0 < x[0] < 1e6 or not 0 < y[0] < 1e6:
        return None, None
    unit = directory.integer(296, 2)
    if unit == 1:
        ratio = Fraction(x[0] / y[0]).limit_denominator(65535)
        return None, small_ratio(ratio.numerator, ratio.denominator)
    factor = 2.54 if unit == _CENTIMETERS else 1.0
    across, down = round(x[0] * factor), round(y[0] * factor)
    return ((across, down) if 0 < across < 65536 and 0 < down < 65536 else None), None


def small_ratio(x: int, y: int) -> tuple[int, int] | None:
    """Returns a ratio in numbers of 16 bits, None if it is 1 or none at all."""
    if x <= 0 or y <= 0 or x == y:
        return None
    ratio = Fraction(x, y).limit_denominator(65535)
    if not 0 < ratio.numerator < 65536:
        return None
    return ratio.numerator, ratio.denominator


def _segments(image: Image.Image, marker: str) -> tuple[bytes, ...]:
    found = getattr(image, "applist", [])
    return tuple(payload for name, payload in found if name == marker)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""
