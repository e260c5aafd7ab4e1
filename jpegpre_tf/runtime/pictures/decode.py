"""Opens picture files: any common format to rows of RGB plus what must travel along."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageColor, UnidentifiedImageError

from jpegpre_tf._optional import MissingExtraError
from jpegpre_tf.errors import PictureError
from jpegpre_tf.jpeg.files.segments import SOI, read_segments
from jpegpre_tf.runtime.pictures.formats.open_by_kind import FORMATS, open_by_kind, open_jpeg
from jpegpre_tf.runtime.pictures.formats.opened import Opened, RefusedError
from jpegpre_tf.runtime.pictures.jpeg_files.jpeg_source import JpegSource, describe_jpeg, jpeg_metadata
from jpegpre_tf.runtime.pictures.jpeg_scans.jpeg_damage import check_frame, check_scans
from jpegpre_tf.runtime.pictures.limits import Limits
from jpegpre_tf.runtime.pictures.load_pixels import is_transparent, load_pixels
from jpegpre_tf.runtime.pictures.metadata.metadata import Metadata
from jpegpre_tf.runtime.pictures.metadata.promises import without_promises
from jpegpre_tf.runtime.pictures.pixels.raster import Raster
from jpegpre_tf.runtime.pictures.pixels.rgb_strips import (
    GRAY_MODES,
    MODES,
    has_own_gamma,
    profile_fits,
    rgb_converter,
)
from jpegpre_tf.runtime.pictures.pixels.stated_profile import describe_unused_profile, with_stated_profile
from jpegpre_tf.storage.file_state import FileState, state_of
from jpegpre_tf.storage.names import printable, printable_path

# Above this Pillow refuses by itself; 0.7 GB of memory.
MAX_PIXELS = 178_956_970
# libjpeg's limit (JPEG_MAX_DIMENSION), a little under the 65535 of the format.
_LONGEST_SIDE = 65500
COLOR_CHOICES = ("keep", "srgb")
DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Decoded:
    """An opened picture.

    Attributes:
        raster: Rows of the picture, as stored: EXIF orientation is not applied.
        is_gray: The file holds one channel, and output should be grey too.
        metadata: What to carry to the output.
        density: (x, y) dots per inch, None if the file states none.
        notes: One line on each thing that the file held and the output will not.
        size_bytes: Size of the file.
        jpeg: How it was encoded if it is a JPEG file.
        is_converted: To sRGB, as was asked for: the input's own pixels will not do.
        state: State of the file when it was read, None if it is not on a disk.
    """

    raster: Raster
    is_gray: bool
    metadata: Metadata
    density: tuple[int, int] | None
    notes: tuple[str, ...]
    size_bytes: int
    jpeg: JpegSource | None
    is_converted: bool
    state: FileState | None = None


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
            raise PictureError(f"cannot read '{printable_path(path)}': not a regular file")
        file = Path(path).open("rb")  # noqa: SIM115  closed below; errors inside the block are the block's
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"cannot read '{printable_path(path)}': {reason}") from error
    with file:
        yield file


def open_decoded(
    path: str | Path,
    *,
    max_pixels: int = MAX_PIXELS,
    background: str = "white",
    color: str = "keep",
    limits: Limits = DEFAULT_LIMITS,
) -> Decoded:
    """Reads a picture file; see `open_picture`, which returns it in one array.

    Raises:
        PictureError: If the file cannot be read, is not a picture, is truncated or too large.
        ValueError: If `background` or `color` is unknown.
    """
    with open_regular_file(path) as file:
        return decode_file(
            file, path, max_pixels=max_pixels, background=background, color=color, limits=limits
        )


def decode_file(
    file: BinaryIO,
    path: str | Path,
    *,
    max_pixels: int = MAX_PIXELS,
    background: str = "white",
    color: str = "keep",
    limits: Limits = DEFAULT_LIMITS,
) -> Decoded:
    """`open_decoded` of an open file, which may be one in memory; `path` names it in messages."""
    check_color(color, background)
    max_pixels = min(max_pixels, limits.max_pixels or max_pixels)
    try:
        _apply(limits.check_file, file)
        decoded = _decode(file, max_pixels, background, color == "srgb")
        _apply(limits.check_size, decoded.raster.width * decoded.raster.height, decoded.size_bytes)
        return decoded
    except (RefusedError, MissingExtraError) as error:
        raise PictureError(f"cannot read '{printable_path(path)}': {error}") from None
    except PictureError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        # Decoders raise nearly anything on damaged input (struct.error, IndexError, SyntaxError, zlib.error).
        raise PictureError(f"cannot read '{printable_path(path)}': {_reason(error, max_pixels)}") from error


def _apply(check: Callable[..., None], *values: object) -> None:
    try:
        check(*values)
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _reason(error: Exception, max_pixels: int) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a picture in a known format ({', '.join(FORMATS)}, HEIC)"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {max_pixels} pixels"
    # Decoders quote the file, control characters too.
    first_line = printable(next(iter(str(error).splitlines()), ""))
    if first_line == "could not create decoder object":  # of WebP, whatever is wrong
        return "damaged or truncated file"
    if isinstance(error, OSError):
        return error.strerror or first_line
    return f"damaged file ({first_line or type(error).__name__})"


def _decode(file: BinaryIO, max_pixels: int, background: str, to_srgb: bool) -> Decoded:
    start = file.read(64)
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    jpeg: JpegSource | None = None
    notes: list[str] = []
    if start.startswith(SOI):
        opened, jpeg, dropped = _opened_jpeg(file, max_pixels)
        notes += dropped
    else:
        opened = open_by_kind(file, lambda size: _check_size(size, None, max_pixels))
        if opened.frames > 1:
            notes.append(f"holds {opened.frames} pictures: only the first is used")
    # Not closed: the raster reads from it, and it holds no file of its own.
    image, metadata = opened.image, opened.metadata
    if image.mode not in MODES or (image.mode == "I" and image.format not in ("PNG", "PPM")):
        raise RefusedError(f"colour mode {image.mode} is not supported")
    notes += opened.notes
    pixels = load_pixels(image, file)
    if image.info.get("aux") or image.info.get("depth_images"):  # of HEIC files
        notes.append("its HDR gain map, depth or other auxiliary pictures cannot be kept")
    if not metadata.trailer:
        metadata, dropped = without_promises(metadata)
        notes += dropped
    key = opened.transparent
    if is_transparent(image, pixels, key):
        notes.append(f"transparency was put on {background}")
    metadata, more = with_stated_profile(image, metadata, opened.description)
    notes += more
    hdr = opened.description if opened.description and opened.description.is_hdr else None
    if hdr:
        notes.append(f"HDR levels ({hdr.name}) were converted to sRGB: highlights are compressed")
        metadata = replace(metadata, icc=b"")
    elif has_own_gamma(image) and not metadata.icc:
        notes.append(f"gamma {image.info['gamma']:g} was converted to sRGB")
    usable = metadata.icc if profile_fits(image, metadata.icc) else b""
    to_rgb, by_profile = rgb_converter(
        image, usable, background=background, to_srgb=to_srgb, transparent=key, hdr=hdr
    )
    if to_srgb and metadata.icc and not by_profile and image.mode != "CMYK":
        notes.append(describe_unused_profile(metadata.icc))
    is_converted = (by_profile or hdr is not None) and to_srgb
    if image.mode == "CMYK" or by_profile:
        metadata = replace(metadata, icc=b"")  # it described the old pixels; they are sRGB now
    metadata, dropped = metadata.fitted()
    is_gray = image.mode in GRAY_MODES
    image.fp = None  # the pixels are all that is needed now; the file's bytes may go
    raster = Raster(pixels, to_rgb)
    notes = [printable(note) for note in notes]
    return Decoded(
        raster,
        is_gray,
        metadata,
        opened.density,
        (*notes, *dropped),
        size_bytes,
        jpeg,
        is_converted,
        _state(file),
    )


def _opened_jpeg(file: BinaryIO, max_pixels: int) -> tuple[Opened, JpegSource, tuple[str, ...]]:
    content = file.read()
    segments = read_segments(content)
    try:
        notes = check_frame(segments)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    opened = open_jpeg(file, segments)
    _check_size(opened.image.size, len(content), max_pixels)
    opened.metadata, dropped = jpeg_metadata(content, segments, opened.metadata)
    jpeg = describe_jpeg(opened.image, content, segments)
    check_scans(content)
    return opened, jpeg, (*notes, *dropped)


def _state(file: BinaryIO) -> FileState | None:
    try:
        return state_of(os.fstat(file.fileno()))
    except (OSError, AttributeError, ValueError):
        return None


def _check_size(size: tuple[int, int], jpeg_bytes: int | None, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise RefusedError(f"{width}x{height} is more than {max_pixels} pixels")
    if max(width, height) > _LONGEST_SIDE:
        raise RefusedError(f"{width}x{height}: a JPEG file holds at most {_LONGEST_SIDE} pixels a side")
    # Every block of the first component takes a bit for its DC at least. libjpeg would make up what is
    # missing after an early end marker, for as long as a damaged header says.
    if jpeg_bytes is not None and width * height > 512 * jpeg_bytes:
        raise RefusedError(f"damaged file (too short for {width}x{height} pixels)")
