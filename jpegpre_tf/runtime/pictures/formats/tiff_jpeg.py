"""TIFF files of which strips or tiles are JPEG files: libtiff drops what libjpeg says of damage in them."""

from typing import BinaryIO

from jpegpre_tf.jpeg.files.segments import SOI
from jpegpre_tf.runtime.pictures.formats.tiff_directory import Directory
from jpegpre_tf.runtime.pictures.jpeg_scans.jpeg_damage import check_scans

_JPEG = 7
_TABLES = 347


def check_jpeg_pieces(file: BinaryIO, directory: Directory) -> None:
    """Raises DamagedScanError if a strip or tile is damaged; files of other compressions are left alone.

    Args:
        file: The TIFF file; its position changes.
        directory: Directory of the picture.
    """
    if directory.integer(259, 1) != _JPEG:
        return
    is_tiled = 324 in directory.values
    offsets = directory.numbers(324 if is_tiled else 273)
    sizes = directory.numbers(325 if is_tiled else 279)
    # Tables that all pieces share are a JPEG file of their own, without a picture.
    shared = directory.values[_TABLES].data if _TABLES in directory.values else b""
    tables = shared[len(SOI) :].rstrip(b"\0").removesuffix(b"\xff\xd9") if shared.startswith(SOI) else b""
    for offset, size in zip(offsets, sizes, strict=False):
        file.seek(int(offset))
        piece = file.read(int(size))
        if piece.startswith(SOI):
            check_scans(SOI + tables + piece[len(SOI) :])
