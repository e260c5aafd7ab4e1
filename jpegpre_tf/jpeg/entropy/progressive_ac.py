"""What an AC scan of a progressive file says, in order: codes and bits (T.81, G.1.2.2 and G.1.2.3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.scan import ZERO_RUN, extra_value, magnitude_category

Int = npt.NDArray[np.int64]
Int16 = npt.NDArray[np.int16]

_BLOCKS_AT_ONCE = 8192
# libjpeg's limits of a run of blocks that end: in blocks, and in correction bits.
_MOST_BLOCKS = 0x7FFF
_MOST_CORRECTIONS = 1000 - 63


@dataclass(frozen=True)
class Items:
    """Codes of a scan, and the bits that follow them, in the order they are written.

    Attributes:
        symbol: int16 (n,) 0..255, or -1 for bits without a code.
        extra: integers (n,) the bits after the code.
        bits: int8 (n,) how many, 0..15.
    """

    symbol: Int16
    extra: npt.NDArray[np.integer]
    bits: npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Blocks:
    """Items of some blocks, without the codes of runs of ended ones.

    By block, (blocks,): how many symbols and items it has, how many correction bits follow its last symbol, and whether
    it ends, which is that zeros or correction bits follow.
    """

    items: Items
    symbols: Int
    counts: Int
    trailing: Int
    ends: npt.NDArray[np.bool_]


def ac_items(blocks: Int16, band: tuple[int, int], high: int, low: int) -> Items:
    """Returns the items of an AC scan as libjpeg writes it.

    Args:
        blocks: (blocks, 64) quantized coefficients, zig-zag order.
        band: First and last coefficient of the scan.
        high: Lowest bit of the scans before; 0 for a first scan.
        low: Bit that the scan adds; of a first scan the lowest bit.
    """
    inside = blocks[:, band[0] : band[1] + 1]
    parts = [
        _items_of(inside[start : start + _BLOCKS_AT_ONCE], low, is_refinement=high > 0)
        for start in range(0, len(inside), _BLOCKS_AT_ONCE)
    ]
    symbol, extra, bits = (
        np.concatenate([getattr(part.items, name) for part in parts]) for name in ("symbol", "extra", "bits")
    )
    symbols, counts, trailing, ends = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("symbols", "counts", "trailing", "ends")
    )
    firsts, lengths = _runs(symbols, trailing, ends)
    at = (np.cumsum(counts) - trailing)[firsts]
    sizes = magnitude_category(lengths) - 1
    return Items(
        np.insert(symbol, at, sizes << 4),
        np.insert(extra, at, lengths - (1 << sizes)),
        np.insert(bits, at, sizes),
    )


def _items_of(values: Int16, low: int, *, is_refinement: bool) -> _Blocks:
    amounts = np.abs(values.astype(np.int64)) >> low
    is_new = amounts == 1 if is_refinement else amounts > 0
    last_new = np.where(is_new, np.arange(values.shape[1]), -1).max(axis=1)
    block, place = np.nonzero(amounts)
    number = np.arange(len(block))
    new, amount = is_new[block, place], amounts[block, place]
    per_block = np.bincount(block, minlength=len(values))
    start = np.repeat(np.cumsum(per_block) - per_block, per_block)
    zeros = place - (number - start)
    # Zeros since the coefficient before that was new: those between known ones count too.
    before = np.maximum.accumulate(np.where(new, number, -1))
    before = np.append(-1, before)[:-1]
    run = zeros - np.where(before >= start, zeros[before], 0)
    # Sixteen zeros have a code of their own, if a new coefficient follows.
    sixteens = np.where(place <= last_new[block], run // 16, 0)
    goes_on = (number > start) & ~np.append(True, new)[:-1]
    written = sixteens - np.where(goes_on, np.append(0, sixteens)[:-1], 0)
    size = np.where(new, magnitude_category(amount), 0)
    sign = np.where(values[block, place] < 0, -1, 1)
    extra = (sign > 0).astype(np.int64) if is_refinement else extra_value(sign * amount, size)
    # Symbols of the block up to here: a correction bit comes after the next symbol, whichever that is.
    all_so_far = np.cumsum(written + new)
    base = (all_so_far - written - new)[start] if len(block) else all_so_far
    so_far = all_so_far - new - base
    zero_runs = np.repeat(number, written)
    offset = np.arange(len(zero_runs)) - np.repeat(np.cumsum(written) - written, written)
    key = block * 256 + 2 * so_far
    keys = np.concatenate([key + ~new, key[zero_runs] - 2 * (written[zero_runs] - offset)])
    order = np.argsort(keys, kind="stable")
    columns: tuple[tuple[Any, int], ...] = (
        (np.where(new, (run - 16 * sixteens) * 16 + size, -1), ZERO_RUN),
        (np.where(new, extra, amount & 1), 0),
        (np.where(new, size, 1), 0),
    )
    symbol, extra, bits = (
        np.concatenate([column, np.full(len(zero_runs), other)])[order] for column, other in columns
    )
    symbols = np.bincount(block, written + new, minlength=len(values)).astype(np.int64)
    return _Blocks(
        Items(symbol.astype(np.int16), extra.astype(np.int32), bits.astype(np.int8)),
        symbols,
        np.bincount(block, written + 1, minlength=len(values)).astype(np.int64),
        np.bincount(block, place > last_new[block], minlength=len(values)).astype(np.int64),
        last_new < values.shape[1] - 1,
    )


def _runs(symbols: Int, trailing: Int, ends: npt.NDArray[np.bool_]) -> tuple[Int, Int]:
    """Returns the first block and the number of blocks of each run of ended blocks."""
    begins = ends & ((symbols > 0) | ~np.append(False, ends[:-1]))
    firsts = np.flatnonzero(begins)
    lengths = np.add.reduceat(ends.astype(np.int64), firsts) if len(firsts) else firsts
    total = np.append(0, np.cumsum(trailing * ends))
    corrections = total[firsts + lengths] - total[firsts]
    pieces = []
    for first, length, amount in zip(firsts.tolist(), lengths.tolist(), corrections.tolist(), strict=True):
        end = first + length
        if length >= _MOST_BLOCKS or amount > _MOST_CORRECTIONS:
            while first < end:
                over = int(np.searchsorted(total, total[first] + _MOST_CORRECTIONS, side="right"))
                stop = min(over, first + _MOST_BLOCKS, end)
                pieces.append((first, stop - first))
                first = stop
        else:
            pieces.append((first, length))
    result = np.array(pieces, np.int64).reshape(-1, 2)
    return result[:, 0], result[:, 1]
