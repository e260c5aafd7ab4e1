"""What GIF, AVIF and HEIC files say where Pillow does not look."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from jpegpre_tf.runtime.pictures.pixels.color_description import ColorDescription

_MOST_BLOCKS = 1 << 16
# Of GIF's XMP the text is followed by these bytes, so that readers of blocks find the end.
_XMP_TRAILER = b"\x01\xff"


def gif_texts(content: bytes) -> tuple[tuple[bytes, ...], bytes, tuple[int, int] | None]:
    """Returns a GIF file's comments, its XMP, and its pixels' aspect ratio (width to height) if that is not 1."""
    comments: list[bytes] = []
    xmp = b""
    aspect = None
    if len(content) > 13 and content[12] and abs(content[12] + 15 - 64) > 1:
        aspect = 64, content[12] + 15
    flags = content[10] if len(content) > 10 else 0
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(_MOST_BLOCKS):
        kind = content[position : position + 1]
        if kind == b"!":
            label, start = content[position + 1 : position + 2], position + 2
            data, position = _gif_blocks(content, start)
            if label == b"\xfe" and data:
                comments.append(data)
            elif label == b"\xff" and content[start + 1 : start + 12] == b"XMP DataXMP":
                end = content.find(_XMP_TRAILER, start + 12)
                xmp = xmp or content[start + 12 : max(end, start + 12)]
        elif kind == b"," and len(content) > position + 10:
            flags = content[position + 9]
            position += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1
            _, position = _gif_blocks(content, position)
        else:
            break
    return tuple(comments), xmp, aspect


def _gif_blocks(content: bytes, position: int) -> tuple[bytes, int]:
    parts = []
    while position < len(content) and content[position]:
        parts.append(content[position + 1 : position + 1 + content[position]])
        position += 1 + content[position]
    return b"".join(parts), position + 1


def boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yields type, first and last byte (exclusive) of the content of each box (ISO 14496-12)."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, start)
        header = 8
        if size == 1 and start + 16 <= end:
            size, header = struct.unpack_from(">Q", content, start + 8)[0], 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            return
        yield kind, start + header, start + size
        start += size


def heif_description(content: bytes) -> ColorDescription | None:
    """Returns what the first nclx box of an AVIF or HEIC file says; None where there is none, or a profile instead."""
    description = None
    for kind, start, end in boxes(content, 0, len(content)):
        if kind != b"meta":
            continue
        for inner, first, last in boxes(content, start + 4, end):
            if inner != b"iprp":
                continue
            for group, group_start, group_end in boxes(content, first, last):
                if group != b"ipco":
                    continue
                for item, at, stop in boxes(content, group_start, group_end):
                    if item != b"colr":
                        continue
                    if content[at : at + 4] in (b"prof", b"rICC"):
                        return None
                    if content[at : at + 4] == b"nclx" and stop >= at + 8 and description is None:
                        description = ColorDescription(*struct.unpack_from(">HH", content, at + 4))
    return description


def has_motion_video(content: bytes) -> bool:
    """Whether a HEIC or AVIF file holds a motion photo's video."""
    if any(kind in (b"mpvd", b"moov") for kind, _, _ in boxes(content, 0, len(content))):
        return True
    return b"MotionPhoto_Data" in content[-65536:] or b"ftypmp4" in content[64:]


def read_all(file: BinaryIO) -> bytes:
    """Returns the whole file."""
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    return file.read(size_bytes)
