"""The entropy-coded segment of a baseline file: scan order, symbols, bits, stuffed bytes (T.81, F.1)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG

Int = npt.NDArray[np.int64]
Small = npt.NDArray[np.signedinteger]  # int16: coefficients, symbols, bits

# Blocks, and codes, worked on at a time: bounds the memory of their many intermediates.
_BLOCKS_AT_ONCE = 8192
_CODES_AT_ONCE = 1 << 18

END_OF_BLOCK = 0x00
ZERO_RUN = 0xF0  # ZRL: sixteen zeros


@dataclass(frozen=True)
class Symbols:
    """Symbols of a scan in the order they are written.

    Attributes:
        table: int16 (n,) 0 = DC luma, 1 = AC luma, 2 = DC chroma, 3 = AC chroma.
        symbol: int16 (n,) 0..255.
        extra: int16 (n,) value of the bits that follow the code.
        extra_bits: int16 (n,) how many.
    """

    table: Small
    symbol: Small
    extra: Small
    extra_bits: Small

    def counts(self) -> Int:
        """(4, 256) occurrences per table and symbol."""
        flat = np.bincount(self.table * np.int16(256) + self.symbol, minlength=1024)
        return flat.reshape(4, 256)


def scan_blocks(planes: list[Small], factors: tuple[int, int], units: tuple[int, int]) -> tuple[Small, Small]:
    """Orders blocks as the interleaved scan does and completes partial MCUs with dummy blocks.

    A dummy block repeats the quantised DC of the block before it and has no AC (jccoefct.c), so it costs a DC
    difference of 0 and an end of block.

    Args:
        planes: Y, Cb, Cr; each (block rows, block columns, 8, 8) quantised coefficients, natural order.
        factors: Luma blocks per MCU (horizontal, vertical).
        units: MCUs (rows, columns).

    Returns:
        (blocks, 64) in zig-zag order, and (blocks,) component index 0..2, both in scan order.
    """
    rows, columns = units
    parts, owners = [], []
    for component, plane in enumerate(planes):
        horizontal, vertical = factors if component == 0 else (1, 1)
        flat = plane.reshape(*plane.shape[:2], 64)[..., NATURAL_FROM_ZIGZAG]
        full = np.zeros((rows * vertical, columns * horizontal, 64), np.int16)
        height, width = flat.shape[:2]
        full[:height, :width] = flat
        full[:height, width:, 0] = flat[:, -1:, 0]
        # A dummy row takes the DC of the last block of the same MCU one row above.
        for row in range(height, full.shape[0]):
            full[row, :, 0] = full[row - 1, horizontal - 1 :: horizontal, 0].repeat(horizontal)
        mcus = full.reshape(rows, vertical, columns, horizontal, 64).transpose(0, 2, 1, 3, 4)
        mcus = mcus.reshape(rows * columns, vertical * horizontal, 64)
        parts.append(mcus)
        owners.append(np.full(mcus.shape[:2], component, np.int16))
    return np.concatenate(parts, axis=1).reshape(-1, 64), np.concatenate(owners, axis=1).reshape(-1)


def magnitude_category(values: Int) -> Int:
    """SSSS of T.81 tables F.1 and F.2: bits needed for |value|."""
    return np.frexp(np.abs(values).astype(np.float64))[1].astype(np.int64)


def extra_value(values: Int, bits: Int) -> Int:
    """The appended bits: the value itself, or for negatives its low bits less one."""
    return np.where(values < 0, values + (1 << bits) - 1, values)


def list_symbols(blocks: Small, owners: Small) -> Symbols:
    """Turns scan-ordered blocks into symbols.

    Args:
        blocks: (n, 64) quantised, zig-zag order.
        owners: (n,) component of each block.
    """
    values = blocks.copy()
    for component in range(3):  # DC differences within each component
        mine = owners == component
        values[mine, 0] = np.diff(blocks[mine, 0], prepend=values.dtype.type(0))
    parts = [
        _symbols_of_part(values[start : start + _BLOCKS_AT_ONCE], owners[start : start + _BLOCKS_AT_ONCE])
        for start in range(0, len(values), _BLOCKS_AT_ONCE)
    ]
    table, symbol, extra, extra_bits = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Symbols(table, symbol, extra, extra_bits)


def _symbols_of_part(values: Small, owners: Small) -> tuple[Small, Small, Small, Small]:
    """`list_symbols` of a few blocks whose DC are differences already."""
    values = values.astype(np.int64)
    count = len(values)
    chroma = (owners > 0).astype(np.int64)
    position = np.arange(64)
    nonzero = values != 0
    nonzero[:, 0] = True  # DC is always coded
    last_before = np.maximum.accumulate(np.where(nonzero, position, 0), axis=1)
    last_before = np.concatenate([np.zeros((count, 1), np.int64), last_before[:, :-1]], axis=1)
    run = np.where(position == 0, 0, position - last_before - 1)
    size = magnitude_category(values)

    block, k = np.nonzero(nonzero)
    runs = run[block, k]
    # Sort key: block, then position, then ZRLs before the symbol itself.
    zrl_repeat = runs // 16
    zrl_block, zrl_k = block.repeat(zrl_repeat), k.repeat(zrl_repeat)
    eob_block = np.flatnonzero(last_before[:, 63] * ~nonzero[:, 63] + 63 * nonzero[:, 63] < 63)
    key = np.concatenate([(block * 65 + k) * 2 + 1, (zrl_block * 65 + zrl_k) * 2, (eob_block * 65 + 64) * 2])
    order = np.argsort(key, kind="stable")

    sizes, amounts = size[block, k], values[block, k]
    table = np.concatenate(
        [chroma[block] * 2 + (k > 0), chroma[zrl_block] * 2 + 1, chroma[eob_block] * 2 + 1]
    )
    none = np.zeros(len(zrl_block) + len(eob_block), np.int64)
    symbol = np.concatenate(
        [(runs % 16) * 16 + sizes, np.full(len(zrl_block), ZERO_RUN), np.full(len(eob_block), END_OF_BLOCK)]
    )
    extra = np.concatenate([extra_value(amounts, sizes), none])
    extra_bits = np.concatenate([sizes, none])
    table, symbol, extra, extra_bits = (
        column[order].astype(np.int16) for column in (table, symbol, extra, extra_bits)
    )
    return table, symbol, extra, extra_bits


def segment_bytes(symbols: Symbols, tables: list[HuffmanTable]) -> int:
    """Bytes of the entropy-coded segment, padding and stuffed zero bytes included.

    Args:
        tables: DC luma, AC luma, and unless the picture is grey DC chroma, AC chroma.
    """
    lengths = np.stack([table.lengths() for table in tables])
    codes = np.stack([table.codes() for table in tables])
    code_bits = int((lengths * symbols.counts()[: len(tables)]).sum())
    total = code_bits + int(symbols.extra_bits.sum(dtype=np.int64))
    # A code and its extra bits are at most 27 bits from any offset in a byte: spread over 5 bytes. Bits are
    # disjoint, so adding is or-ing.
    stream = np.zeros(total // 8 + 6, np.uint8)
    position = 0
    for first in range(0, len(symbols.symbol), _CODES_AT_ONCE):
        part = slice(first, first + _CODES_AT_ONCE)
        which = symbols.table[part], symbols.symbol[part]
        extra_bits = symbols.extra_bits[part].astype(np.int64)
        bits = lengths[which] + extra_bits
        start = position + np.cumsum(bits) - bits
        shifted = ((codes[which] << extra_bits) | symbols.extra[part]) << (40 - start % 8 - bits)
        for offset in range(5):
            np.add.at(stream, start // 8 + offset, ((shifted >> (32 - 8 * offset)) & 0xFF).astype(np.uint8))
        position = int(start[-1] + bits[-1])
    size = -(-total // 8)
    if total % 8:
        stream[size - 1] |= 0xFF >> (total % 8)  # the encoder fills the last byte with ones
    return size + int((stream[:size] == 0xFF).sum())
