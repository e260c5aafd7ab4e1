"""Opens a picture file by its kind, with what its container says in ways that Pillow does not read."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImagePalette, UnidentifiedImageError

from jpegpre_tf._optional import require
from jpegpre_tf.jpeg.files.segments import SOI, JpegSegments, segment
from jpegpre_tf.runtime.pictures.formats.container_metadata import (
    gif_texts,
    has_motion_video,
    heif_description,
    read_all,
)
from jpegpre_tf.runtime.pictures.formats.pieced_file import open_pieces
from jpegpre_tf.runtime.pictures.formats.png_pixels import (
    check_pixels,
    count_bytes,
    read_sixteen_bits_with_key,
    scale_key,
    stretch_range,
)
from jpegpre_tf.runtime.pictures.formats.png_source import SIGNATURE, read_png
from jpegpre_tf.runtime.pictures.formats.tiff_directory import Directory, exif_of, read_directory
from jpegpre_tf.runtime.pictures.formats.tiff_jpeg import check_jpeg_pieces
from jpegpre_tf.runtime.pictures.formats.tiff_samples import decode_deep, find_raw, is_deep
from jpegpre_tf.runtime.pictures.metadata.metadata import EXIF_PREFIX, Metadata
from jpegpre_tf.runtime.pictures.metadata.read_metadata import (
    aspect_of,
    collect_metadata,
    density_of,
    small_ratio,
    tiff_density,
)
from jpegpre_tf.runtime.pictures.metadata.text_metadata import photoshop_segments, with_texts
from jpegpre_tf.runtime.pictures.pixels.color_description import ColorDescription

# Only raster formats that Pillow decodes itself: its EPS reader, for one, would start another program.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# Of TIFF, by number; Pillow's libtiff has no decoders of them.
_OTHER_COMPRESSIONS = {
    34712: "JPEG 2000",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34887: "LERC",
    50001: "WebP",
}
_OTHER_COMPRESSIONS |= {50002: "JPEG XL", 52546: "JPEG XL", 34676: "LogLuv", 34677: "LogLuv", 34661: "JBIG"}
_SAMPLE_KINDS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MOST_PAGES = 256


class RefusedError(Exception):
    """Why a file is refused, without its name."""


@dataclass
class Opened:
    """A picture file, opened and perhaps not decoded yet.

    Attributes:
        image: The picture.
        metadata: Everything but what only JPEG files have.
        density: (x, y) dots per inch, None if none are stated.
        notes: What of the file is not used.
        transparent: Samples that are transparent, as in `image`; None if there are none.
        description: Colour space by numbers, None if it is not stated so.
        frames: How many pictures the file holds.
    """

    image: Image.Image
    metadata: Metadata = field(default_factory=Metadata)
    density: tuple[int, int] | None = None
    notes: list[str] = field(default_factory=list)
    transparent: tuple[int, ...] | None = None
    description: ColorDescription | None = None
    frames: int = 1


def open_by_kind(file: BinaryIO, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    """Opens a picture file that is no JPEG file.

    Args:
        file: The file.
        check_size: Called with width and height before anything large is decoded.
    """
    start = file.read(64)
    file.seek(0)
    if start.startswith(SIGNATURE):
        return _open_png(file, check_size)
    if start[:4] in _TIFF_STARTS:
        return _open_tiff(file, check_size)
    if start[4:8] == b"ftyp":
        return _open_heif(file, start, check_size)
    image = Image.open(file, formats=FORMATS)
    check_size(image.size)
    opened = _opened(image)
    if image.format == "GIF":
        comments, xmp, aspect = gif_texts(read_all(file))
        ratio = small_ratio(*aspect) if aspect else None
        opened.metadata = replace(opened.metadata, comments=comments, xmp=xmp, aspect=ratio)
    return opened


def open_jpeg(file: BinaryIO, segments: JpegSegments) -> Opened:
    """Opens a JPEG file; strays between its segments, over which Pillow stumbles, are left out."""
    head_bytes = len(SOI) + sum(4 + len(payload) for _, payload in segments.head)
    source = file
    if head_bytes != segments.scan_start:
        head = SOI + b"".join(segment(*item) for item in segments.head)
        source = open_pieces(file, [head, (segments.scan_start, segments.end - segments.scan_start)])
    source.seek(0)
    opened = _opened(Image.open(source, formats=("JPEG",)))
    opened.frames = 1  # further ones are behind the picture, and are carried
    return opened


def _opened(image: Image.Image) -> Opened:
    metadata = replace(collect_metadata(image), aspect=aspect_of(image))
    opened = Opened(image, metadata, density_of(image), frames=getattr(image, "n_frames", 1))
    return opened


def _open_png(file: BinaryIO, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    source = read_png(file)
    image: Image.Image = Image.open(source.picture, formats=("PNG",))
    check_size(image.size)
    expected = count_bytes(
        source.size, source.bit_depth, source.color_type, is_interlaced=source.is_interlaced
    )
    check_pixels(file, source.data, expected)
    exif, comments, dropped = with_texts(source.exif, source.texts)
    resources = source.iptc if source.iptc.startswith(b"8BIM") else b""
    photoshop, more = photoshop_segments(b"" if resources else source.iptc, resources)
    is_gray = source.color_type in (0, 4)
    icc = source.icc or (b"" if is_gray else source.profile())
    aspect = density = None
    if source.density:
        x, y, is_per_meter = source.density
        density = _usable((x * 0.0254, y * 0.0254)) if is_per_meter else None
        aspect = small_ratio(x, y) if density is None else None
    metadata = Metadata(exif, icc, source.xmp, photoshop, comments, aspect=aspect)
    opened = Opened(
        image, metadata, density, [*source.notes, *dropped, *more], description=source.description
    )
    if source.is_frame or not source.frames:
        opened.frames = max(1, source.frames)
    else:
        said = f"its animation of {source.frames} frames is not used: only the picture beside it is"
        opened.notes.append(said)
        opened.frames = 1
    if source.gamma is not None and not (icc or source.has_srgb or source.description):
        image.info["gamma"] = source.gamma
    if source.transparent is not None:
        image.info.pop("transparency", None)
        opened.transparent = scale_key(source)
        if source.bit_depth == 16 and source.color_type == 2:
            opened.transparent = None
            opened.image = read_sixteen_bits_with_key(source, image)
    if source.has_narrow_range and source.transparent is not None:
        opened.notes.append(
            "its samples are of narrow range, which beside a transparent colour is not honoured"
        )
    elif source.has_narrow_range:
        opened.image = stretch_range(image)
        opened.notes.append("samples of narrow range (16 to 235 of 255) were stretched to 0 to 255")
    return opened


def _open_tiff(file: BinaryIO, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    try:
        directory, page, pages = _full_page(file)
    except (KeyError, ValueError, struct.error):
        directory, page, pages = Directory("<", {}, 0), 0, 1
    raw = find_raw(file, directory)
    width, height = directory.integer(256, 0), directory.integer(257, 0)
    is_own = is_deep(directory)
    file.seek(0)
    if is_own:
        check_size((width, height))
        image = decode_deep(file, directory)
        image.format = "TIFF"
    else:
        image = _by_pillow(file, directory)
        check_size(image.size)
        check_jpeg_pieces(file, directory)
        if page:
            image.seek(page)
            check_size(image.size)
    exif = exif_of(file, directory, is_turned=not is_own)
    iptc = directory.values[33723].data if 33723 in directory.values else b""
    if iptc and directory.values[33723].kind == 4 and directory.order == "<" and iptc[3:4] == b"\x1c":
        iptc = np.frombuffer(iptc, "<u4").astype(">u4").tobytes()  # written as numbers, in the file's order
    resources = directory.values[34377].data if 34377 in directory.values else b""
    photoshop, notes = photoshop_segments(iptc, resources)
    icc, xmp = (directory.values[tag].data if tag in directory.values else b"" for tag in (34675, 700))
    metadata = Metadata(exif, icc, xmp, photoshop)
    density, aspect = tiff_density(directory)
    if not is_own and directory.integer(274, 1) >= 5:
        density, aspect = density and density[::-1], aspect and aspect[::-1]
    metadata = replace(metadata, aspect=aspect)
    opened = Opened(image, metadata, density, list(notes), frames=pages)
    if raw is not None:
        opened.notes.append(
            f"a camera's RAW file of {raw[0]}x{raw[1]} pixels, which must be developed first: "
            f"only its preview of {width}x{height} is used"
        )
        opened.frames = 1
    if page:
        opened.notes.append("its first picture is a small preview: the full one was used")
        opened.frames = 1
    return opened


def _by_pillow(file: BinaryIO, directory: Directory) -> Image.Image:
    kind = _OTHER_COMPRESSIONS.get(directory.integer(259, 1))
    if kind:
        raise RefusedError(f"TIFF compressed as {kind} is not supported: save it with Deflate or LZW")
    bits, kind = directory.integer(258, 1), _SAMPLE_KINDS.get(directory.integer(339, 1), "unknown")
    if kind in ("signed", "complex"):  # of 8 bits Pillow takes for others
        raise RefusedError(f"TIFF of {bits}-bit {kind} samples is not supported")
    try:
        image = Image.open(file, formats=("TIFF",))
    except UnidentifiedImageError:
        raise RefusedError(f"TIFF of {bits}-bit {kind} samples is not supported, or it is damaged") from None
    if image.mode in ("I", "F"):
        raise RefusedError(f"TIFF of {bits}-bit {kind} samples is not supported")
    if image.mode in ("P", "PA"):
        colors = directory.numbers(320)
        if colors and 0 < max(colors) < 256:  # some programs write 8 bits where 16 belong
            planes = np.array(colors, np.uint8).reshape(3, -1)
            image.palette = ImagePalette.raw("RGB", planes.T.tobytes())
    return image


def _full_page(file: BinaryIO) -> tuple[Directory, int, int]:
    """Returns the first directory that is no preview, which one that is, and how many pages there are."""
    first = read_directory(file)
    found, number, pages, directory = first, 0, 1, first
    seen = set()
    while directory.following and directory.following not in seen and pages < _MOST_PAGES:
        seen.add(directory.following)
        try:
            directory = read_directory(file, directory.following)
        except (KeyError, ValueError, struct.error):
            break
        is_larger = directory.integer(256, 0) > found.integer(256, 0)
        if found.integer(254, 0) & 1 and not directory.integer(254, 0) & 1 and is_larger:
            found, number = directory, pages
        pages += 1
    return found, number, pages


def _open_heif(file: BinaryIO, start: bytes, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    content = read_all(file)
    file.seek(0)
    if start[8:12] in _HEIF_BRANDS and b"avif" not in start[8:]:
        # Its own reader instead of one registered with Pillow, which would be for the whole process.
        package: Any = require("pillow_heif", extra="heif", purpose="HEIC")
        image: Image.Image = package.HeifImageFile(file)
    else:
        image = Image.open(file, formats=FORMATS)
    check_size(image.size)
    opened = _opened(image)
    opened.description = None if opened.metadata.icc else heif_description(content)
    if image.format != "AVIF" and has_motion_video(content):
        opened.notes.append("the video of its motion photo cannot be kept: only the picture is used")
    exif = opened.metadata.exif
    if exif.startswith(EXIF_PREFIX):
        opened.metadata = replace(opened.metadata, exif=exif.removeprefix(EXIF_PREFIX))
    return opened


def _usable(values: tuple[float, float]) -> tuple[int, int] | None:
    x, y = (round(value) for value in values)
    return (x, y) if 0 < x < 65536 and 0 < y < 65536 else None
