"""Collects what an opened picture file carries besides pixels."""

from typing import Any

from PIL import Image

from jpegpre_tf.runtime.pictures.metadata import EXIF_PREFIX, Metadata

# TIFF's first directory mixes the file's own pixel layout, wrong in any other file, with what EXIF shares:
# description, maker, model, orientation, resolution, software, date, artist, host, copyright, EXIF and GPS.
_TIFF_EXIF_TAGS = frozenset(
    (270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 33432, 34665, 34853)  # EXIF 2.32, tables 3 and 4
)


def metadata_of(image: Image.Image) -> Metadata:
    """Returns the metadata of a loaded picture, each block byte for byte where the format allows."""
    return Metadata(
        exif=_exif(image),
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


def _exif(image: Image.Image) -> bytes:
    if image.format != "TIFF":
        # Raw: writing a parsed block anew would move maker notes, whose offsets are absolute.
        return _bytes(image.info.get("exif")).removeprefix(EXIF_PREFIX)
    exif = image.getexif()
    for tag in set(exif) - _TIFF_EXIF_TAGS:
        del exif[tag]
    return exif.tobytes().removeprefix(EXIF_PREFIX) if len(exif) else b""


def _segments(image: Image.Image, marker: str) -> tuple[bytes, ...]:
    found = getattr(image, "applist", [])
    return tuple(payload for name, payload in found if name == marker)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""
