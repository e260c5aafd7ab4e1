"""Picture files in: any common format to RGB levels plus what must travel along."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.pictures.decode import MAX_PIXELS, Decoded, decode_file, open_decoded
from jpegpre_tf.runtime.pictures.metadata.metadata import Metadata


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 `(H, W, 3)` RGB, levels 0..255, as stored: EXIF orientation is not applied.
        is_gray: The file holds one channel: the three of `pixels` are equal, and output should be grey too.
        metadata: What to carry to the output.
        density: (x, y) dots per inch, None if the file states none.
        notes: One line on each thing that the file held and `pixels` does not (transparency, more frames).
    """

    pixels: npt.NDArray[np.uint8]
    is_gray: bool = False
    metadata: Metadata = field(default_factory=Metadata)
    density: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()


def open_picture(
    path: str | Path, *, max_pixels: int = MAX_PIXELS, background: str = "white", color: str = "keep"
) -> Picture:
    """Reads a picture file: JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, PPM, and HEIC (extra "heif").

    16-bit pictures are rounded to 8 bits, CMYK ones converted to sRGB through their colour profile, animated
    ones give their first frame. Grey stays grey.

    Args:
        path: The file.
        max_pixels: Larger pictures are refused before anything is decoded.
        background: Colour that transparent pictures are put on, a name or #rrggbb.
        color: "keep" leaves pixels and colour profile as they are; "srgb" converts to sRGB.

    Raises:
        PictureError: If the file cannot be read, is not a picture, is truncated or too large.
        ValueError: If `background` or `color` is unknown.
    """
    return _picture(open_decoded(path, max_pixels=max_pixels, background=background, color=color))


def open_content(
    content: bytes,
    name: str = "picture",
    *,
    max_pixels: int = MAX_PIXELS,
    background: str = "white",
    color: str = "keep",
) -> Picture:
    """`open_picture` of a file that is in memory; `name` is for messages."""
    file = io.BytesIO(content)
    return _picture(decode_file(file, name, max_pixels=max_pixels, background=background, color=color))


def _picture(decoded: Decoded) -> Picture:
    pixels = decoded.raster.pixels()
    return Picture(pixels, decoded.is_gray, decoded.metadata, decoded.density, decoded.notes)
