"""PSNR-HVS-M's error (Ponomarenko et al. 2007): contrast sensitivity and masking of 8x8 DCT coefficients."""

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.tables import LUMA_TABLE
from jpegpre_tf.ops.transform import real_dct

# The authors' contrast sensitivity table is the reciprocal of Annex K's luma table, scaled: its largest entry,
# 2.573509, belongs to the table's smallest step, 10.
SENSITIVITY = 25.73509 / LUMA_TABLE.astype(np.float64)
# Squared sensitivity in units of its value at step 10; the authors' MaskCof.
MASKING = (10.0 / LUMA_TABLE.astype(np.float64)) ** 2


def _spread(plane: tf.Tensor) -> tf.Tensor:
    """Variances of the four quarters of each block, summed, over the block's: (batch, rows, columns).

    Variances are sums of squared deviations times n / (n - 1), as the authors' `vari`.
    """

    def deviations(size: int) -> tf.Tensor:
        mean = tf.nn.avg_pool2d(plane, size, size, "VALID")
        square = tf.nn.avg_pool2d(tf.square(plane), size, size, "VALID")
        count = float(size * size)
        return tf.maximum(square - tf.square(mean), 0.0) * (count * count / (count - 1.0))

    quarters = 4.0 * tf.nn.avg_pool2d(deviations(4), 2, 2, "VALID")
    return tf.math.divide_no_nan(quarters, deviations(8))[..., 0]


def _masking(plane: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
    weights = MASKING.reshape(64).astype(np.float32).copy()
    weights[0] = 0.0
    energy = tf.reduce_sum(tf.square(coefficients) * tf.constant(weights), axis=-1)
    # The product is exactly 0 in flat blocks, where the root has no gradient.
    return tf.sqrt(energy * _spread(plane) / (16.0 * 64.0) + 1e-12)


def hvs_m_error(original: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    """Mean squared visible error in squared levels, float32 (batch,): PSNR-HVS-M is 10 log10(255**2 / it).

    Args:
        original, decoded: float32 (batch, height, width, 1), luma in levels 0..255; sizes multiples of 8.
    """
    a, b = real_dct.forward(original), real_dct.forward(decoded)
    mask = tf.maximum(_masking(original, a), _masking(decoded, b))[..., None]
    threshold = mask / tf.constant(MASKING.reshape(64).astype(np.float32))
    # DC is never masked.
    threshold *= tf.constant([0.0] + [1.0] * 63)
    visible = tf.nn.relu(tf.abs(a - b) - threshold) * tf.constant(SENSITIVITY.reshape(64).astype(np.float32))
    return tf.reduce_mean(tf.square(visible), axis=[1, 2, 3])
