"""Recognizes JPEG files that are results of an earlier run, which a second one must leave alone.

Encoding again loses a little each time, and saves little. New files say in a segment of 14 bytes what was done. Where
that was taken out, what else recognizes a file (its quantization tables) may be added to `RECOGNIZERS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jpegpre_tf.jpeg.segments import APP0, APP15, JpegSegments, segment

_PREFIX = b"jpegpre\0"


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


def is_mark(marker: int, payload: bytes) -> bool:
    """Whether a segment is one that `insert_mark` writes."""
    return marker == APP15 and payload.startswith(_PREFIX)


def mark_segment(mark: MadeMark) -> bytes:
    """Returns the segment that says what was done, `MARK_BYTES` long."""
    return segment(APP15, _PREFIX + bytes((round(mark.quality), round(255 * mark.strength))))


MARK_BYTES = len(mark_segment(MadeMark(0, 0)))


def insert_mark(jpeg: bytes, mark: MadeMark) -> bytes:
    """Returns a JPEG file, as an encoder writes it, with the mark behind its JFIF header."""
    start = 2
    if jpeg[2:4] == bytes((0xFF, APP0)):
        start += 2 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:start] + mark_segment(mark) + jpeg[start:]


def _by_segment(segments: JpegSegments, tables: dict[int, list[int]]) -> MadeMark | None:
    for marker, payload in segments.head:
        if is_mark(marker, payload) and len(payload) >= len(_PREFIX) + 2:
            return MadeMark(payload[len(_PREFIX)], payload[len(_PREFIX) + 1] / 255)
    return None


# Asked one after the other, with a file's segments and its quantization tables (number -> 64 entries, natural order).
RECOGNIZERS: list[Recognizer] = [_by_segment]


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
