"""Opens TIFF files: deep samples by `tiff_samples`, all others by Pillow, with what their directory says."""

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image, ImagePalette, UnidentifiedImageError

from jpegpre_tf.runtime.pictures.formats.opened import Opened, RefusedError
from jpegpre_tf.runtime.pictures.formats.tiff_directory import Directory, exif_of, read_directory
from jpegpre_tf.runtime.pictures.formats.tiff_jpeg import check_jpeg_pieces
from jpegpre_tf.runtime.pictures.formats.tiff_samples import decode_deep, find_raw, is_deep
from jpegpre_tf.runtime.pictures.metadata.metadata import Metadata
from jpegpre_tf.runtime.pictures.metadata.read_metadata import tiff_density
from jpegpre_tf.runtime.pictures.metadata.text_metadata import photoshop_segments

# Of TIFF, by number; Pillow's libtiff has no decoders of them.
_OTHER_COMPRESSIONS = {
    34712: "JPEG 2000",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34887: "LERC",
    50001: "WebP",
}
_OTHER_COMPRESSIONS |= {50002: "JPEG XL", 52546: "JPEG XL", 34676: "LogLuv", 34677: "LogLuv", 34661: "JBIG"}
# Photometric interpretations that are no RGB, CMYK, YCbCr or gray.
_OTHER_COLORS = {8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32844: "LogL", 32845: "LogLuv"}
_YCBCR = 6
_SAMPLE_KINDS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_MOST_PAGES = 256


def open_tiff(file: BinaryIO, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    """Opens a TIFF or BigTIFF file.

    Args:
        file: The file.
        check_size: Called with width and height before anything large is decoded.

    Raises:
        RefusedError: If its samples are not supported.
    """
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
    space = _OTHER_COLORS.get(directory.integer(262, -1))
    if space:
        raise RefusedError(f"TIFF in {space} colors is not supported: save it in RGB")
    # Pillow hands only compressed ones to libtiff, which knows how their samples lie.
    factors = directory.numbers(530) or [2, 2]
    is_plain = directory.integer(259, 1) == 1
    if is_plain and directory.integer(262, -1) == _YCBCR and factors != [1, 1]:
        raise RefusedError("uncompressed TIFF in subsampled YCbCr is not supported: save it in RGB")
    bits, kind = directory.integer(258, 1), _SAMPLE_KINDS.get(directory.integer(339, 1), "unknown")
    if kind in ("signed", "complex", "floating-point"):  # of 8 bits Pillow takes for others
        raise RefusedError(f"TIFF of {bits}-bit {kind} samples is not supported: save it with 8 or 16 bits")
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
