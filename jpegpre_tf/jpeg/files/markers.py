"""Every marker segment of one JPEG picture, strictly as T.81 annex B lays them out.

For callers that must understand the whole file: whatever is not understood is refused. What follows the picture's
EOI (further pictures, a video) is left alone.
"""

import re
from dataclasses import dataclass

_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
# Markers without a length: they can't stand where a segment must.
_BARE = frozenset({_TEM, *range(0xD0, 0xD9)})
# Inside entropy-coded data 0xFF is followed by a stuffed zero, a restart marker or fill bytes.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True)
class MarkerSegment:
    """One marker segment.

    Attributes:
        marker: The byte after 0xFF.
        start: Offset of the payload in the file, in bytes.
        payload: What follows the length field.
        entropy_start: Offset of the entropy-coded bytes that follow an SOS; elsewhere where the segment ends.
        end: Offset of the next marker, in bytes.
    """

    marker: int
    start: int
    payload: bytes
    entropy_start: int
    end: int


def marker_segments(jpeg: bytes) -> list[MarkerSegment]:
    """Returns the segments between SOI and EOI, in order.

    Raises:
        ValueError: If the file is not a JPEG file, is truncated, or has anything but segments.
    """
    if jpeg[:2] != b"\xff\xd8":
        raise ValueError("not a JPEG file: it does not start with an SOI marker")
    found: list[MarkerSegment] = []
    position = 2
    while True:
        while jpeg[position : position + 2] == b"\xff\xff":  # fill bytes
            position += 1
        if position + 2 > len(jpeg):
            raise ValueError("the JPEG file is truncated: it has no EOI marker")
        marker = jpeg[position + 1]
        if jpeg[position] != 0xFF or marker in _BARE or marker == 0:
            raise ValueError(f"the JPEG file has no marker segment at byte {position}")
        if marker == _EOI:
            return found
        start = position + 4
        length = int.from_bytes(jpeg[position + 2 : start], "big")
        end = position + 2 + length
        if length < 2 or end > len(jpeg):
            raise ValueError(f"the JPEG file is truncated: a segment at byte {position} goes beyond its end")
        entropy_start = end
        if marker == _SOS:
            following = _NEXT_MARKER.search(jpeg, end)
            if following is None:
                raise ValueError("the JPEG file is truncated: it has no EOI marker")
            end = following.start()
        found.append(MarkerSegment(marker, start, jpeg[start:entropy_start], entropy_start, end))
        position = end
