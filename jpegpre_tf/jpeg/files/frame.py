"""The frame header and the quantization tables of a JPEG picture (T.81, B.2.2 and B.2.4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.files.markers import MarkerSegment
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG

BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
_DHT, _JPG, _DAC, _DQT, _DNL = 0xC4, 0xC8, 0xCC, 0xDB, 0xDC
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC}
_ARITHMETIC = frozenset(range(0xC9, 0xD0)) - {_DAC}
_LOSSLESS = frozenset({0xC3, 0xC7})


@dataclass(frozen=True)
class FrameComponent:
    """One component: identifier, sampling factors, and the number of its quantization table."""

    identifier: int
    horizontal: int
    vertical: int
    table: int


@dataclass(frozen=True)
class Frame:
    """A Huffman-coded frame of 8-bit samples.

    Attributes:
        marker: BASELINE, EXTENDED or PROGRESSIVE.
        start: Offset of the header's payload in the file, in bytes.
        height, width: In pixels, >= 1.
        components: One or three.
    """

    marker: int
    start: int
    height: int
    width: int
    components: tuple[FrameComponent, ...]

    @property
    def factors(self) -> tuple[int, int]:
        """Largest (horizontal, vertical) sampling factors."""
        return max(c.horizontal for c in self.components), max(c.vertical for c in self.components)

    @property
    def subsampling(self) -> str:
        """As "4:2:0": the luma factors, where both chroma components have 1x1. A single component is "4:0:0"."""
        if len(self.components) == 1:
            return "4:0:0"
        luma, *chroma = [(c.horizontal, c.vertical) for c in self.components]
        names = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}
        if chroma != [(1, 1), (1, 1)] or luma not in names:
            return "+".join(f"{c.horizontal}x{c.vertical}" for c in self.components)
        return names[luma]

    @property
    def mcus(self) -> tuple[int, int]:
        """MCUs of an interleaved scan: (rows, columns). A single component has one block in each."""
        horizontal, vertical = self.factors if len(self.components) > 1 else (1, 1)
        return -(-self.height // (8 * vertical)), -(-self.width // (8 * horizontal))

    def blocks(self, component: int) -> tuple[int, int]:
        """Blocks that hold the picture: (rows, columns); a scan of this component alone has no others."""
        horizontal, vertical = self.factors
        own = self.components[component]
        height = -(-self.height * own.vertical // vertical)
        width = -(-self.width * own.horizontal // horizontal)
        return -(-height // 8), -(-width // 8)


def frame_of(segments: Sequence[MarkerSegment]) -> Frame:
    """Returns the one frame of a file.

    Raises:
        ValueError: If there is none or several, or it is not Huffman-coded with 8 bits and 1 or 3 components.
    """
    frames = [segment for segment in segments if segment.marker in _FRAMES]
    if len(frames) != 1:
        raise ValueError(f"the JPEG file must have one frame header. Received: {len(frames)}")
    (header,) = frames
    if header.marker in _ARITHMETIC or any(segment.marker == _DAC for segment in segments):
        raise ValueError("the JPEG file must be Huffman-coded. Received: arithmetic coding")
    if header.marker in _LOSSLESS or header.marker > PROGRESSIVE:
        kind = "lossless" if header.marker in _LOSSLESS else "hierarchical"
        raise ValueError(f"the JPEG file must be baseline or progressive. Received: {kind}")
    if any(segment.marker == _DNL for segment in segments):
        raise ValueError("the JPEG file must tell its height in its frame header. Received: a DNL segment")
    payload = header.payload
    if len(payload) < 6 or len(payload) != 6 + 3 * payload[5]:
        raise ValueError("the JPEG file's frame header is damaged")
    if payload[0] != 8:
        raise ValueError(f"the JPEG file must have 8-bit samples. Received: {payload[0]} bits")
    height, width = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
    components = tuple(
        FrameComponent(payload[at], payload[at + 1] >> 4, payload[at + 1] & 15, payload[at + 2])
        for at in range(6, len(payload), 3)
    )
    if len(components) not in (1, 3):
        raise ValueError(f"the JPEG file must have 1 or 3 components. Received: {len(components)}")
    factors = [factor for c in components for factor in (c.horizontal, c.vertical)]
    is_damaged = len({c.identifier for c in components}) < len(components) or not height or not width
    if is_damaged or min(factors) < 1 or max(factors) > 4 or max(c.table for c in components) > 3:
        raise ValueError("the JPEG file's frame header is damaged")
    return Frame(header.marker, header.start, height, width, components)


@dataclass(frozen=True)
class StoredTable:
    """A quantization table as a file holds it.

    Attributes:
        number: 0..3, what components refer to.
        start: Offset of its first entry in the file, in bytes.
        entry_bytes: 1 or 2.
        values: uint16 (8, 8), natural order.
    """

    number: int
    start: int
    entry_bytes: int
    values: npt.NDArray[np.uint16]


def stored_tables(segments: Sequence[MarkerSegment]) -> dict[int, StoredTable]:
    """Returns the quantization tables of a file by number.

    Raises:
        ValueError: If a table is damaged, or one number has two tables.
    """
    found: dict[int, StoredTable] = {}
    for segment in segments:
        if segment.marker != _DQT:
            continue
        position = 0
        while position < len(segment.payload):
            precision, number = divmod(segment.payload[position], 16)
            end = position + 1 + 64 * (precision + 1)
            if precision > 1 or number > 3 or end > len(segment.payload):
                raise ValueError("the JPEG file has a damaged quantization table")
            if number in found:
                raise ValueError(f"the JPEG file defines quantization table {number} more than once")
            entries = np.frombuffer(segment.payload[position + 1 : end], ">u2" if precision else "u1")
            values = np.empty(64, np.uint16)
            values[NATURAL_FROM_ZIGZAG] = entries
            start = segment.start + position + 1
            found[number] = StoredTable(number, start, precision + 1, values.reshape(8, 8))
            position = end
    return found
