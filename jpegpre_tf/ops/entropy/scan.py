"""Quantised planes to blocks in scan order, and what each coefficient emits (T.81, F.1).

Every one of a block's 64 positions emits at most one code: DC and non-zero AC their run/size symbol, the zero
at which a run reaches 16 a ZRL, the zero after the last non-zero an EOB. In position order these are the bits
of the file.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.entropy.scan import END_OF_BLOCK, ZERO_RUN
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG
from jpegpre_tf.ops.transform.resample import Size, round_up, size_of

# Natural row vector @ _ZIGZAG = zig-zag row vector.
_ZIGZAG = np.eye(64, dtype=np.float32)[:, NATURAL_FROM_ZIGZAG]

# Position of the nearest non-zero before or after each k, from one matrix product: weights 4**j make the sum
# of a subset lie in [4**j, 4/3 * 4**j) for its largest j, so j is half the float's exponent. Centred to stay
# in range.
_CENTER = 32
_j = np.arange(64)
_BEFORE = np.where(_j[:, None] < _j[None, :], 4.0 ** (_j[:, None] - _CENTER), 0.0).astype(np.float32)
_AFTER = np.where(_j[:, None] > _j[None, :], 4.0 ** (63 - _j[:, None] - _CENTER), 0.0).astype(np.float32)
_EXPONENT_BIAS = 127


def _exponent(x: tf.Tensor) -> tf.Tensor:
    """floor(log2(x)) of positive float32, as int32; -127 for 0."""
    return tf.bitwise.right_shift(tf.bitcast(x, tf.int32), 23) - _EXPONENT_BIAS


def magnitude_category(values: tf.Tensor) -> tf.Tensor:
    """Bits needed for |values| (integers in float32), int32; 0 for 0."""
    return tf.maximum(_exponent(tf.abs(values)) + 1, 0)


def nonzero_before(nonzero: tf.Tensor) -> tf.Tensor:
    """Index of the last coded position before each: int32 (..., 64). `nonzero`: 0/1 float32, DC is 1."""
    return tf.bitwise.right_shift(_exponent(_product(nonzero, _BEFORE)), 1) + _CENTER


def nonzero_after(nonzero: tf.Tensor) -> tf.Tensor:
    """Index of the first non-zero after each: int32 (..., 64); 64 or more where there is none."""
    return 63 - _CENTER - tf.bitwise.right_shift(_exponent(_product(nonzero, _AFTER)), 1)


def _product(nonzero: tf.Tensor, weights: np.ndarray) -> tf.Tensor:
    flat = tf.reshape(nonzero, [-1, 64])
    return tf.reshape(tf.matmul(flat, tf.constant(weights)), tf.shape(nonzero))


def scan_blocks(planes: list[tf.Tensor], factors: tuple[int, int]) -> tf.Tensor:
    """Blocks in scan order with dummy blocks that complete partial MCUs (see
    `jpegpre_tf.jpeg.entropy.scan.scan_blocks`).

    Linear, so also used to carry real-valued coefficients; its transpose (the gradient) is TensorFlow's.

    Args:
        planes: Y, Cb, Cr: each float32 (batch, block rows, 8, block columns, 8).
        factors: Luma blocks per MCU (horizontal, vertical).

    Returns:
        float32 (batch, MCUs, blocks per MCU, 64), zig-zag order.
    """
    parts = []
    for component, plane in enumerate(planes):
        horizontal, vertical = factors if component == 0 else (1, 1)
        height, width = size_of(plane, 1), size_of(plane, 3)
        rows, columns = round_up(height, vertical), round_up(width, horizontal)
        flat = tf.reshape(tf.transpose(plane, [0, 1, 3, 2, 4]), [-1, 64])
        blocks = tf.reshape(tf.matmul(flat, tf.constant(_ZIGZAG)), [-1, height * width, 64])
        if not all(isinstance(size, int) for size in (rows, columns)) or (rows, columns) != (height, width):
            blocks = _with_dummies(blocks, height, width, rows, columns, horizontal)
        mcus = tf.reshape(blocks, [-1, rows // vertical, vertical, columns // horizontal, horizontal, 64])
        mcus = tf.transpose(mcus, [0, 1, 3, 2, 4, 5])
        parts.append(
            tf.reshape(mcus, [-1, (rows // vertical) * (columns // horizontal), vertical * horizontal, 64])
        )
    return tf.concat(parts, axis=2)


def _with_dummies(
    blocks: tf.Tensor, height: Size, width: Size, rows: Size, columns: Size, horizontal: int
) -> tf.Tensor:
    row = tf.range(rows)[:, None]
    column = tf.range(columns)[None, :]
    real = (row < height) & (column < width)
    # A dummy row takes the DC of its MCU's last block in the row above, a dummy column that of the block
    # before.
    source_column = tf.where(row < height, column, column // horizontal * horizontal + horizontal - 1)
    source = tf.minimum(row, height - 1) * width + tf.minimum(source_column, width - 1)
    blocks = tf.gather(blocks, tf.reshape(source, [-1]), axis=1)
    keep = tf.concat(
        [tf.ones_like(source, tf.bool)[..., None], tf.repeat(real[..., None], 63, axis=2)], axis=2
    )
    return blocks * tf.cast(tf.reshape(keep, [1, -1, 64]), blocks.dtype)


def dc_differences(blocks: tf.Tensor, luma_blocks: int) -> tf.Tensor:
    """(batch, MCUs, blocks per MCU) DC minus the DC of the same component's block before it in the scan."""
    dc = blocks[..., 0]
    luma = tf.reshape(dc[:, :, :luma_blocks], [tf.shape(dc)[0], -1])
    luma = tf.reshape(luma - tf.pad(luma[:, :-1], [[0, 0], [1, 0]]), tf.shape(dc[:, :, :luma_blocks]))
    chroma = dc[:, :, luma_blocks:]
    return tf.concat([luma, chroma - tf.pad(chroma[:, :-1], [[0, 0], [1, 0], [0, 0]])], axis=2)


class EntropySymbols(NamedTuple):
    """What each position of each block writes.

    Attributes:
        values: float32 (batch, MCUs, blocks per MCU, 64): DC differences and AC levels, zig-zag order.
        symbol: int32, same shape: 0..255, or -1 where nothing is written.
        category: int32, same shape: extra bits after the code (0 for zeros).
        table: int32 (blocks per MCU, 64): 0 DC luma, 1 AC luma, 2 DC chroma, 3 AC chroma.
        before: int32: index of the last coded position before each.
    """

    values: tf.Tensor
    symbol: tf.Tensor
    category: tf.Tensor
    table: np.ndarray
    before: tf.Tensor


def entropy_symbols(blocks: tf.Tensor, luma_blocks: int) -> EntropySymbols:
    """Entropy-codes quantised blocks up to the choice of Huffman tables.

    Args:
        blocks: `scan_blocks` of quantised planes.
        luma_blocks: How many of an MCU's blocks are luma.
    """
    values = tf.concat([dc_differences(blocks, luma_blocks)[..., None], blocks[..., 1:]], axis=-1)
    k = tf.range(64)
    is_dc = k == 0
    coded = (values != 0.0) | is_dc
    coded_float = tf.cast(coded, tf.float32)
    before = nonzero_before(coded_float)
    last_before_end = before[..., 63:]
    last = tf.where(coded[..., 63:], 63 * tf.ones_like(last_before_end), last_before_end)
    category = magnitude_category(values)
    run = tf.where(is_dc, tf.zeros_like(before), k - before - 1)
    symbol = tf.where(
        coded, tf.bitwise.left_shift(tf.bitwise.bitwise_and(run, 15), 4) + category, -tf.ones_like(category)
    )
    symbol = tf.where(~coded & (k < last) & (tf.bitwise.bitwise_and(k - before, 15) == 0), ZERO_RUN, symbol)
    symbol = tf.where(k == last + 1, END_OF_BLOCK, symbol)
    table = np.tile(np.where(np.arange(64) == 0, 0, 1).astype(np.int32), (blocks.shape[2], 1))
    table[luma_blocks:] += 2
    return EntropySymbols(values, symbol, category, table, before)
