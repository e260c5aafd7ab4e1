"""Recognizes JPEG files that are results of an earlier run, which a second one must leave alone.

Encoding again loses a little each time, and saves little. New files say in 9 bytes at the end of their JFIF header,
where a thumbnail might be and nobody looks if the header says that there is none, what was done. Where
another program wrote the header anew, what else recognizes a file (its quantization tables) may be added to
`RECOGNIZERS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jpegpre_tf.jpeg.files.segments import APP0, JpegSegments

_PREFIX = b"jpegpre"
MARK_BYTES = len(_PREFIX) + 2
# Payload of a JFIF header without a thumbnail.
JFIF_BYTES = 14


@dataclass(frozen=True)
class MadeMark:
    """What an earlier run did.

    Attributes:
        quality: 0..100, rounded, that was asked of the encoder; 0 if unknown.
        strength: 0..1 of the preprocessing.
    """

    quality: int
    strength: float


Recognizer = Callable[[JpegSegments, dict[int, list[int]]], MadeMark | None]


def read_mark(jfif: bytes) -> MadeMark | None:
    """Returns the mark in the payload of a JFIF header, None if there is none."""
    if len(jfif) != JFIF_BYTES + MARK_BYTES or not jfif[JFIF_BYTES:].startswith(_PREFIX):
        return None
    return MadeMark(jfif[-2], jfif[-1] / 255)


def without_thumbnail(jfif: bytes) -> bytes:
    """Returns the payload of a JFIF header without its thumbnail; a mark stays."""
    if read_mark(jfif):
        return jfif
    return jfif[: JFIF_BYTES - 2].ljust(JFIF_BYTES, b"\0")


def insert_mark(jpeg: bytes, mark: MadeMark) -> bytes:
    """Returns a JPEG file, as an encoder writes it, with the mark; the file itself if it has no plain JFIF header."""
    end = 6 + JFIF_BYTES
    if jpeg[2:6] != bytes((0xFF, APP0, 0, 2 + JFIF_BYTES)) or jpeg[6:11] != b"JFIF\0":
        return jpeg
    said = _PREFIX + bytes((round(mark.quality), round(255 * mark.strength)))
    return jpeg[:4] + (2 + JFIF_BYTES + MARK_BYTES).to_bytes(2, "big") + jpeg[6:end] + said + jpeg[end:]


def _by_header(segments: JpegSegments, tables: dict[int, list[int]]) -> MadeMark | None:
    headers = segments.payloads(APP0)
    return read_mark(headers[0]) if headers else None


# Asked one after the other, with a file's segments and its quantization tables (number -> 64 entries, natural order).
RECOGNIZERS: list[Recognizer] = [_by_header]


def find_mark(segments: JpegSegments, tables: dict[int, list[int]]) -> MadeMark | None:
    """Returns what an earlier run did to make this file; None if it is not known to be a result of one."""
    for recognize in RECOGNIZERS:
        mark = recognize(segments, tables)
        if mark is not None:
            return mark
    return None


def stays(mark: MadeMark | None, quality: int, strength: float) -> bool:
    """Whether a result of an earlier run is to be kept where this quality and strength are asked for now.

    A smaller quality is a reason to encode again, and so is preprocessing where there was none.
    """
    return mark is not None and quality >= mark.quality and (mark.strength > 0 or strength == 0)
