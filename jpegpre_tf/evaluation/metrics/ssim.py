"""SSIM and MS-SSIM on luma, equal to tf.image.ssim and tf.image.ssim_multiscale without TensorFlow.

Wang, Bovik, Sheikh, Simoncelli 2004, and Wang, Simoncelli, Bovik 2003. Windows that leave the picture are
not counted, pictures of odd size are mirrored before they are halved: as in tf.image. tests/evaluation
compares both with tf.image and SSIM with scikit-image.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf.evaluation.metrics.base import Frame, Metric, decibels
from jpegpre_tf.filters.opencv import opencv

_RADIUS = 5  # window of 11x11
_SIGMA = 1.5
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class _Moments:
    """One scale of the original: the luma, its windowed mean and mean square."""

    luma: Plane
    mean: Plane
    mean_square: Plane


@functools.cache
def _window() -> NDArray[np.float64]:
    x = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-0.5 * (x / _SIGMA) ** 2)
    result: NDArray[np.float64] = weights / weights.sum()
    return result


def _windowed(plane: Plane) -> Plane:
    """Weighted mean over the window, at its positions inside the picture."""
    cv2 = opencv("SSIM")
    full: Plane = cv2.sepFilter2D(plane, cv2.CV_64F, _window(), _window())
    return full[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _moments(luma: Plane) -> _Moments:
    return _Moments(luma, _windowed(luma), _windowed(luma * luma))


def _ssim_and_contrast(a: _Moments, luma: Plane) -> tuple[float, float]:
    """Returns mean SSIM and the mean of its contrast-structure term."""
    b = _moments(luma)
    product = a.mean * b.mean
    squares = a.mean**2 + b.mean**2
    covariance = _windowed(a.luma * luma) - product
    contrast = (2 * covariance + _C2) / (a.mean_square + b.mean_square - squares + _C2)
    brightness = (2 * product + _C1) / (squares + _C1)
    return float(np.mean(brightness * contrast)), float(np.mean(contrast))


def _halve(luma: Plane) -> Plane:
    """Averages 2x2 pixels; an odd last row or column is mirrored first."""
    height, width = luma.shape
    even = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="symmetric")
    return np.ascontiguousarray(
        (even[0::2, 0::2] + even[0::2, 1::2] + even[1::2, 0::2] + even[1::2, 1::2]) / 4
    )


class SSIM(Metric):
    """SSIM of luma as -10 log10(1 - SSIM); not defined for pictures under 11 pixels."""

    name = "ssim"
    label = "SSIM"

    def prepare(self, original: Frame) -> _Moments | None:
        return _moments(original.luma) if min(original.luma.shape) > 2 * _RADIUS else None

    def score(self, prepared: _Moments | None, decoded: Frame) -> float | None:
        if prepared is None:
            return None
        return decibels(1 - _ssim_and_contrast(prepared, decoded.luma)[0])


class MSSSIM(Metric):
    """MS-SSIM of luma over five scales as -10 log10(1 - MS-SSIM); not defined under 161 pixels."""

    name = "ms_ssim"
    label = "MS-SSIM"

    def prepare(self, original: Frame) -> list[_Moments] | None:
        scales = []
        luma = original.luma
        for scale in range(len(_SCALE_WEIGHTS)):
            if scale:
                luma = _halve(luma)
            if min(luma.shape) <= 2 * _RADIUS:
                return None
            scales.append(_moments(luma))
        return scales

    def score(self, prepared: list[_Moments] | None, decoded: Frame) -> float | None:
        if prepared is None:
            return None
        luma = decoded.luma
        result = 1.0
        for scale, (moments, weight) in enumerate(zip(prepared, _SCALE_WEIGHTS, strict=True)):
            if scale:
                luma = _halve(luma)
            ssim, contrast = _ssim_and_contrast(moments, luma)
            last = scale == len(_SCALE_WEIGHTS) - 1
            result *= max(ssim if last else contrast, 0.0) ** weight
        return decibels(1 - result)
