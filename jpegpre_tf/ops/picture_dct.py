"""From RGB to the DCT of Y, Cb and Cr at 4:2:0 and back, as few large products: for the network's inference graph.

The same linear maps as `real_dct` with colour and chroma averaging, folded together. Channels of three are poison for
convolutions that work in vectors of 8 or 16, and each step over the full picture costs a millisecond a megapixel;
LiteRT runs this in a third of the time of the steps one by one (docs/export.md).

A 2x2 cell of pixels becomes 6 numbers: its four Y, and Cb and Cr of their mean.
"""

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops.real_dct import BLOCK_DCT, RGB_TO_YCC, YCC_TO_RGB

_CELL = 6  # numbers per 2x2 pixels
_CHROMA = 32  # chroma numbers of 8x8 pixels
# A pixel counts as white or black in full at the end, less towards this many levels of luma from it: one level of blue
# is 0.114. An eighth, because float16 has nothing between 254.875 and 255.
_NEAR_END = 0.125
_WHITE = 255.0
# A block with so many white or black pixels of its 64 is left alone.
MOST_AT_END = 12


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
    """(96, 64), the 4x4 cells of a block to its DCT of Y; (96, 32), to its chroma numbers, rows then columns."""
    luma = np.zeros((4, 4, _CELL, 64))
    chroma = np.zeros((4, 4, _CELL, 4, 4, 2))
    basis = BLOCK_DCT.astype(np.float64).reshape(
        64, 4, 2, 4, 2
    )  # row of cells, row in it, column, column in it
    for row in range(4):
        for column in range(4):
            luma[row, column, :4] = basis[:, row, :, column].reshape(64, 4).T
            chroma[row, column, 4:, row, column] = np.eye(2)
    return luma.reshape(96, 64), chroma.reshape(96, _CHROMA)


def _chroma_kernel() -> np.ndarray:
    """(128, 128): the chroma numbers of 2x2 blocks, as `space_to_depth` orders them, to the DCTs of Cb and Cr."""
    kernel = np.zeros((2, 2, 4, 4, 2, 2, 64))
    basis = BLOCK_DCT.astype(np.float64).reshape(64, 2, 4, 2, 4)
    for plane in range(2):
        kernel[..., plane, plane, :] = basis.transpose(1, 3, 2, 4, 0)
    return kernel.reshape(128, 128)


def _end_kernel() -> np.ndarray:
    """(96, 1): how many of a block's pixels are at an end, from how far each is beyond `_NEAR_END`."""
    kernel = np.zeros((4, 4, _CELL))
    kernel[..., :4] = 1.0 / _NEAR_END
    return kernel.reshape(96, 1)


_TO_CELL, _FROM_CELL = _cell_kernels()
_TO_LUMA, _TO_CHROMA_NUMBERS = _luma_kernel()
_TO_CHROMA = _chroma_kernel()
_TO_END = _end_kernel()
_FROM_BLOCK = np.concatenate([_TO_LUMA, _TO_CHROMA_NUMBERS], axis=1).T


def _product(x: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    return tf.nn.conv2d(x, tf.constant(matrix.astype(np.float32)[None, None]), 1, "VALID")


def forward(rgb: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Coefficients in levels, natural order, and where the picture leaves room for changes of them.

    Pixels cannot carry what lies beyond 0 and 255: a changed coefficient of a block with white or black in it (text,
    charts, blown highlights) is cut off by them, and comes back as an error of all coefficients.

    Args:
        rgb: float32 (batch, height, width, 3), levels; height and width multiples of 16.

    Returns:
        Y (batch, height / 8, width / 8, 64), no offset removed from its DC; Cb then Cr (batch, height / 16, width / 16,
        128); headroom (batch, height / 8, width / 8, 1): 0 for blocks with `MOST_AT_END` white or black pixels, else 1.
    """
    cells = tf.nn.conv2d(rgb, tf.constant(_TO_CELL.astype(np.float32)), 2, "VALID")
    blocks = tf.nn.space_to_depth(cells, 4)
    chroma = tf.nn.space_to_depth(_product(blocks, _TO_CHROMA_NUMBERS), 2)
    # Each a subtraction with its ReLU in one pass.
    white = tf.nn.relu(blocks - (_WHITE - _NEAR_END))
    black = tf.nn.relu(_NEAR_END - blocks)
    pixels = _product(white, _TO_END) + _product(black, _TO_END)
    headroom = tf.nn.relu(1.0 - tf.nn.relu(pixels - (MOST_AT_END - 1.0)))
    return _product(blocks, _TO_LUMA), _product(chroma, _TO_CHROMA), headroom


def inverse(luma: tf.Tensor, chroma: tf.Tensor, offset: float = 0.0) -> tf.Tensor:
    """The picture whose `forward` these are, with constant chroma in each 2x2 cell; shapes as there.

    Args:
        offset: Levels added to every sample: in the last product's bias, where it costs nothing.
    """
    numbers = tf.nn.depth_to_space(_product(chroma, _TO_CHROMA.T), 2)
    cells = tf.nn.depth_to_space(_product(tf.concat([luma, numbers], axis=-1), _FROM_BLOCK), 4)
    pixels = _product(cells, _FROM_CELL)
    if offset:
        pixels = tf.nn.bias_add(pixels, tf.fill([12], offset))
    return tf.nn.depth_to_space(pixels, 2)
