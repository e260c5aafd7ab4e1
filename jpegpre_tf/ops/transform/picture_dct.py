"""From RGB to the DCT of Y, Cb and Cr at 4:2:0 and back, as few large products: for the network's inference graph.

The same linear maps as `real_dct` with colour and chroma averaging, folded together. Convolutions that work in vectors
of 8 or 16 waste most of them on three channels, and each step over the full picture costs a millisecond a megapixel;
LiteRT runs this in a third of the time of the steps one by one (docs/export.md).

A 2x2 cell of pixels becomes 6 numbers: its four Y, and Cb and Cr of their mean. The 64 coefficients of a block are in
`ORDER`, low frequencies first, so that a network's view of the lower half is a slice.
"""

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.tables import NATURAL_FROM_FREQUENCY
from jpegpre_tf.ops.transform.real_dct import BLOCK_DCT, RGB_TO_YCC, YCC_TO_RGB

# ORDER[i] is the natural (row-major) index of the i-th coefficient: by row + column, then by the index itself.
ORDER = NATURAL_FROM_FREQUENCY
NATURAL = np.argsort(ORDER)  # NATURAL[k] is the place in `ORDER` of the coefficient with natural index k
# What the level shift of 128 takes off the DC of a block of luma, in levels.
_DC_OFFSET = np.eye(1, 64, dtype=np.float32)[0] * -1024.0
_BASIS = BLOCK_DCT[ORDER].astype(np.float64)

_CELL = 6  # numbers per 2x2 pixels
_CHROMA = 16  # numbers of Cb, or of Cr, of 8x8 pixels
_MIDDLE = 127.5  # levels; white and black are this far from it
# A pixel is in reach of white or black if a change that comes together there may carry it beyond: this many levels per
# level of the block's changed coefficients, together (one coefficient alone changes a pixel by up to a quarter).
_REACH = 0.05
# Reach of no change: an eighth, because float16 has nothing between 254.875 and 255, and one level of blue is 0.114.
_LEAST_REACH = 0.125
# Luma above the first, or below the second, is white or black: half a level from it, so that rounding of any precision
# tells it from the level beside it.
_WHITE, _BLACK = 254.5, 0.5
_NEVER = 1000.0  # levels that chroma does not reach
# Pixels of a block up to which white is not raised and from which all is, more and more between; black alike.
_NONE_RAISED, _ALL_RAISED = 6.0, 18.0
# A block with so many pixels of its 64 in reach is left alone.
MOST_IN_REACH = 20


def _cell_kernels() -> tuple[np.ndarray, np.ndarray]:
    """(2, 2, 3, 6), RGB of a cell to its numbers; (6, 12), numbers to the RGB of `depth_to_space`'s channels."""
    to_cell = np.zeros((2, 2, 3, _CELL))
    from_cell = np.zeros((_CELL, 2, 2, 3))
    for i in range(2):
        for j in range(2):
            to_cell[i, j, :, 2 * i + j] = RGB_TO_YCC[0]
            to_cell[i, j, :, 4:] = RGB_TO_YCC[1:].T / 4
            from_cell[2 * i + j, i, j] = YCC_TO_RGB[:, 0]
            from_cell[4:, i, j] = YCC_TO_RGB[:, 1:].T
    return to_cell, from_cell.reshape(_CELL, 12)


def _luma_kernel() -> tuple[np.ndarray, np.ndarray]:
    """(96, 64), the 4x4 cells of a block to its DCT of Y; (96, 32), to its Cb, then its Cr, rows then columns."""
    luma = np.zeros((4, 4, _CELL, 64))
    chroma = np.zeros((4, 4, _CELL, 2, 4, 4))
    basis = _BASIS.reshape(64, 4, 2, 4, 2)  # row of cells, row in it, column, column in it
    for row in range(4):
        for column in range(4):
            luma[row, column, :4] = basis[:, row, :, column].reshape(64, 4).T
            chroma[row, column, 4:, :, row, column] = np.eye(2)
    return luma.reshape(96, 64), chroma.reshape(96, 2 * _CHROMA)


def _chroma_kernel() -> np.ndarray:
    """(64, 64): the numbers of Cb or Cr of 2x2 blocks, as `space_to_depth` orders them, to the DCT."""
    return _BASIS.reshape(64, 2, 4, 2, 4).transpose(1, 3, 2, 4, 0).reshape(64, 64)


def _count_kernel() -> np.ndarray:
    """(96, 1): the sum over a block's pixels of luma, from its 4x4 cells."""
    kernel = np.zeros((4, 4, _CELL))
    kernel[..., :4] = 1.0
    return kernel.reshape(96, 1)


def _limits() -> tuple[np.ndarray, np.ndarray]:
    """(96,) each: above which and below which numbers of a block are white and black; never those of chroma."""
    is_luma = np.arange(16 * _CELL) % _CELL < 4
    return np.where(is_luma, _WHITE, _NEVER), np.where(is_luma, _BLACK, -_NEVER)


# A table in natural order times this is in `ORDER`.
_TO_ORDER = np.eye(64)[:, ORDER]
_TO_CELL, _FROM_CELL = _cell_kernels()
_TO_LUMA, _TO_CHROMA_NUMBERS = _luma_kernel()
_TO_CHROMA = _chroma_kernel()
_TO_COUNT = _count_kernel()
_ABOVE, _BELOW = _limits()
_TO_REACH = np.full((64, 1), _REACH)
_FROM_BLOCK = np.concatenate([_TO_LUMA, _TO_CHROMA_NUMBERS], axis=1).T


def _product(x: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    return tf.nn.conv2d(x, tf.constant(matrix.astype(np.float32)[None, None]), 1, "VALID")


def forward(
    rgb: tf.Tensor, overshoot: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Coefficients in levels and in `ORDER`, and the samples of each block, for `headroom`.

    Args:
        rgb: float32 (batch, height, width, 3), levels; height and width multiples of 16.
        overshoot: float32 (batch or 1, 1, 1, 1), levels by which luma of white is raised and of black is lowered before
            the DCT, in blocks with enough of either: decoders cut that off, and with it what quantization adds there.
            None for none.

    Returns:
        Y less 128 levels (batch, height / 8, width / 8, 64); Cb and Cr (batch, height / 16, width / 16, 64); the 4x4
        cells of each block (batch, height / 8, width / 8, 96), nothing taken off.
    """
    cells = tf.nn.conv2d(rgb, tf.constant(_TO_CELL.astype(np.float32)), 2, "VALID")
    blocks = tf.nn.space_to_depth(cells, 4)
    if overshoot is not None:
        # Half a level each.
        white = tf.nn.relu(blocks - tf.constant(_ABOVE.astype(np.float32)))
        black = tf.nn.relu(tf.constant(_BELOW.astype(np.float32)) - blocks)
        twice = overshoot * 2.0
        blocks = blocks + (white * (twice * _share(white)) - black * (twice * _share(black)))
    numbers = _product(blocks, _TO_CHROMA_NUMBERS)
    luma = tf.nn.bias_add(_product(blocks, _TO_LUMA), tf.constant(_DC_OFFSET))
    # One after the other: a product for both would be half zeros, and four times as large in every exported file.
    cb, cr = (
        _product(tf.nn.space_to_depth(plane, 2), _TO_CHROMA)
        for plane in (numbers[..., :_CHROMA], numbers[..., _CHROMA:])
    )
    return luma, cb, cr, blocks


def _share(halves: tf.Tensor) -> tf.Tensor:
    """How much of the overshoot blocks get, (batch, rows, columns, 1), 0..1; `halves`: half a level for each pixel."""
    slope = 1.0 / (_ALL_RAISED - _NONE_RAISED)
    share = tf.nn.bias_add(_product(halves, 2.0 * slope * _TO_COUNT), tf.fill([1], -_NONE_RAISED * slope))
    return tf.minimum(tf.nn.relu(share), 1.0)


def ordered(table: tf.Tensor) -> tf.Tensor:
    """(batch, 1, 1, 64) in natural order, a quantization table, in `ORDER`; a product, which every runtime has."""
    return _product(table, _TO_ORDER)


def to_natural(coefficients: tf.Tensor) -> tf.Tensor:
    """(..., 64) in `ORDER` in natural order; for training, not for exported graphs."""
    return tf.gather(coefficients, tf.constant(NATURAL), axis=-1)


def headroom(blocks: tf.Tensor, change: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where pixels can hold a change: a factor on it for each block, no gradient.

    Pixels cannot carry what lies beyond 0 and 255: a changed coefficient of a block near white or black (text, charts,
    line art on paper, blown highlights) is cut off by them, and comes back as an error of all coefficients. How near
    matters depends on the change, and so on the quality.

    Args:
        blocks: Samples of blocks, from `forward`.
        change: float32 (batch, height / 8, width / 8, 64), of Y's coefficients, levels.

    Returns:
        For Y (batch, height / 8, width / 8, 1): 0 for blocks with `MOST_IN_REACH` pixels that white or black is in
        reach of, else 1; a pixel at half the reach counts half. For Cb and Cr (batch, height / 16, width / 16, 1): 1
        where all four of Y's blocks have it, else 0.
    """
    # A bias, because tf2onnx' removal of transpositions stops at sums with a scalar.
    reach = tf.nn.bias_add(_product(tf.abs(change), _TO_REACH), tf.fill([1], _LEAST_REACH))
    # The subtraction with its ReLU is one pass.
    beyond = tf.nn.relu(tf.abs(blocks - _MIDDLE) - (_MIDDLE - reach))
    pixels = _product(beyond, _TO_COUNT) / reach
    luma = tf.nn.relu(1.0 - tf.nn.relu(pixels - (MOST_IN_REACH - 1.0)))
    chroma = tf.nn.relu(4.0 * tf.nn.avg_pool2d(luma, 2, 2, "VALID") - 3.0)
    return tf.stop_gradient(luma), tf.stop_gradient(chroma)


def inverse(
    luma: tf.Tensor, cb: tf.Tensor, cr: tf.Tensor, offset: float = 0.0, *, is_whole: bool = False
) -> tf.Tensor:
    """A picture with these coefficients and constant chroma in each 2x2 cell; shapes as in `forward`.

    Linear: the 128 levels that `forward` takes off Y are not added back, but for those in `offset`.

    Args:
        luma, cb, cr: float32, coefficients in levels.
        offset: Levels added to every sample: in the last product's bias, where it costs nothing.
        is_whole: Whether Y, Cb and Cr are rounded before they become RGB. RGB values of whole Y, Cb and Cr, rounded,
            convert back to the same Y, Cb and Cr: an encoder sees no further rounding.
    """
    numbers = [tf.nn.depth_to_space(_product(plane, _TO_CHROMA.T), 2) for plane in (cb, cr)]
    samples = _product(tf.concat([luma, *numbers], axis=-1), _FROM_BLOCK)
    if is_whole:
        samples = tf.floor(tf.nn.bias_add(samples, tf.fill([16 * _CELL], 0.5)))
    cells = tf.nn.depth_to_space(samples, 4)
    pixels = _product(cells, _FROM_CELL)
    if offset:
        pixels = tf.nn.bias_add(pixels, tf.fill([12], offset))
    return tf.nn.depth_to_space(pixels, 2)
