"""Walks the AC scans of progressive JPEG files, which must be read in order, block by block (T.81, G.1.2)."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.runtime.pictures.jpeg_scans.scan_grammar import (
    PADDING,
    DamagedScanError,
    check_surplus,
    lookup,
)


class BandHistory:
    """Which coefficients of a component are not zero, as scans are walked: codes of later scans depend on it.

    Args:
        blocks: How many the component has.
    """

    def __init__(self, blocks: int) -> None:
        # Bit k of a block: coefficient k in zig-zag order.
        self._known = [0] * blocks

    def first(
        self, parts: Sequence[bytes], counts: Sequence[int], table: HuffmanTable, band: tuple[int, int]
    ) -> None:
        """Walks a first scan of a band, its parts without stuffed zeros, with so many blocks in each.

        Raises:
            DamagedScanError: If a part has codes that the table has not, or ends early or late.
        """
        self._walk(self._first, parts, counts, table, band)

    @staticmethod
    def _walk(
        walk_part: Callable[[int, int, bytes, list[int], list[int], tuple[int, int]], None],
        parts: Sequence[bytes],
        counts: Sequence[int],
        table: HuffmanTable,
        band: tuple[int, int],
    ) -> None:
        lengths, symbols = (array.tolist() for array in lookup(table))
        start = 0
        for part, count in zip(parts, counts, strict=True):
            walk_part(start, start + count, part, lengths, symbols, band)
            start += count

    def _first(
        self,
        block: int,
        stop: int,
        part: bytes,
        lengths: list[int],
        symbols: list[int],
        band: tuple[int, int],
    ) -> None:
        known, words = self._known, _words(part)
        first, last = band
        at, end = 0, 8 * len(part)
        while block < stop:
            place, found = first, known[block]
            while place <= last:
                window = words[at >> 3] >> (16 - (at & 7)) & 0xFFFF
                length, symbol = lengths[window], symbols[window]
                if not length:
                    raise DamagedScanError("a scan has codes that its tables have not")
                run, size = symbol >> 4, symbol & 15
                at += length + size
                if size:
                    place += run
                    found |= 1 << place
                    place += 1
                elif run == 15:
                    place += 16
                else:
                    known[block] = found
                    if run:
                        value = words[at >> 3] >> (16 - (at & 7)) & 0xFFFF
                        block += (1 << run) - 1 + (value >> (16 - run))
                        at += run
                    break
                if at > end:
                    raise DamagedScanError("a scan ends before the picture does")
            else:
                known[block] = found
                if place > last + 1:
                    raise DamagedScanError("a scan has a coefficient beyond its band")
            block += 1
        if block > stop or at > end:
            raise DamagedScanError("a scan ends before the picture does")
        check_surplus(part[-(-at // 8) :])

    def refine(
        self, parts: Sequence[bytes], counts: Sequence[int], table: HuffmanTable, band: tuple[int, int]
    ) -> None:
        """Walks a refinement scan; as `first`."""
        self._walk(self._refine, parts, counts, table, band)

    def _refine(
        self,
        start: int,
        stop: int,
        part: bytes,
        lengths: list[int],
        symbols: list[int],
        band: tuple[int, int],
    ) -> None:
        known, words = self._known, _words(part)
        first, last = band
        inside = (2 << last) - (1 << first)
        at, end, ended = 0, 8 * len(part), 0
        for block in range(start, stop):
            if at > end:
                raise DamagedScanError("a scan ends before the picture does")
            found = known[block] & inside
            if ended:
                ended -= 1
                at += found.bit_count()
                continue
            place = first
            while place <= last:
                window = words[min(at >> 3, len(words) - 1)] >> (16 - (at & 7)) & 0xFFFF
                length, symbol = lengths[window], symbols[window]
                run, size = symbol >> 4, symbol & 15
                if not length or size > 1:
                    raise DamagedScanError("a scan has codes that its tables have not")
                at += length + size
                rest = found >> place
                if not size and run < 15:
                    if run:
                        value = words[min(at >> 3, len(words) - 1)] >> (16 - (at & 7)) & 0xFFFF
                        ended = (1 << run) - 1 + (value >> (16 - run))
                        at += run
                    at += rest.bit_count()
                    break
                # So many zeros are passed, and one taken; each coefficient that is not zero has a bit on the way.
                passed, offset = 0, run
                while rest:
                    more = (rest & ((2 << offset) - 1)).bit_count()
                    if more == passed:
                        break
                    passed, offset = more, run + more
                at += passed
                place += offset
                if place > last:
                    raise DamagedScanError("a scan has a coefficient beyond its band")
                if size:
                    known[block] |= 1 << place
                place += 1
        if ended or at > end:
            raise DamagedScanError("a scan ends before the picture does")
        check_surplus(part[-(-at // 8) :])


def _words(part: bytes) -> "memoryview":
    """The 32 bits from every byte on."""
    data = np.frombuffer(part + PADDING, np.uint8)
    words: npt.NDArray[np.uint32] = data[:-3].astype(np.uint32)
    for offset in range(1, 4):
        words <<= np.uint32(8)
        words |= data[offset : len(data) - 3 + offset]
    return words.data
