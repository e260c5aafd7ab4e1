"""The marker segments of a JPEG file, without decoding it (T.81, annex B)."""

import re
from dataclasses import dataclass

SOI = b"\xff\xd8"
APP0, APP1, APP2, APP11, APP13, APP14, APP15, COM = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xEF, 0xFE
# Frames in arithmetic coding, sequential and progressive.
ARITHMETIC = (0xC9, 0xCA)
# A segment's length field counts itself and has 16 bits.
MOST_PAYLOAD = 65533

_SOS, _EOI = 0xDA, 0xD9
# A byte that only looks like the start of a marker, TEM, restart markers, and a second SOI.
_WITHOUT_LENGTH = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
# Inside entropy-coded data 0xFF is followed by a stuffed zero, a restart marker or fill bytes.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True)
class JpegSegments:
    """Where the parts of a JPEG file are.

    Attributes:
        head: (marker, payload) of every segment between SOI and the first scan, in order.
        scan_start: Offset in bytes of the first SOS marker.
        end: Offset just after the EOI of the picture; what follows is a trailer (further pictures, a video).
    """

    head: tuple[tuple[int, bytes], ...]
    scan_start: int
    end: int

    @property
    def is_arithmetic(self) -> bool:
        """Whether the scans are in arithmetic coding."""
        return any(marker in ARITHMETIC for marker, _ in self.head)

    def payloads(self, marker: int) -> tuple[bytes, ...]:
        """Returns the payloads of the segments of one marker, in order."""
        return tuple(payload for found, payload in self.head if found == marker)


def read_segments(content: bytes) -> JpegSegments:
    """Finds the segments of a JPEG file.

    Raises:
        ValueError: If the file does not start as a JPEG file, or has no scan.
    """
    if content[:2] != SOI:
        raise ValueError("`content` must start with the SOI marker of a JPEG file")
    head: list[tuple[int, bytes]] = []
    position = 2
    while True:
        position = content.find(b"\xff", position)
        while position >= 0 and content[position + 1 : position + 2] == b"\xff":  # fill bytes
            position += 1
        if position < 0 or position + 4 > len(content):
            raise ValueError("the JPEG file has no scan")
        marker = content[position + 1]
        if marker in _WITHOUT_LENGTH:  # strays, which decoders skip
            position += 2
            continue
        if marker == _SOS:
            return JpegSegments(tuple(head), position, _end_of_picture(content, position))
        length = int.from_bytes(content[position + 2 : position + 4], "big")
        head.append((marker, content[position + 4 : position + 2 + length]))
        position += 2 + max(length, 2)


def _end_of_picture(content: bytes, position: int) -> int:
    """Returns the offset after EOI, from the first SOS on; the file's length where there is no EOI."""
    while True:
        found = _MARKER.search(content, position)
        if found is None:
            return len(content)
        if content[found.start() + 1] == _EOI:
            return found.end()
        # SOS, DHT, DQT, DNL, ... between the scans of a progressive file.
        length = int.from_bytes(content[found.end() : found.end() + 2], "big")
        position = found.end() + max(length, 2)


def late_segments(content: bytes, segments: JpegSegments) -> tuple[tuple[int, int], ...]:
    """Returns where segments of metadata lie between the scans: first and last byte (exclusive) of each."""
    found: list[tuple[int, int]] = []
    position = segments.scan_start
    while True:
        match = _MARKER.search(content, position, segments.end)
        if match is None or content[match.start() + 1] == _EOI:
            return tuple(found)
        marker = content[match.start() + 1]
        position = match.end() + max(int.from_bytes(content[match.end() : match.end() + 2], "big"), 2)
        if marker >= APP0:
            found.append((match.start(), min(position, segments.end)))


def segment(marker: int, payload: bytes) -> bytes:
    """Returns one marker segment.

    Raises:
        ValueError: If the payload has more than 65533 bytes.
    """
    if len(payload) > MOST_PAYLOAD:
        raise ValueError(
            f"a JPEG segment holds at most {MOST_PAYLOAD} bytes of payload. Received: {len(payload)}"
        )
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload
