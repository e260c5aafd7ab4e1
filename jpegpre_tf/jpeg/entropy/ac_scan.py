"""AC scans of progressive files, read to quantized coefficients (T.81, G.1.2.2 and G.1.2.3)."""

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.bits import windows
from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.jpeg.entropy.symbol_lookup import extend, symbol_lookup

Int = npt.NDArray[np.int64]

# A block takes at most 63 symbols of a code of 16 bits and 15 extra bits, and as many correction bits.
_MOST_BLOCK_BYTES = 63 * 32 // 8 + 6
_END_OF_BAND = 64


def read_ac_first(parts: list[bytes], counts: Int, table: HuffmanTable, band: tuple[int, int]) -> Int:
    """Decodes a first AC scan.

    Args:
        parts, counts: Results of `dc_scan.restart_parts`; an MCU is a block.
        table: Huffman table of the scan.
        band: First and last coefficient, zig-zag order.

    Returns:
        `(blocks, 64)` without the low bits that are to come; zero outside of the band.

    Raises:
        ValueError: If the data has other codes, or more or fewer, than it must have.
    """
    lookup = symbol_lookup(table)
    return np.concatenate(
        [
            _read_first_part(part, count, lookup, band)
            for part, count in zip(parts, counts.tolist(), strict=True)
        ]
    )


def _read_first_part(
    part: bytes, blocks: int, lookup: tuple[npt.NDArray[np.uint8], ...], band: tuple[int, int]
) -> Int:
    lengths, symbols = lookup
    bits = windows(part + bytes(_MOST_BLOCK_BYTES))
    run, size = symbols >> 4, symbols & 15
    is_end = (size == 0) & (run < 15)
    advance = np.where(lengths > 0, lengths + np.where(is_end, run, size), 31).astype(np.uint8)
    count = np.where(is_end | (lengths == 0), _END_OF_BAND, run + 1).astype(np.uint8)
    advances, amounts = advance[bits].tobytes(), count[bits].tobytes()
    code_of, symbol_of, bits_at = lengths.tobytes(), symbols.tobytes(), bits.data
    starts: list[int] = []
    owners: list[int] = []
    first, last = band
    at = block = 0
    limit = 8 * len(part)
    while block < blocks:
        if at >= limit:
            raise ValueError("a part of the scan is shorter than its blocks")
        done, ends = first, 0
        while done <= last:
            starts.append(at)
            owners.append(block)
            if amounts[at] == _END_OF_BAND:
                # The band ends here, and in so many blocks that follow.
                window = bits_at[at]
                bits_of_run = symbol_of[window] >> 4
                ends = (1 << bits_of_run) - 1
                if bits_of_run:
                    ends += bits_at[at + code_of[window]] >> (16 - bits_of_run)
            done += amounts[at]
            at += advances[at]
        block += 1 + ends
    if block > blocks or not 0 <= limit - at < 8:
        raise ValueError("a part of the scan is longer or shorter than its blocks")
    return _values_of(np.array(starts, np.int64), np.array(owners, np.int64), blocks, bits, lookup, band)


def _values_of(
    starts: Int,
    owners: Int,
    blocks: int,
    bits: npt.NDArray[np.uint16],
    lookup: tuple[npt.NDArray[np.uint8], ...],
    band: tuple[int, int],
) -> Int:
    code, symbol = (table[bits[starts]].astype(np.int64) for table in lookup)
    if not code.all():
        raise ValueError("the scan has a code that its table has not")
    run, size = symbol >> 4, symbol & 15
    value = extend(bits[starts + code].astype(np.int64) >> (16 - size), size)
    ends = np.cumsum(run + 1)
    is_first = np.diff(owners, prepend=-1) > 0
    before = np.maximum.accumulate(np.where(is_first, ends - run - 1, 0))
    place = band[0] + ends - 1 - before
    written = size > 0
    if (place[written] > band[1]).any():
        raise ValueError("the scan has a coefficient beyond its band")
    result = np.zeros((blocks, 64), np.int64)
    result[owners[written], place[written]] = value[written]
    return result


def refine_ac(
    blocks: Int, parts: list[bytes], counts: Int, table: HuffmanTable, band: tuple[int, int], low_bit: int
) -> None:
    """Adds what an AC refinement scan says, in place.

    Args:
        blocks: `(blocks, 64)` coefficients as the scans before left them, zig-zag order.
        parts, counts, table, band: As for `read_ac_first`.
        low_bit: The bit of coefficients that the scan holds.

    Raises:
        ValueError: If the data has other codes, or more or fewer, than it must have.
    """
    lengths, symbols = (array.tobytes() for array in symbol_lookup(table))
    start = 0
    for part, count in zip(parts, counts.tolist(), strict=True):
        _refine_part(blocks[start : start + count], part, lengths, symbols, band, low_bit)
        start += count


def _refine_part(
    blocks: Int, part: bytes, lengths: bytes, symbols: bytes, band: tuple[int, int], low_bit: int
) -> None:
    first, last = band
    padded = part + bytes(_MOST_BLOCK_BYTES)
    window_at = windows(padded).data
    single = np.unpackbits(np.frombuffer(padded, np.uint8))
    bit_at = single.tobytes()
    inside = blocks[:, first : last + 1]
    owners, places = np.nonzero(inside)
    amounts = np.bincount(owners, minlength=len(blocks)).tolist()
    corrections: list[tuple[int, int]] = []  # where correction bits start, and how many
    added: list[tuple[int, int, int]] = []  # block, place, sign bit
    at = ends = 0
    limit = 8 * len(part)
    for block, amount in enumerate(amounts):
        if at > limit:
            raise ValueError("a part of the scan is shorter than its blocks")
        if ends:
            ends -= 1
            corrections.append((at, amount))
            at += amount
            continue
        zeros = (np.flatnonzero(inside[block] == 0) + first).tolist()
        zero, place = 0, first
        while place <= last:
            window = window_at[at]
            length, symbol = lengths[window], symbols[window]
            run, size = symbol >> 4, symbol & 15
            if not length or size > 1:
                raise ValueError("the scan has a code that its table has not")
            at += length
            if not size and run < 15:
                ends = (1 << run) - 1 + (window_at[at] >> (16 - run) if run else 0)
                at += run
                target, passed = last + 1, len(zeros) - zero
            else:
                if size:
                    at += 1
                if zero + run >= len(zeros):
                    raise ValueError("the scan has a coefficient beyond its band")
                target, passed = zeros[zero + run], run
                if size:
                    added.append((block, target, bit_at[at - 1]))
            # One correction bit for each coefficient on the way that is not zero.
            corrected = target - place - passed
            corrections.append((at, corrected))
            at += corrected
            zero, place = zero + run + 1, target + 1
    if ends or not 0 <= limit - at < 8:
        raise ValueError("a part of the scan is longer or shorter than its blocks")
    _apply(inside, (owners, places), single, corrections, low_bit)
    if added:
        where, place_of, positive = np.array(added).T
        blocks[where, place_of] = np.where(positive, 1, -1) << low_bit


def _apply(
    inside: Int,
    known: tuple[Int, Int],
    single: npt.NDArray[np.uint8],
    corrections: list[tuple[int, int]],
    low_bit: int,
) -> None:
    """Moves coefficients away from zero where their correction bit is set; the bits are in their order."""
    at, amount = np.array(corrections, np.int64).reshape(-1, 2).T
    offset = np.arange(amount.sum()) - np.repeat(np.cumsum(amount) - amount, amount)
    bits = single[np.repeat(at, amount) + offset].astype(np.int64)
    values = inside[known]
    inside[known] = values + np.sign(values) * (bits << low_bit)
