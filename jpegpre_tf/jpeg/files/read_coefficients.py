"""The quantized coefficients of a JPEG file, exactly as it holds them."""

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.codec import Coefficients
from jpegpre_tf.jpeg.entropy import dc_scan
from jpegpre_tf.jpeg.entropy.ac_scan import read_ac_first, refine_ac
from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.jpeg.entropy.sequential_scan import read_sequential
from jpegpre_tf.jpeg.files.frame import PROGRESSIVE, Frame, frame_of, stored_tables
from jpegpre_tf.jpeg.files.markers import MarkerSegment, marker_segments
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG
from jpegpre_tf.jpeg.transform.resample import FACTORS

Int = npt.NDArray[np.int64]
Int16 = npt.NDArray[np.int16]

_DHT, _SOS, _DRI = 0xC4, 0xDA, 0xDD


def read_coefficients(jpeg: bytes) -> Coefficients:
    """Returns what a JPEG file holds: its quantized coefficients, tables and size.

    Args:
        jpeg: A baseline or progressive file, Huffman-coded, 8 bits, grey or 4:2:0, 4:2:2 or 4:4:4.

    Raises:
        ValueError: If the file is another one, or damaged.
    """
    segments = marker_segments(jpeg)
    frame = frame_of(segments)
    is_gray = len(frame.components) == 1
    if not is_gray and frame.subsampling not in FACTORS:
        raise ValueError(f"the JPEG file must be one of {sorted(FACTORS)}. Received: {frame.subsampling}")
    stored = stored_tables(segments)
    missing = {component.table for component in frame.components} - set(stored)
    if missing:
        raise ValueError(f"the JPEG file has no quantization table {min(missing)}")
    luma, *chroma = [stored[component.table].values for component in frame.components]
    if chroma and (chroma[0] != chroma[1]).any():
        raise ValueError("the JPEG file must have one table for Cb and Cr. Received: two")
    reader = _ScanReader(frame)
    for segment in segments:
        if segment.marker == _DHT:
            reader.define_tables(segment.payload)
        elif segment.marker == _DRI:
            reader.restart_interval = int.from_bytes(segment.payload[:2], "big")
        elif segment.marker == _SOS:
            reader.read_scan(segment, jpeg[segment.entropy_start : segment.end])
    planes = []
    for index, blocks in enumerate(reader.planes):
        rows, columns = frame.blocks(index)
        natural = np.empty((rows, columns, 64), np.int16)
        natural[..., NATURAL_FROM_ZIGZAG] = blocks[:rows, :columns]
        planes.append(natural.reshape(rows, columns, 8, 8))
    tables = luma, chroma[0] if chroma else luma
    subsampling = "4:2:0" if is_gray else frame.subsampling
    return Coefficients(tuple(planes), tables, frame.height, frame.width, subsampling)


class _ScanReader:
    """Reads scans one after the other, with the Huffman tables that are in force."""

    def __init__(self, frame: Frame) -> None:
        self.restart_interval = 0
        self._frame = frame
        self._tables: dict[tuple[int, int], HuffmanTable] = {}
        rows, columns = frame.mcus
        is_gray = len(frame.components) == 1
        # (horizontal, vertical) blocks of an MCU, and all blocks, of each component.
        self._factors = [(1, 1) if is_gray else (c.horizontal, c.vertical) for c in frame.components]
        self.planes: list[Int16] = [np.zeros((rows * v, columns * h, 64), np.int16) for h, v in self._factors]

    def define_tables(self, payload: bytes) -> None:
        while payload:
            bits = tuple(payload[1:17])
            end = 17 + sum(bits)
            if len(payload) < end or len(bits) < 16:
                raise ValueError("the JPEG file has a damaged Huffman table")
            self._tables[payload[0] >> 4, payload[0] & 15] = HuffmanTable(bits, tuple(payload[17:end]))
            payload = payload[end:]

    def read_scan(self, segment: MarkerSegment, data: bytes) -> None:
        header = segment.payload
        if not header or len(header) != 4 + 2 * header[0] or not 1 <= header[0] <= len(self.planes):
            raise ValueError("the JPEG file has a damaged scan header")
        known = [component.identifier for component in self._frame.components]
        try:
            owners = [known.index(identifier) for identifier in header[1:-3:2]]
        except ValueError:
            raise ValueError("the JPEG file has a scan of a component that it has not") from None
        selectors = [divmod(numbers, 16) for numbers in header[2:-3:2]]
        first, last, (high, low) = header[-3], header[-2], divmod(header[-1], 16)
        rows, columns = self._frame.mcus if len(owners) > 1 else self._frame.blocks(owners[0])
        parts, counts = dc_scan.restart_parts(data, rows * columns, self.restart_interval)
        # A scan of one component is not interleaved: its MCU is one block.
        factors = [self._factors[owner] if len(owners) > 1 else (1, 1) for owner in owners]
        sizes = [horizontal * vertical for horizontal, vertical in factors]
        if self._frame.marker != PROGRESSIVE:
            pairs = [(self._table(0, dc), self._table(1, ac)) for dc, ac in selectors]
            for owner, mcus in zip(owners, read_sequential(parts, counts, pairs, sizes), strict=True):
                self._put(owner, mcus, len(owners) > 1, slice(0, 64))
        elif first == 0:
            if high:
                read = dc_scan.read_refinement(parts, counts, sizes)
            else:
                read = dc_scan.read_first(parts, counts, [self._table(0, dc) for dc, _ in selectors], sizes)
            for owner, mcus in zip(owners, read, strict=True):
                self._put(owner, mcus[..., np.newaxis] << low, len(owners) > 1, slice(0, 1))
        else:
            if len(owners) > 1 or not first <= last <= 63:
                raise ValueError("the JPEG file has a damaged scan header")
            table = self._table(1, selectors[0][1])
            area = self.planes[owners[0]][:rows, :columns]
            blocks = area.reshape(-1, 64).astype(np.int64)
            if high:
                refine_ac(blocks, parts, counts, table, (first, last), low)
            else:
                blocks = blocks + (read_ac_first(parts, counts, table, (first, last)) << low)
            area[...] = blocks.reshape(area.shape)

    def _table(self, kind: int, number: int) -> HuffmanTable:
        if (kind, number) not in self._tables:
            raise ValueError(f"the JPEG file has no {('DC', 'AC')[kind]} Huffman table {number}")
        return self._tables[kind, number]

    def _put(self, owner: int, mcus: Int, is_interleaved: bool, band: slice) -> None:
        """Adds `(MCUs, blocks of an MCU, ...)` of a component to its plane."""
        plane = self.planes[owner]
        if is_interleaved:
            horizontal, vertical = self._factors[owner]
            rows, columns = self._frame.mcus
            ordered = mcus.reshape(rows, columns, vertical, horizontal, -1).swapaxes(1, 2)
            plane[..., band] += ordered.reshape(rows * vertical, columns * horizontal, -1)
        else:
            rows, columns = self._frame.blocks(owner)
            plane[:rows, :columns, band] += mcus.reshape(rows, columns, -1)
