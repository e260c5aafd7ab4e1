"""Huffman re-optimisation of a baseline JPEG file in Python, where jpegtran is not installed.

Reads the symbols of the one interleaved scan, counts them, and writes them again with fitted tables
(`jpegpre_tf.jpeg.optimal_table`, libjpeg's own procedure). Coefficients are never touched. Slow: about a
second for 100 kB.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable, optimal_table

_JFIF = bytes.fromhex("ffe000104a46494600010100000100010000")
# SOF0, DHT, SOS, DRI, EOI and the range of APPn.
_SOF0, _DHT, _SOS, _DRI, _EOI = 0xC0, 0xC4, 0xDA, 0xDD, 0xD9
_OTHER_FRAMES = set(range(0xC1, 0xD0)) - {_DHT, 0xC8, 0xCC}

# Table class (0 DC, 1 AC) and number.
TableKey = tuple[int, int]
# Table, symbol, and the extra bits with their count.
Symbol = tuple[TableKey, int, int, int]


@dataclass(frozen=True)
class _Component:
    blocks: int
    dc: TableKey
    ac: TableKey


def reoptimize_baseline(data: bytes) -> bytes:
    """Returns the same picture with Huffman tables fitted to it, and a JFIF header as jpegtran writes.

    Raises:
        ValueError: If the file is not a baseline JPEG with one interleaved scan and no restart markers.
    """
    segments, scan = _split(data)
    tables: dict[TableKey, HuffmanTable] = {}
    frame = start = b""
    for marker, body in segments:
        if marker == _DHT:
            tables |= _read_tables(body)
        elif marker == _SOF0:
            frame = body
        elif marker == _SOS:
            start = body
        elif marker in _OTHER_FRAMES or (marker == _DRI and any(body)):
            raise ValueError("re-optimising Huffman tables without jpegtran works on baseline files only")
    components, units = _layout(frame, start)
    symbols = list(_read_symbols(scan, components, units, tables))
    counts = {key: np.zeros(256, np.int64) for key in tables}
    for key, symbol, _, _ in symbols:
        counts[key][symbol] += 1
    fitted = {key: optimal_table(count) for key, count in counts.items() if count.any()}
    order = sorted(fitted, key=lambda key: key[::-1])  # libjpeg's: DC and AC of a number together
    out = [b"\xff\xd8", _JFIF]
    for marker, body in segments:
        if marker == _SOS:
            out += [_segment(_DHT, _table_bytes(key, fitted[key])) for key in order]
        if marker != _DHT and not 0xE0 <= marker <= 0xEF:
            out.append(_segment(marker, body))
    return b"".join([*out, _write_symbols(symbols, fitted), b"\xff\xd9"])


def _split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Returns the segments up to and including SOS, and the scan without byte stuffing."""
    if data[:2] != b"\xff\xd8":
        raise ValueError("not a JPEG file")
    segments = []
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            break
        marker = data[position + 1]
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        segments.append((marker, data[position + 4 : position + 2 + length]))
        position += 2 + length
        if marker == _SOS:
            if data[-2:] != b"\xff\xd9":
                break
            return segments, data[position:-2].replace(b"\xff\x00", b"\xff")
    raise ValueError("not a complete JPEG file")


def _read_tables(body: bytes) -> dict[TableKey, HuffmanTable]:
    tables = {}
    while body:
        bits = tuple(body[1:17])
        end = 17 + sum(bits)
        tables[body[0] >> 4, body[0] & 15] = HuffmanTable(bits, tuple(body[17:end]))
        body = body[end:]
    return tables


def _layout(frame: bytes, start: bytes) -> tuple[list[_Component], int]:
    """Returns the components in scan order and the number of MCUs."""
    height, width, count = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big"), frame[5]
    if start[0] != count:
        raise ValueError("re-optimising Huffman tables without jpegtran needs one interleaved scan")
    sampling = {frame[6 + 3 * i]: divmod(frame[7 + 3 * i], 16) for i in range(count)}
    if count == 1:  # one component is never interleaved: its MCU is one block
        sampling = dict.fromkeys(sampling, (1, 1))
    across = max(h for h, _ in sampling.values())
    down = max(v for _, v in sampling.values())
    components = []
    for i in range(count):
        h, v = sampling[start[1 + 2 * i]]
        dc, ac = divmod(start[2 + 2 * i], 16)
        components.append(_Component(h * v, (0, dc), (1, ac)))
    return components, -(-width // (8 * across)) * -(-height // (8 * down))


class _Bits:
    """Reads bits from the scan, most significant first; past the end it reads ones, as the padding is."""

    def __init__(self, data: bytes) -> None:
        self._data = data + b"\xff" * 16
        self._position = 0
        self._held = 0
        self._count = 0

    def peek16(self) -> int:
        if self._count < 16:
            self._held = (self._held << 64) | int.from_bytes(
                self._data[self._position : self._position + 8], "big"
            )
            self._position += 8
            self._count += 64
            if self._position > len(self._data):
                raise ValueError("the JPEG file's scan is too short")
        return (self._held >> (self._count - 16)) & 0xFFFF

    def take(self, count: int) -> int:
        value = self.peek16() >> (16 - count)
        self._count -= count
        self._held &= (1 << self._count) - 1
        return value


def _lookup(table: HuffmanTable) -> list[tuple[int, int]]:
    """65536 entries: the next 16 bits -> (symbol, code length)."""
    entries = [(0, 0)] * 65536
    codes, lengths = table.codes(), table.lengths()
    for symbol in table.values:
        free = 16 - int(lengths[symbol])
        first = int(codes[symbol]) << free
        entries[first : first + (1 << free)] = [(symbol, 16 - free)] * (1 << free)
    return entries


def _read_symbols(
    scan: bytes, components: Sequence[_Component], units: int, tables: dict[TableKey, HuffmanTable]
) -> Iterator[Symbol]:
    bits = _Bits(scan)
    lookups = {key: _lookup(table) for key, table in tables.items()}

    def symbol_of(key: TableKey) -> int:
        symbol, length = lookups[key][bits.peek16()]
        if length == 0:
            raise ValueError("the JPEG file's scan does not fit its Huffman tables")
        bits.take(length)
        return symbol

    for _ in range(units):
        for component in components:
            for _ in range(component.blocks):
                size = symbol_of(component.dc)
                yield component.dc, size, bits.take(size) if size else 0, size
                position = 1
                while position < 64:
                    symbol = symbol_of(component.ac)
                    run, size = divmod(symbol, 16)
                    yield component.ac, symbol, bits.take(size) if size else 0, size
                    if size == 0 and run != 15:  # end of block
                        break
                    position += run + 1


def _write_symbols(symbols: Sequence[Symbol], tables: dict[TableKey, HuffmanTable]) -> bytes:
    codes = {key: (table.codes().tolist(), table.lengths().tolist()) for key, table in tables.items()}
    out = bytearray()
    held = count = 0
    for key, symbol, extra, extra_bits in symbols:
        code, length = codes[key]
        held = (((held << length[symbol]) | code[symbol]) << extra_bits) | extra
        count += length[symbol] + extra_bits
        if count >= 512:
            rest = count % 8
            out += (held >> rest).to_bytes(count // 8, "big")
            held &= (1 << rest) - 1
            count = rest
    padding = -count % 8
    out += ((held << padding) | ((1 << padding) - 1)).to_bytes((count + padding) // 8, "big")
    return bytes(out).replace(b"\xff", b"\xff\x00")


def _table_bytes(key: TableKey, table: HuffmanTable) -> bytes:
    return bytes([key[0] << 4 | key[1], *table.bits, *table.values])


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
