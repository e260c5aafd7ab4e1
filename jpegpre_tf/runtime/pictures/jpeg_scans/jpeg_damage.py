"""Finds damage in the entropy-coded data of JPEG files, of which decoders only warn.

A damaged scan decodes to something: libjpeg makes up what is missing and skips what is too much. Every scan is walked
code by code instead, without its values: it must have the codes of its tables only, and end with the picture's last
block. Damage that keeps all of that is not seen (a flipped sign). Arithmetic coding has no codes that could be wrong:
of it only restart markers, the order of scans and long zeros are looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.jpeg.files.segments import ARITHMETIC, JpegSegments
from jpegpre_tf.runtime.native.scan_walk import ScanFinding, walk_scan
from jpegpre_tf.runtime.pictures.jpeg_scans.line_ends import has_changed_line_ends
from jpegpre_tf.runtime.pictures.jpeg_scans.refinement_scan import BandHistory
from jpegpre_tf.runtime.pictures.jpeg_scans.scan_grammar import (
    BLOCK,
    PADDING,
    DamagedScanError,
    Grammar,
    ac_steps,
    check_surplus,
    dc_steps,
)
from jpegpre_tf.runtime.pictures.jpeg_scans.scan_lanes import ScanWalker

_SOI, _EOI, _SOS, _DHT, _DNL, _DRI = 0xD8, 0xD9, 0xDA, 0xC4, 0xDC, 0xDD
_WALKED_FRAMES = (0xC0, 0xC1, 0xC2, *ARITHMETIC)
_PROGRESSIVE = (0xC2, 0xCA)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff+([\xd0-\xd7])")
# Nobody codes so many zeros but as a flat area.
_ZEROS = bytes(64)
# Arithmetic coding of one scan can, but not so many; of progressive files, flat areas are such.
_MANY_ZEROS = bytes(512)
# Bits still to come of a coefficient before its first scan.
_UNSEEN = 16
_WORDS = {
    ScanFinding.BAD_TABLE: "a Huffman table is damaged",
    ScanFinding.BAD_CODE: "a scan has codes that its tables have not",
    ScanFinding.ENDED: "a scan ends before the picture does",
}


@dataclass
class _Component:
    horizontal: int
    vertical: int
    blocks: int  # of a scan of its own
    columns: int
    # By coefficient, the bits that are still to come.
    missing: list[int] = field(default_factory=lambda: [_UNSEEN] * BLOCK)
    history: BandHistory | None = None


class _NotWalkedError(Exception):
    """A file of a kind that is not walked."""


class _JpegDamage:
    """The state of reading one file: tables and frame, as its segments come; `has_end`: EOI was met."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._tables: dict[int, HuffmanTable] = {}
        self._components: dict[int, _Component] = {}
        self._interval = 0
        self._mcus = 0
        self._is_progressive = self._is_arithmetic = False
        self.has_end = False

    def check(self) -> None:
        """Raises DamagedScanError, with what is wrong, if a scan is damaged or missing."""
        for marker, payload, start, end in self._segments():
            if marker == _DHT:
                self._read_tables(payload)
            elif marker == _DRI:
                self._interval = int.from_bytes(payload[:2], "big")
            elif marker in _FRAMES:
                if marker not in _WALKED_FRAMES or self._components:
                    return  # lossless, hierarchical
                self._read_frame(payload)
                self._is_progressive = marker in _PROGRESSIVE
                self._is_arithmetic = marker in ARITHMETIC
            elif marker == _SOS:
                self._check_scan(payload, start, end)
        missing = [max(component.missing) for component in self._components.values()]
        if any(missing):
            raise DamagedScanError("scans of the picture are missing")

    def _segments(self) -> Iterator[tuple[int, bytes, int, int]]:
        """Yields marker, payload, and where a scan's data begins and ends."""
        content, position = self._content, 2
        while True:
            position = content.find(b"\xff", position)
            if position < 0 or position + 2 > len(content):
                return
            marker = content[position + 1]
            if marker == _EOI:
                self.has_end = True
                return
            if marker in (0, 1, 0xFF) or 0xD0 <= marker <= _SOI:  # fill bytes, and markers without a length
                position += 1 if marker == 0xFF else 2
                continue
            length = int.from_bytes(content[position + 2 : position + 4], "big")
            start = position + 2 + max(length, 2)
            end = start
            if marker == _SOS:
                found = _MARKER.search(content, start)
                end = found.start() if found else len(content)
                self.has_end = found is not None and content[found.end() - 1] == _EOI
                if found and content[found.end() - 1] == _DNL:
                    raise _NotWalkedError
            yield marker, content[position + 4 : position + 2 + length], start, end
            position = end

    def _read_tables(self, payload: bytes) -> None:
        position = 0
        while position + 17 <= len(payload):
            bits = tuple(payload[position + 1 : position + 17])
            values = tuple(payload[position + 17 : position + 17 + sum(bits)])
            self._tables[payload[position]] = HuffmanTable(bits, values)
            position += 17 + sum(bits)

    def _read_frame(self, payload: bytes) -> None:
        height, width = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
        if payload[0] != 8 or not height or not width:
            raise _NotWalkedError
        found = [
            (payload[i], payload[i + 1] >> 4, payload[i + 1] & 15) for i in range(6, 6 + 3 * payload[5], 3)
        ]
        across, down = max(item[1] for item in found), max(item[2] for item in found)
        for identifier, horizontal, vertical in found:
            columns = _ceil(_ceil(width * horizontal, across), 8)
            rows = _ceil(_ceil(height * vertical, down), 8)
            self._components[identifier] = _Component(horizontal, vertical, columns * rows, columns)
        self._mcus = _ceil(width, 8 * across) * _ceil(height, 8 * down)

    def _check_scan(self, payload: bytes, start: int, end: int) -> None:
        amount = payload[0]
        names = [(payload[1 + 2 * i], payload[2 + 2 * i]) for i in range(amount)]
        first, last, bits = payload[1 + 2 * amount], payload[2 + 2 * amount], payload[3 + 2 * amount]
        components = [self._components[name] for name, _ in names]
        if not self._is_progressive:
            first, last, bits = 0, 63, 0
        self._check_order(components, first, last, bits >> 4)
        for component in components:
            component.missing[first : last + 1] = [bits & 15] * (last + 1 - first)
        if amount == 1:
            mcus, per_mcu = components[0].blocks, [0]
        else:
            mcus = self._mcus
            per_mcu = [i for i, c in enumerate(components) for _ in range(c.horizontal * c.vertical)]
        raw = self._content[start:end]
        parts, counts = self._parts(raw, mcus)
        if self._is_arithmetic:
            if _MANY_ZEROS in raw and not self._is_progressive:
                raise DamagedScanError("a scan has zeros where the picture was")
            return
        if self._is_progressive and not first and bits >> 4:
            for part, count in zip(parts, counts, strict=True):
                needed = -(-count * len(per_mcu) // 8)
                if len(part) < needed:
                    raise DamagedScanError("a scan ends before the picture does")
                check_surplus(part[needed:])
            return
        if self._is_progressive and first:
            component = components[0]
            component.history = component.history or BandHistory(component.blocks)
            walk = component.history.refine if bits >> 4 else component.history.first
            walk(parts, counts, self._table(0x10 | names[0][1] & 15), (first, last))
            return
        tables = [
            (self._table(name >> 4), None if self._is_progressive else self._table(0x10 | name & 15))
            for _, name in names
        ]
        if not self._is_progressive and _ZEROS in raw and not _may_be_flat([ac for _, ac in tables]):
            raise DamagedScanError("a scan has zeros where the picture was")
        stream, places = bytearray(), []
        for part in parts:
            places.append((8 * len(stream), 8 * (len(stream) + len(part))))
            stream += part
            stream += PADDING
        _walk(tables, per_mcu, bytes(stream), places, [count * len(per_mcu) for count in counts])

    def _check_order(self, components: list[_Component], first: int, last: int, had: int) -> None:
        """A scan of a progressive file goes on where the last one of its coefficients ended: libjpeg warns if not."""
        for component in components if self._is_progressive else ():
            before = [0 if missing == _UNSEEN else missing for missing in component.missing[first : last + 1]]
            if (first and component.missing[0] == _UNSEEN) or set(before) != {had}:
                raise DamagedScanError("a scan is repeated, or one before it is missing")

    def _parts(self, raw: bytes, mcus: int) -> tuple[list[bytes], list[int]]:
        """Returns the parts between restart markers, unstuffed, and how many MCUs each has."""
        interval = self._interval or mcus
        pieces = _RESTART.split(raw)
        parts = [piece.replace(b"\xff\0", b"\xff") for piece in pieces[::2]]
        counts = [min(interval, mcus - i) for i in range(0, mcus, interval)]
        expected = [0xD0 + i % 8 for i in range(len(counts) - 1)]
        if [marker[0] for marker in pieces[1::2]] != expected:
            raise DamagedScanError("restart markers of a scan are missing or out of order")
        return parts, counts

    def _table(self, number: int) -> HuffmanTable:
        if number not in self._tables:
            raise _NotWalkedError  # Motion-JPEG leaves the standard's tables out
        return self._tables[number]


def _ceil(amount: int, divisor: int) -> int:
    return -(-amount // divisor)


def _grammar(tables: list[tuple[HuffmanTable, HuffmanTable | None]], per_mcu: list[int]) -> Grammar:
    steps, slots, size = [], [], 1 << 16
    for dc, ac in tables:
        steps.append(dc_steps(dc, 1 if ac else BLOCK))
        steps.append(ac_steps(ac, has_runs=False) if ac else steps[-1])
    for index in per_mcu:
        slots += [2 * index * size, (2 * index + 1) * size]
    return Grammar(np.concatenate(steps), np.array(slots, np.int32), 0)


def _walk(
    tables: list[tuple[HuffmanTable, HuffmanTable | None]],
    per_mcu: list[int],
    stream: bytes,
    places: list[tuple[int, int]],
    blocks: list[int],
) -> None:
    """Raises DamagedScanError unless each part of a scan holds exactly its blocks."""
    found = walk_scan(stream, tables, per_mcu, places, blocks)
    if found is None:
        ScanWalker(_grammar(tables, per_mcu), stream).count(places, blocks)
        return
    finding, ends = found
    if finding is not ScanFinding.WHOLE:
        raise DamagedScanError(_WORDS[finding])
    for at, (_, end) in zip(ends, places, strict=True):
        check_surplus(stream[-(-at // 8) : end // 8])


def _may_be_flat(tables: list[HuffmanTable | None]) -> bool:
    """Whether zeros alone are blocks without AC coefficients: the first code of each AC table is all zeros."""
    firsts = [table.values[0] for table in tables if table is not None and table.values]
    return len(firsts) == len(tables) and all(first & 15 == 0 and first >> 4 != 15 for first in firsts)


def check_frame(segments: JpegSegments) -> tuple[str, ...]:
    """Raises ValueError if a JPEG file is of a kind that is not decoded; returns notes on one that is.

    Args:
        segments: Segments of the JPEG file.
    """
    for marker, payload in segments.head:
        if marker not in _FRAMES or len(payload) < 5:
            continue
        if marker not in _WALKED_FRAMES:
            raise ValueError("lossless or hierarchical JPEG is not supported")
        if payload[0] != 8:
            raise ValueError(f"JPEG of {payload[0]} bits a sample is not supported")
        if not any(payload[1:3]):
            raise ValueError("a JPEG file whose height stands behind its picture (DNL) is not supported")
        if marker in ARITHMETIC:
            return ("its arithmetic coding hides most damage: whether it is whole was not checked",)
    return ()


def check_scans(content: bytes) -> None:
    """Raises DamagedScanError if the scans of a JPEG file are not whole.

    Args:
        content: A JPEG file that a decoder takes.
    """
    if has_changed_line_ends(content):
        raise DamagedScanError("its line ends were changed, by a transfer as text")
    damage = _JpegDamage(content)
    try:
        damage.check()
    except _NotWalkedError:
        return
    except DamagedScanError as error:
        if not damage.has_end:
            raise DamagedScanError(f"truncated: {error}") from error
        raise
    except (IndexError, KeyError) as error:
        raise DamagedScanError("a segment is cut off or names what is not there") from error
