"""Takes a progressive JPEG file apart into one grey JPEG file per component.

Of a progressive file libjpeg holds the coefficients of all components, up to 6 bytes per pixel. Scans with AC
coefficients are of one component each (T.81, G.1.1.1.1) and are copied; those of DC are coded anew.
"""

import re
from dataclasses import dataclass, field

from jpegpre_tf.jpeg.entropy import dc_scan
from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.jpeg.files.segments import APP0, APP15, COM, SOI, segment

_SOF2, _DHT, _EOI, _SOS, _DQT, _DRI = 0xC2, 0xC4, 0xD9, 0xDA, 0xDB, 0xDD
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
# It takes the place of table 0, which no later scan of the component needs: its first DC scan is the only one.
_TABLE_SEGMENT = segment(_DHT, bytes((0, *dc_scan.TABLE.bits, *dc_scan.TABLE.values)))
_MOST_MCU_BLOCKS = 10
_MOST_SHIFT = 13


class _NotTakenApartError(ValueError):
    """The file is damaged, or of a kind that is not taken apart."""


@dataclass
class _Component:
    """One component, and its file so far.

    Attributes:
        factors: Sampling factors, across and down.
        blocks: Columns and rows of blocks.
        shifts: Low bits of each coefficient that are to come yet; -1 before the first scan.
    """

    factors: tuple[int, int]
    blocks: tuple[int, int]
    parts: list[bytes]
    shifts: list[int] = field(default_factory=lambda: [-1] * 64)


@dataclass(frozen=True)
class _Scan:
    """The header of a scan.

    Attributes:
        components: (identifier, number of its DC table) of each.
        band: First and last coefficient.
        shifts: Low bits that were to come before (0 for a first scan), and that are to come after it.
    """

    components: list[tuple[int, int]]
    band: tuple[int, int]
    shifts: tuple[int, int]

    @property
    def is_first(self) -> bool:
        return self.shifts[0] == 0


def component_files(content: bytes) -> list[bytes]:
    """Returns files in one component each, that decode to its samples as libjpeg decodes them in the whole.

    Raises:
        ValueError: If the file is not progressive, Huffman-coded and complete in every bit, or if it is damaged.
    """
    splitter = _Splitter()
    position = len(SOI)
    while True:
        found = _MARKER.match(content, position)
        if found is None:
            raise _NotTakenApartError("there is no marker where one must be")
        marker = content[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == _EOI:
            return splitter.files()
        length = int.from_bytes(content[position + 2 : position + 4], "big")
        payload = content[position + 4 : position + 2 + length]
        if len(payload) != length - 2:
            raise _NotTakenApartError("a segment is cut off")
        position += 2 + length
        if marker == _SOS:
            end = _MARKER.search(content, position)
            if end is None:
                raise _NotTakenApartError("the file is cut off")
            splitter.scan(payload, content[position : end.start()])
            position = end.start()
        else:
            splitter.segment(marker, payload)


class _Splitter:
    """Collects the files of the components, segment by segment."""

    def __init__(self) -> None:
        self._components: dict[int, _Component] = {}
        self._before_frame: list[bytes] = []
        self._tables: dict[int, HuffmanTable] = {}
        self._interval = 0
        self._largest = (1, 1)
        self._mcus = (0, 0)

    def files(self) -> list[bytes]:
        components = self._components.values()
        if not components or any(any(component.shifts) for component in components):
            # libjpeg smooths what is not complete, and looks at all components for that.
            raise _NotTakenApartError("some bits of the coefficients are missing")
        return [b"".join((*component.parts, b"\xff\xd9")) for component in components]

    def segment(self, marker: int, payload: bytes) -> None:
        """Takes a segment that is not the header of a scan."""
        if marker == _SOF2:
            self._start_frame(payload)
            return
        if APP0 <= marker <= APP15 or marker == COM:
            return  # no matter for grey samples
        if marker == _DHT:
            self._read_tables(payload)
        elif marker == _DRI:
            self._interval = int.from_bytes(payload, "big")
        elif marker != _DQT:
            raise _NotTakenApartError(f"marker {marker:#x} is not one of a progressive Huffman-coded file")
        copied = segment(marker, payload)
        self._before_frame.append(copied)
        for component in self._components.values():
            component.parts.append(copied)

    def _start_frame(self, payload: bytes) -> None:
        if self._components or len(payload) < 6 or payload[0] != 8 or len(payload) != 6 + 3 * payload[5]:
            raise _NotTakenApartError("not one frame of 8 bits")
        height, width = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
        entries = [payload[at : at + 3] for at in range(6, len(payload), 3)]
        factors = [(entry[1] >> 4, entry[1] & 15) for entry in entries]
        if not (height and width) or not all(1 <= f <= 4 for pair in factors for f in pair):
            raise _NotTakenApartError("the frame has no size")
        across, down = self._largest = max(x for x, _ in factors), max(y for _, y in factors)
        self._mcus = -(-width // (8 * across)), -(-height // (8 * down))
        for (identifier, _, table), (x, y) in zip(entries, factors, strict=True):
            # In samples of its own, rounded up.
            columns, rows = -(-width * x // across), -(-height * y // down)
            frame = bytes(
                (8, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big"), 1, identifier, 0x11, table)
            )
            parts = [SOI, *self._before_frame, segment(_SOF2, frame)]
            self._components[identifier] = _Component((x, y), (-(-columns // 8), -(-rows // 8)), parts)
        if len(self._components) != len(entries):
            raise _NotTakenApartError("two components have one name")

    def _read_tables(self, payload: bytes) -> None:
        while payload:
            bits = tuple(payload[1:17])
            end = 17 + sum(bits)
            if len(payload) < end:
                raise _NotTakenApartError("a Huffman table is cut off")
            if payload[0] < 16:  # of DC
                self._tables[payload[0]] = HuffmanTable(bits, tuple(payload[17:end]))
            payload = payload[end:]

    def scan(self, payload: bytes, data: bytes) -> None:
        """Takes a scan: what follows the length of its header, and its entropy-coded data."""
        scan = self._header(payload)
        for identifier, _ in scan.components:
            shifts = self._components[identifier].shifts
            for k in range(scan.band[0], scan.band[1] + 1):
                if shifts[k] != (-1 if scan.is_first else scan.shifts[0]):
                    raise _NotTakenApartError("a scan does not go on where one before ended")
                shifts[k] = scan.shifts[1]
        if len(scan.components) == 1:
            component = self._components[scan.components[0][0]]
            component.parts += [segment(_SOS, payload), data]
        else:
            self._take_apart(scan, data)

    def _header(self, payload: bytes) -> _Scan:
        if len(payload) < 4 or len(payload) != 4 + 2 * payload[0]:
            raise _NotTakenApartError("the header of a scan is damaged")
        components = [(payload[at], payload[at + 1] >> 4) for at in range(1, 1 + 2 * payload[0], 2)]
        first, last, shifts = payload[-3:]
        scan = _Scan(components, (first, last), (shifts >> 4, shifts & 15))
        names = {identifier for identifier, _ in components}
        is_known = bool(names) and names <= self._components.keys() and len(names) == len(components)
        is_band = last == 0 if first == 0 else first <= last <= 63 and len(components) == 1
        is_shift = scan.shifts[1] <= _MOST_SHIFT and (scan.is_first or scan.shifts[0] == scan.shifts[1] + 1)
        if not (is_known and is_band and is_shift):
            raise _NotTakenApartError("the header of a scan is damaged")
        return scan

    def _take_apart(self, scan: _Scan, data: bytes) -> None:
        """Gives each component of an interleaved DC scan one of its own."""
        names = [identifier for identifier, _ in scan.components]
        components = [self._components[name] for name in names]
        sizes = [component.factors[0] * component.factors[1] for component in components]
        if sum(sizes) > _MOST_MCU_BLOCKS:
            raise _NotTakenApartError("an MCU has too many blocks")
        across, down = self._mcus
        parts, counts = dc_scan.restart_parts(data, across * down, self._interval)
        if scan.is_first:
            if not all(table in self._tables for _, table in scan.components):
                raise _NotTakenApartError("a Huffman table is missing")
            tables = [self._tables[table] for _, table in scan.components]
            values = dc_scan.read_first(parts, counts, tables, sizes)
        else:
            values = dc_scan.read_refinement(parts, counts, sizes)
        for name, component, mcus in zip(names, components, values, strict=True):
            x, y = component.factors
            columns, rows = component.blocks
            # Blocks beyond the component's edge are in interleaved scans only.
            blocks = mcus.reshape(down, across, y, x).swapaxes(1, 2).reshape(down * y, across * x)
            mine = blocks[:rows, :columns].ravel()
            header = segment(_SOS, bytes((1, name, 0, 0, 0, scan.shifts[0] << 4 | scan.shifts[1])))
            if scan.is_first:
                coded = [_TABLE_SEGMENT, header, dc_scan.write_first(mine)]
            else:
                coded = [header, dc_scan.write_refinement(mine)]
            component.parts += [_restarts(0), *coded, _restarts(self._interval)]


def _restarts(interval: int) -> bytes:
    return segment(_DRI, interval.to_bytes(2, "big"))
