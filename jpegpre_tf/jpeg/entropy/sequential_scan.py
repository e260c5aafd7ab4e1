"""Scans of baseline files, read to quantized coefficients (T.81, F.2.2)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.bits import windows
from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.jpeg.entropy.symbol_lookup import extend, symbol_lookup

Int = npt.NDArray[np.int64]

# Bytes whose bits are looked up at a time: bounds tables of some 100 bytes per byte.
_BYTES_AT_ONCE = 1 << 16
# An MCU has at most 10 blocks of 64 symbols; a symbol takes at most a code of 16 bits and 15 extra bits.
_MOST_SYMBOL_BITS = 31
_MOST_MCU_BYTES = 10 * 64 * _MOST_SYMBOL_BITS // 8 + 4
_WHOLE_BLOCK = 64


def read_sequential(
    parts: list[bytes], counts: Int, tables: Sequence[tuple[HuffmanTable, HuffmanTable]], sizes: Sequence[int]
) -> list[Int]:
    """Decodes a baseline scan.

    Args:
        parts, counts: Results of `dc_scan.restart_parts`.
        tables: (DC, AC) of each component of the scan.
        sizes: Blocks that an MCU has of each.

    Returns:
        For each component `(MCUs, blocks of an MCU, 64)` quantized coefficients, zig-zag order.

    Raises:
        ValueError: If the data has other codes, or more or fewer, than it must have.
    """
    chain = [index for index, size in enumerate(sizes) for _ in range(size)]
    blocks = _read_blocks(parts, counts, tables, chain).reshape(-1, len(chain), 64)
    result = []
    for component in np.split(blocks, np.cumsum(sizes)[:-1], axis=1):
        size = component.shape[1]
        sums = np.cumsum(np.append(0, component[..., 0]))
        starts = size * (np.cumsum(counts) - counts)  # a restart begins from zero
        component[..., 0] = (sums[1:] - np.repeat(sums[starts], size * counts)).reshape(-1, size)
        result.append(component)
    return result


class _Lookups:
    """What the tables of one component say."""

    def __init__(self, tables: tuple[HuffmanTable, HuffmanTable]) -> None:
        self.dc, self.ac = (symbol_lookup(table) for table in tables)
        if (self.dc[1] > 15).any():
            raise ValueError("a Huffman table is not one of DC")
        self._dc_advance = _advance(self.dc[0], self.dc[1])
        self._ac_advance = _advance(self.ac[0], self.ac[1] & np.uint8(15))
        run, size = self.ac[1] >> 4, self.ac[1] & 15
        # Coefficients that a symbol stands for; end of block, and what is no code, end it.
        goes_on = (self.ac[0] > 0) & ((size > 0) | (run == 15))
        self._ac_count = np.where(goes_on, run + 1, _WHOLE_BLOCK).astype(np.uint8)

    def at(self, bits: npt.NDArray[np.uint16]) -> tuple[bytes, bytes, bytes]:
        """By the bit a symbol starts at: bits of a DC symbol, of an AC symbol, coefficients of an AC symbol."""
        advances = self._dc_advance[bits], self._ac_advance[bits], self._ac_count[bits]
        dc, ac, count = (array.tobytes() for array in advances)
        return dc, ac, count


def _advance(lengths: npt.NDArray[np.uint8], extra: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.where(lengths > 0, lengths + extra, _MOST_SYMBOL_BITS).astype(np.uint8)


def _read_blocks(
    parts: list[bytes],
    counts: Int,
    tables: Sequence[tuple[HuffmanTable, HuffmanTable]],
    chain: list[int],
) -> Int:
    """Returns `(blocks, 64)` in scan order, DC as differences; `chain` tells the component of an MCU's blocks."""
    known = [_Lookups(pair) for pair in tables]
    stream = b"".join(parts) + bytes(_MOST_MCU_BYTES)
    ends = (8 * np.cumsum([len(part) for part in parts])).tolist()
    amounts = counts.tolist()
    found = []
    position = part = 0
    left = amounts[0]
    while part < len(parts):
        first = position // 8
        bits = windows(stream[first : first + _BYTES_AT_ONCE + _MOST_MCU_BYTES])
        per_component = [lookups.at(bits) for lookups in known]
        order = [per_component[index] for index in chain]
        limit = min(8 * _BYTES_AT_ONCE, 8 * (len(stream) - first - _MOST_MCU_BYTES))
        at = position - 8 * first
        starts: list[int] = []  # the bit that each symbol starts at
        totals: list[int] = []  # after each block, how many symbols there are
        while True:
            if left == 0:
                if not 0 <= ends[part] - 8 * first - at < 8:
                    raise ValueError("a part of the scan is longer or shorter than its MCUs")
                part += 1
                if part == len(parts):
                    break
                at, left = ends[part - 1] - 8 * first, amounts[part]
            if at >= limit:
                break
            for dc_bits, ac_bits, ac_counts in order:
                starts.append(at)
                at += dc_bits[at]
                done = 1
                while done < 64:
                    starts.append(at)
                    done += ac_counts[at]
                    at += ac_bits[at]
                totals.append(len(starts))
            left -= 1
        position = 8 * first + at
        if part < len(parts) and position >= ends[part]:
            raise ValueError("a part of the scan is shorter than its MCUs")
        found.append(_blocks_of(np.array(starts, np.int64), np.array(totals, np.int64), bits, known, chain))
    return np.concatenate(found)


def _blocks_of(
    starts: Int, totals: Int, bits: npt.NDArray[np.uint16], known: Sequence[_Lookups], chain: list[int]
) -> Int:
    """Returns the values of symbols that start at these bits, by block."""
    result = np.zeros((len(totals), 64), np.int64)
    if not len(totals):
        return result
    firsts = np.append(0, totals[:-1])
    block = np.repeat(np.arange(len(totals)), totals - firsts)
    is_dc = np.zeros(len(starts), bool)
    is_dc[firsts] = True
    owner = np.tile(chain, len(totals) // len(chain))[block]
    code, symbol = np.empty(len(starts), np.int64), np.empty(len(starts), np.int64)
    for index, lookups in enumerate(known):
        for mine, (lengths, symbols) in ((is_dc, lookups.dc), (~is_dc, lookups.ac)):
            chosen = mine & (owner == index)
            window = bits[starts[chosen]]
            code[chosen], symbol[chosen] = lengths[window], symbols[window]
    if not code.all():
        raise ValueError("the scan has a code that its table has not")
    run, size = symbol >> 4, symbol & 15
    value = extend(bits[starts + code].astype(np.int64) >> (16 - size), size)
    taken = np.where(is_dc, 1, run + 1)
    ends = np.cumsum(taken)
    place = ends - 1 - (ends - taken)[firsts][block]
    written = is_dc | (size > 0)
    if (place[written] > 63).any():
        raise ValueError("the scan has more than 64 coefficients in a block")
    result[block[written], place[written]] = value[written]
    return result
