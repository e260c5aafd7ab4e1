"""Quality metrics that can be trained through: the evaluation's metrics, as functions of tensors."""

from collections.abc import Callable

import tensorflow as tf

from jpegpre_tf.ops.perception.hvs import hvs_m_error
from jpegpre_tf.ops.perception.similarity import multi_scale_ssim, ssim
from jpegpre_tf.ops.perception.ssimulacra2 import ssimulacra2
from jpegpre_tf.ops.transform import real_dct

# Errors of less than this do not count: half a rounding error of one level in an 8-bit picture, and 80 dB.
_LEAST_SQUARED_LEVELS = 0.02
_LEAST_DISSIMILARITY = 1e-6


def _decibels(error: tf.Tensor) -> tf.Tensor:
    return tf.math.log(error) * (-10.0 / 2.302585092994046)


def _psnr(original: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    mse = tf.reduce_mean(tf.square(original - decoded), axis=[1, 2, 3])
    return _decibels(tf.maximum(mse, _LEAST_SQUARED_LEVELS) / 255.0**2)


def _luma(picture: tf.Tensor) -> tf.Tensor:
    return real_dct.rgb_to_ycc(picture)[..., :1]


def _psnr_y(original: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    return _psnr(_luma(original), _luma(decoded))


def _ssim(original: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    value = ssim(_luma(original)[..., 0], _luma(decoded)[..., 0])
    return _decibels(tf.maximum(1.0 - value, _LEAST_DISSIMILARITY))


def _ms_ssim(original: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    value = multi_scale_ssim(_luma(original)[..., 0], _luma(decoded)[..., 0])
    return _decibels(tf.maximum(1.0 - value, _LEAST_DISSIMILARITY))


def _psnr_hvs_m(original: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    error = hvs_m_error(_luma(original), _luma(decoded))
    return _decibels(tf.maximum(error, _LEAST_SQUARED_LEVELS) / 255.0**2)


# Name, as in `jpegpre evaluate` -> function of (original, decoded), float32 (batch, height, width, 3) RGB levels, to
# (batch,); in dB but for SSIMULACRA2's own scale; higher is better. Sizes static, multiples of 16, at least 176.
METRICS: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "psnr_y": _psnr_y,
    "psnr_rgb": _psnr,
    "ssim": _ssim,
    "ms_ssim": _ms_ssim,
    "psnr_hvs_m": _psnr_hvs_m,
    "ssimulacra2": ssimulacra2,
}
