"""Opens a picture file by its kind, with what its container says in ways that Pillow does not read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

from PIL import Image, ImageFile

from jpegpre_tf._optional import require
from jpegpre_tf.jpeg.files.segments import SOI, JpegSegments, segment
from jpegpre_tf.runtime.pictures.formats.bitmap import decode_fields, read_bitmap
from jpegpre_tf.runtime.pictures.formats.clean_aperture import find_aperture
from jpegpre_tf.runtime.pictures.formats.container_metadata import (
    gif_texts,
    has_motion_video,
    heif_description,
    read_all,
)
from jpegpre_tf.runtime.pictures.formats.open_tiff import open_tiff
from jpegpre_tf.runtime.pictures.formats.opened import Opened, RefusedError
from jpegpre_tf.runtime.pictures.formats.pam import PAM_SIGNATURE, decode_pam, read_header, size_of
from jpegpre_tf.runtime.pictures.formats.pieced_file import open_pieces
from jpegpre_tf.runtime.pictures.formats.png_pixels import (
    check_pixels,
    count_bytes,
    read_sixteen_bits_with_key,
    scale_key,
    stretch_range,
)
from jpegpre_tf.runtime.pictures.formats.png_source import SIGNATURE, read_png
from jpegpre_tf.runtime.pictures.metadata.metadata import EXIF_PREFIX, Metadata
from jpegpre_tf.runtime.pictures.metadata.read_metadata import (
    aspect_of,
    collect_metadata,
    density_of,
    jpeg_density,
    small_ratio,
)
from jpegpre_tf.runtime.pictures.metadata.text_metadata import photoshop_segments, with_texts

# Only raster formats that Pillow decodes itself: its EPS reader, for one, would start another program.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PFM_STARTS = (b"PF\n", b"Pf\n", b"PF ", b"Pf ", b"PF\r", b"Pf\r", b"PF4")


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
        return open_tiff(file, check_size)
    if start[4:8] == b"ftyp":
        return _open_heif(file, start, check_size)
    if start.startswith(b"BM"):
        return _open_bitmap(file, check_size)
    if start.startswith(PAM_SIGNATURE):
        fields = read_header(file)
        check_size(size_of(fields))
        return Opened(decode_pam(file, fields))
    if start[:3] in _PFM_STARTS:
        raise RefusedError("PFM of floating-point samples is not supported: save it with 8 or 16 bits")
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
    image = Image.open(source, formats=("JPEG",))
    if segments.is_arithmetic:
        # libjpeg's arithmetic decoder cannot wait for more of a file, which Pillow hands over in pieces.
        image.decodermaxblock = max(ImageFile.MAXBLOCK, segments.end)
    opened = _opened(image)
    opened.density, aspect = jpeg_density(image)
    opened.metadata = replace(opened.metadata, aspect=aspect)
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
        image,
        metadata,
        density,
        [*source.notes, *dropped, *more],
        description=source.description,
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
    part = find_aperture(content, image.size) if image.format == "AVIF" else None
    if part:
        opened.image = image.crop(part)
        opened.image.format = "AVIF"
    if image.format != "AVIF" and has_motion_video(content):
        opened.notes.append("the video of its motion photo cannot be kept: only the picture is used")
    exif = opened.metadata.exif
    if exif.startswith(EXIF_PREFIX):
        opened.metadata = replace(opened.metadata, exif=exif.removeprefix(EXIF_PREFIX))
    return opened


def _open_bitmap(file: BinaryIO, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    bitmap = read_bitmap(file)
    if bitmap and bitmap.held_file:
        raise RefusedError(f"BMP that holds a {bitmap.held_file} file is not supported")
    if not bitmap or not bitmap.masks:
        image = Image.open(file, formats=("BMP",))
        check_size(image.size)
        opened = _opened(image)
    else:
        check_size(bitmap.size)
        opened = Opened(decode_fields(file, bitmap), density=bitmap.density)
    if bitmap:
        opened.metadata = replace(opened.metadata, icc=bitmap.icc)
    return opened


def _usable(values: tuple[float, float]) -> tuple[int, int] | None:
    x, y = (round(value) for value in values)
    return (x, y) if 0 < x < 65536 and 0 < y < 65536 else None
