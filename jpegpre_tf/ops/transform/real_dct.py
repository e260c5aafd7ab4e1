"""Real-valued colour and DCT, without the encoder's integer rounding: for networks and for error measures.

Exported to TFLite and ONNX, so only operations that those run well: a 1x1 convolution for colour,
space_to_depth, and one 64x64 product per block.
"""

import numpy as np
import tensorflow as tf

# JFIF: rows Y, Cb, Cr; columns R, G, B.
_RGB_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]], np.float64
)
RGB_TO_YCC = _RGB_TO_YCC.astype(np.float32)
YCC_TO_RGB = np.linalg.inv(_RGB_TO_YCC).astype(np.float32)


def _block_basis() -> np.ndarray:
    index = np.arange(8)
    rows = np.cos((2 * index[None, :] + 1) * index[:, None] * np.pi / 16) / 2
    rows[0] /= np.sqrt(2.0)
    return np.kron(rows, rows)


# (64, 64), orthonormal: BLOCK_DCT @ samples (row-major) = coefficients (natural order) in levels.
BLOCK_DCT = _block_basis().astype(np.float32)


def rgb_to_ycc(rgb: tf.Tensor) -> tf.Tensor:
    """(batch, height, width, 3) RGB levels to Y (0..255), Cb and Cr (-128..128, no offset)."""
    return tf.nn.conv2d(rgb, tf.constant(RGB_TO_YCC.T[None, None]), 1, "VALID")


def ycc_to_rgb(ycc: tf.Tensor) -> tf.Tensor:
    """Inverse of `rgb_to_ycc`."""
    return tf.nn.conv2d(ycc, tf.constant(YCC_TO_RGB.T[None, None]), 1, "VALID")


def forward(plane: tf.Tensor) -> tf.Tensor:
    """(batch, height, width, 1) to (batch, height / 8, width / 8, 64) coefficients in levels, natural order."""
    return tf.nn.conv2d(tf.nn.space_to_depth(plane, 8), tf.constant(BLOCK_DCT.T[None, None]), 1, "VALID")


def inverse(coefficients: tf.Tensor) -> tf.Tensor:
    """Inverse of `forward`."""
    return tf.nn.depth_to_space(tf.nn.conv2d(coefficients, tf.constant(BLOCK_DCT[None, None]), 1, "VALID"), 8)
