"""Opens picture files: any common format to rows of RGB plus what must travel along."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageColor, UnidentifiedImageError

from jpegpre_tf._optional import MissingExtraError, require
from jpegpre_tf.errors import PictureError
from jpegpre_tf.jpeg.segments import SOI, read_segments
from jpegpre_tf.runtime.pictures.jpeg_source import JpegSource, describe_jpeg, jpeg_metadata
from jpegpre_tf.runtime.pictures.metadata import Metadata
from jpegpre_tf.runtime.pictures.planar_jpeg import decode_halved, decode_planes, planar_factors
from jpegpre_tf.runtime.pictures.raster import WHOLE_PIXELS, Croppable, Raster
from jpegpre_tf.runtime.pictures.read_metadata import density_of, metadata_of
from jpegpre_tf.runtime.pictures.rgb_strips import GREY_MODES, MODES, has_own_gamma, rgb_converter
from jpegpre_tf.runtime.pictures.tiff_strips import TiffStrips
from jpegpre_tf.storage.names import shown

# Only raster formats that Pillow decodes itself: its EPS reader, for one, would start another program.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# Above this Pillow refuses by itself; 0.7 GB of memory.
MAX_PIXELS = 178_956_970
# libjpeg's limit (JPEG_MAX_DIMENSION), a little under the 65535 of the format.
_LONGEST_SIDE = 65500
_ALPHA_ROWS = 128
COLOR_CHOICES = ("keep", "srgb")


@dataclass(frozen=True)
class Decoded:
    """An opened picture.

    Attributes:
        raster: Its rows, as stored: EXIF orientation is not applied.
        is_grey: The file holds one channel, and output should be grey too.
        metadata: What to carry to the output.
        density: (x, y) dots per inch, None if the file states none.
        notes: One line on each thing that the file held and the output will not.
        size_bytes: Of the file.
        jpeg: How it was encoded if it is a JPEG file.
        is_converted: To sRGB, as was asked for: the input's own pixels will not do.
    """

    raster: Raster
    is_grey: bool
    metadata: Metadata
    density: tuple[int, int] | None
    notes: tuple[str, ...]
    size_bytes: int
    jpeg: JpegSource | None
    is_converted: bool


class _RefusedError(Exception):
    """Why a file is refused, without its name."""


def check_color(color: str, background: str) -> None:
    """Raises ValueError unless both are known."""
    if color not in COLOR_CHOICES:
        raise ValueError(f"`color` must be one of {', '.join(COLOR_CHOICES)}. Received: color={color!r}")
    try:
        ImageColor.getrgb(background)
    except (ValueError, AttributeError) as error:
        raise ValueError(
            f"`background` must be a colour name or #rrggbb. Received: background={background!r}"
        ) from error


@contextmanager
def open_regular_file(path: str | Path) -> Iterator[BinaryIO]:
    """Opens a file for reading.

    Raises:
        PictureError: If it cannot be opened, or is a pipe or device, which could block for ever.
    """
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise PictureError(f"cannot read '{shown(path)}': not a regular file")
        file = Path(path).open("rb")  # noqa: SIM115  closed below; errors inside the block are the block's
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"cannot read '{shown(path)}': {reason}") from error
    with file:
        yield file


def open_decoded(
    path: str | Path, *, max_pixels: int = MAX_PIXELS, background: str = "white", color: str = "keep"
) -> Decoded:
    """Reads a picture file; see `open_picture`, which returns it in one array.

    Raises:
        PictureError: If the file cannot be read, is not a picture, is truncated or too large.
        ValueError: If `background` or `color` is unknown.
    """
    with open_regular_file(path) as file:
        return decode_file(file, path, max_pixels=max_pixels, background=background, color=color)


def decode_file(
    file: BinaryIO,
    path: str | Path,
    *,
    max_pixels: int = MAX_PIXELS,
    background: str = "white",
    color: str = "keep",
) -> Decoded:
    """`open_decoded` of an open file, which may be one in memory; `path` names it in messages."""
    check_color(color, background)
    try:
        return _decode(file, max_pixels, background, color == "srgb")
    except (_RefusedError, MissingExtraError) as error:
        raise PictureError(f"cannot read '{shown(path)}': {error}") from None
    except PictureError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        # Decoders raise nearly anything on damaged input (struct.error, IndexError, SyntaxError, zlib.error).
        raise PictureError(f"cannot read '{shown(path)}': {_reason(error, max_pixels)}") from error


def _reason(error: Exception, max_pixels: int) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a picture in a known format ({', '.join(_FORMATS)}, HEIC)"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {max_pixels} pixels"
    first_line = next(iter(str(error).splitlines()), "")
    if isinstance(error, OSError):
        return error.strerror or first_line
    return f"damaged file ({first_line or type(error).__name__})"


def _open(file: BinaryIO, start: bytes) -> Image.Image:
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS and b"avif" not in start[8:]:
        # Its own reader instead of one registered with Pillow, which would be for the whole process.
        package: Any = require("pillow_heif", extra="heif", purpose="HEIC")
        return package.HeifImageFile(file)
    return Image.open(file, formats=_FORMATS)


def _decode(file: BinaryIO, max_pixels: int, background: str, to_srgb: bool) -> Decoded:
    start = file.read(64)
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    is_jpeg = start.startswith(SOI)
    # Not closed: the raster reads from it, and it holds no file of its own.
    image = _open(file, start)
    _check_size(image, size_bytes if is_jpeg else None, max_pixels)
    if image.mode not in MODES or (image.mode == "I" and image.format != "PNG"):
        raise _RefusedError(f"colour mode {image.mode} is not supported")
    frames = getattr(image, "n_frames", 1)
    # Load before looking at metadata: Pillow turns the pixels of a TIFF by its orientation while loading,
    # and takes the tag away with it.
    pixels = _loaded(image, file)
    metadata, jpeg = metadata_of(image), None
    notes: list[str] = []
    if is_jpeg:
        file.seek(0)
        content = file.read()
        segments = read_segments(content)
        metadata, dropped = jpeg_metadata(content, segments, metadata)
        jpeg = describe_jpeg(image, content, segments)
        del content
        notes += dropped
    elif frames > 1:
        notes.append(f"holds {frames} pictures: only the first is used")
    if image.info.get("aux") or image.info.get("depth_images"):  # of HEIC files
        notes.append("its HDR gain map, depth or other auxiliary pictures cannot be kept")
    if b"hdrgm:Version" in metadata.xmp and not metadata.trailer:
        notes.append("its HDR gain map cannot be kept: only the standard picture is used")
        metadata = replace(metadata, xmp=b"")  # it would promise a gain map
    if _is_transparent(image, pixels):
        notes.append(f"transparency was put on {background}")
    if has_own_gamma(image):
        notes.append(f"gamma {image.info['gamma']:g} was converted to sRGB")
    to_rgb, by_profile = rgb_converter(image, metadata.icc, background=background, to_srgb=to_srgb)
    is_converted = by_profile and to_srgb
    if image.mode == "CMYK" or by_profile:
        metadata = replace(metadata, icc=b"")  # it described the old pixels; they are sRGB now
    metadata, dropped = metadata.fitted()
    is_grey = image.mode in GREY_MODES
    density = density_of(image)
    image.fp = None  # the pixels are all that is needed now; the file's bytes may go
    return Decoded(
        Raster(pixels, to_rgb), is_grey, metadata, density, (*notes, *dropped), size_bytes, jpeg, is_converted
    )


def _loaded(image: Image.Image, file: BinaryIO) -> Croppable:
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


def _check_size(image: Image.Image, jpeg_bytes: int | None, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise _RefusedError(f"{width}x{height} is more than {max_pixels} pixels")
    if max(width, height) > _LONGEST_SIDE:
        raise _RefusedError(f"{width}x{height}: a JPEG file holds at most {_LONGEST_SIDE} pixels a side")
    # Every block of the first component takes a bit for its DC at least. libjpeg would make up what is
    # missing after an early end marker, for as long as a damaged header says.
    if jpeg_bytes is not None and width * height > 512 * jpeg_bytes:
        raise _RefusedError(f"damaged file (too short for {width}x{height} pixels)")


def _is_transparent(image: Image.Image, pixels: Croppable) -> bool:
    """Whether anything shows through: many files have an alpha channel that hides nothing."""
    width, height = pixels.size
    if image.mode in ("RGBA", "LA", "PA"):
        strips = (
            pixels.crop((0, top, width, min(top + _ALPHA_ROWS, height)))
            for top in range(0, height, _ALPHA_ROWS)
        )
        return any(strip.getchannel("A").getextrema()[0] < 255 for strip in strips)
    return bool(image.has_transparency_data)
