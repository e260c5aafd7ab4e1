"""libjpeg's integer DCT pair on whole planes, equal to `jpegpre_tf.jpeg.transform.dct`, in float32.

Planes stay in picture layout (batch, height, width): rows of blocks are a matrix product over the last axis,
columns one over the 8 lines of a block row, so nothing is transposed.

float32 holds integers exactly only below 2**24. The first forward pass stays below 8.4e6. For the others the
matrix is split as 128 * high + low, both small, and the two products are joined with exact floors: for any
integers floor((128 h + l + 2**(s-1)) / 2**s) = floor((h + floor((l + 2**(s-1)) / 128)) / 2**(s-7)). Bounds:
coefficients of a block and their rounding errors have energy below (2 * 1024)**2, so |workspace| < 2.4e4 and
by Cauchy-Schwarz |h| < 2.4e4 * 89 * sqrt(8) < 6.1e6.

The gradient is that of the real-valued transform (orthonormal up to libjpeg's factor of 8).
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.transform import dct as reference

_SPLIT_BITS = 7


def _split(matrix: np.ndarray) -> np.ndarray:
    """(8, 8) integer matrix to (16, 8): high rows above low rows, matrix = 128 * high + low, |low| <= 64."""
    high = np.round(matrix / (1 << _SPLIT_BITS))
    return np.concatenate([high, matrix - high * (1 << _SPLIT_BITS)]).astype(np.float32)


_FORWARD = reference.FORWARD_MATRIX.astype(np.float32)
_FORWARD_SPLIT = _split(reference.FORWARD_MATRIX)
_INVERSE_SPLIT = _split(reference.INVERSE_MATRIX)


def _join(high: tf.Tensor, low: tf.Tensor, shift: int) -> tf.Tensor:
    half = float(1 << (shift - 1))
    carried = tf.floor((low + half) / float(1 << _SPLIT_BITS))
    return tf.floor((high + carried) / float(1 << (shift - _SPLIT_BITS)))


def _rows(plane: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """Applies (n, 8) `matrix` to each run of 8 samples along a row; returns (samples / 8, n)."""
    return tf.matmul(tf.reshape(plane, [-1, 8]), tf.constant(matrix.T))


def _columns(plane: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """Applies (n, 8) `matrix` down each 8 lines; returns (batch * height / 8, n, width)."""
    return tf.matmul(tf.constant(matrix), tf.reshape(plane, [-1, 8, tf.shape(plane)[2]]))


def _forward_exact(plane: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(plane)
    first, second = reference.FORWARD_SHIFTS
    rows = tf.floor((_rows(plane, _FORWARD) + float(1 << (first - 1))) / float(1 << first))
    columns = _columns(tf.reshape(rows, shape), _FORWARD_SPLIT)
    return tf.reshape(_join(columns[:, :8], columns[:, 8:], second), shape)


def _inverse_exact(plane: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(plane)
    first, second = reference.INVERSE_SHIFTS
    columns = _columns(plane, _INVERSE_SPLIT)
    columns = tf.reshape(_join(columns[:, :8], columns[:, 8:], first), shape)
    rows = _rows(columns, _INVERSE_SPLIT)
    return tf.reshape(_join(rows[:, :8], rows[:, 8:], second), shape)


def _real(matrix: np.ndarray, shifts: tuple[int, int]) -> np.ndarray:
    """The 1-D transform without rounding, scaled so that two of them make the 2-D one."""
    return (matrix / 2.0 ** (sum(shifts) / 2)).astype(np.float32)


_FORWARD_REAL = _real(reference.FORWARD_MATRIX, reference.FORWARD_SHIFTS)
_INVERSE_REAL = _real(reference.INVERSE_MATRIX, reference.INVERSE_SHIFTS)


def _transpose(plane: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    shape = tf.shape(plane)
    columns = tf.reshape(_columns(plane, np.ascontiguousarray(matrix.T)), shape)
    return tf.reshape(_rows(columns, np.ascontiguousarray(matrix.T)), shape)


def _with_real_gradient(
    exact: Callable[[tf.Tensor], tf.Tensor], matrix: np.ndarray, plane: tf.Tensor
) -> tf.Tensor:
    @tf.custom_gradient
    def transform(samples: tf.Tensor) -> tf.Tensor:
        return exact(samples), lambda upstream: _transpose(upstream, matrix)

    return transform(plane)


def forward_dct(plane: tf.Tensor) -> tf.Tensor:
    """8x8 DCT of every block of a plane.

    Args:
        plane: float32 (batch, height, width), multiples of 8, integer level-shifted samples -128..127.

    Returns:
        Same shape: coefficient (v, u) of a block stands where its sample (v, u) stood. Integers, scaled by 8.
    """
    return _with_real_gradient(_forward_exact, _FORWARD_REAL, plane)


def inverse_dct(plane: tf.Tensor) -> tf.Tensor:
    """Inverse of `forward_dct` on dequantised coefficients in levels; returns samples clipped to 0..255.

    The gradient at the clip is the true one.
    """
    samples = _with_real_gradient(_inverse_exact, _INVERSE_REAL, plane)
    return tf.clip_by_value(samples + 128.0, 0.0, 255.0)
