"""Picture files in: any common format to RGB levels plus what must travel along."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.metadata import Metadata
from jpegpre_tf.runtime.metadata_of import density_of, metadata_of
from jpegpre_tf.runtime.names import shown
from jpegpre_tf.runtime.rgb_strips import GREY_MODES, MODES, rgb_strips

# Only raster formats that Pillow decodes itself: its EPS reader, for one, would start another program.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
_OTHER_SUFFIXES = (".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".ppm", ".pgm", ".pnm")
PICTURE_SUFFIXES = frozenset((*_JPEG_SUFFIXES, *_OTHER_SUFFIXES))
# Above this Pillow refuses by itself; 0.5 GB of RGB.
MAX_PIXELS = 178_956_970
# libjpeg's limit (JPEG_MAX_DIMENSION), a little under the 65535 of the format.
_LONGEST_SIDE = 65500


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 `(H, W, 3)` RGB, levels 0..255, as stored: EXIF orientation is not applied.
        is_grey: The file holds one channel: the three of `pixels` are equal, and output should be grey too.
        metadata: What to carry to the output.
        density: (x, y) dots per inch, None if the file states none.
        notes: One line on each thing that the file held and `pixels` does not (transparency, more frames).
    """

    pixels: npt.NDArray[np.uint8]
    is_grey: bool = False
    metadata: Metadata = field(default_factory=Metadata)
    density: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()


def open_picture(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads a picture file: JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or PPM.

    Transparent pictures are put on white, 16-bit ones rounded to 8 bits, CMYK ones converted to sRGB through
    their colour profile, animated ones give their first frame. Grey stays grey.

    Args:
        path: The file.
        max_pixels: Larger pictures are refused before anything is decoded.

    Raises:
        PictureError: If the file cannot be read, is not a picture, is truncated or too large.
    """
    try:
        # A pipe or a device could block for ever.
        if Path(path).exists() and not Path(path).is_file():
            raise PictureError("not a regular file")
        with Path(path).open("rb") as file:
            return _decode(file, max_pixels)
    except PictureError as error:
        raise PictureError(f"cannot read '{shown(path)}': {error}") from None
    except Exception as error:
        # Decoders raise nearly anything on damaged input (struct.error, IndexError, SyntaxError, zlib.error).
        raise PictureError(f"cannot read '{shown(path)}': {_reason(error, max_pixels)}") from error


def _reason(error: Exception, max_pixels: int) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a picture in a known format ({', '.join(_FORMATS)})"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {min(max_pixels, MAX_PIXELS)} pixels"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    first_line = next(iter(str(error).splitlines()), "")
    return f"damaged file ({first_line or type(error).__name__})"


def _decode(file: BinaryIO, max_pixels: int) -> Picture:
    with Image.open(file, formats=_FORMATS) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise PictureError(f"{width}x{height} is more than {max_pixels} pixels")
        if max(width, height) > _LONGEST_SIDE:
            raise PictureError(f"{width}x{height}: a JPEG file holds at most {_LONGEST_SIDE} pixels a side")
        if image.mode not in MODES or (image.mode == "I" and image.format != "PNG"):
            raise PictureError(f"colour mode {image.mode} is not supported")
        frames = getattr(image, "n_frames", 1)
        # Load before looking at metadata: Pillow turns the pixels of a TIFF by its orientation while loading,
        # and takes the tag away with it.
        image.load()
        metadata = metadata_of(image)
        notes = []
        if frames > 1:
            notes.append(f"holds {frames} pictures: only the first is used")
        if b"hdrgm:Version" in metadata.xmp:
            notes.append("holds an HDR gain map: only the standard picture is used")
        if image.has_transparency_data:
            notes.append("transparency was put on white")
        pixels = np.empty((image.height, image.width, 3), np.uint8)
        for top, strip in rgb_strips(image, metadata.icc):
            pixels[top : top + len(strip)] = strip
        if image.mode == "CMYK":
            metadata = replace(metadata, icc=b"")  # it describes inks; the pixels are sRGB now
        metadata, dropped = metadata.fitted()
        is_grey = image.mode in GREY_MODES
        return Picture(pixels, is_grey, metadata, density_of(image), (*notes, *dropped))
