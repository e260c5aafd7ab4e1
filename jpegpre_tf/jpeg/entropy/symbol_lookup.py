"""Huffman codes looked up by the next 16 bits, at every bit of entropy-coded data at once."""

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable

Int = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]


def symbol_lookup(table: HuffmanTable) -> tuple[UInt8, UInt8]:
    """Returns code length and symbol by the next 16 bits, `(65536,)`; a length of 0 where no code is.

    Raises:
        ValueError: If the table has more codes than there can be.
    """
    lengths, symbols = np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.uint8)
    if sum(table.bits) != len(table.values):
        raise ValueError("a Huffman table is damaged")
    start = 0
    for length, value in zip(np.repeat(np.arange(1, 17), table.bits).tolist(), table.values, strict=True):
        end = start + (1 << (16 - length))
        # The code of ones alone is not allowed, so that padding is no code.
        if end >= 1 << 16:
            raise ValueError("a Huffman table has too many codes")
        lengths[start:end], symbols[start:end] = length, value
        start = end
    return lengths, symbols


def extend(extra: Int, size: Int) -> Int:
    """Values that so many extra bits stand for (T.81, F.2.2.1: EXTEND)."""
    return np.where(extra < (1 << size) >> 1, extra - (1 << size) + 1, extra)
