"""SSIMULACRA2 by the formulas of the ssimulacra2 package, about four times faster than its own entry point.

The entry point reads files, blurs with scipy and does the original anew for each score. Here the blur is
OpenCV's (the same 11 taps in float64), the original is done once, and arrays of shape (x, y, 3) lie plane by
plane in memory, which halves the time of the package's formulas. They are called, not copied, so its values
stay its own: tests/evaluation allows 1e-9 of a score.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf._optional import require
from jpegpre_tf.evaluation.metrics.base import Frame, Metric
from jpegpre_tf.filters.opencv import opencv

Planes = NDArray[np.float64]

_SIGMA = 1.5
_RADIUS = 5
_SMALLEST = 8


@dataclass(frozen=True)
class _Scale:
    """One scale of the original: XYB planes, their blurred mean and blurred square."""

    xyb: Planes
    mean: Planes
    mean_square: Planes


class SSIMULACRA2(Metric):
    """SSIMULACRA2: 100 is the original, 90 visually lossless, 70 high, 50 medium, 30 low quality."""

    name = "ssimulacra2"
    label = "SSIMULACRA2"
    unit = ""

    def version(self) -> str:
        return f"{self.revision} ssimulacra2 {metadata.version('ssimulacra2')}"

    def prepare(self, original: Frame) -> list[_Scale]:
        return [_Scale(xyb, _blur(xyb), _blur(xyb * xyb)) for xyb in _pyramid(original.rgb)]

    def score(self, prepared: list[_Scale], decoded: Frame) -> float | None:
        if not prepared:
            return None
        package = _package()
        total = package.Msssim()
        for a, xyb in zip(prepared, _pyramid(decoded.rgb), strict=True):
            mean = _blur(xyb)
            scale = package.MsssimScale()
            scale.avg_ssim = package.ssim_map(
                a.mean, mean, a.mean_square, _blur(xyb * xyb), _blur(a.xyb * xyb)
            )
            scale.avg_edgediff = package.edge_diff_map(a.xyb, a.mean, xyb, mean)
            total.scales.append(scale)
        return float(total.score())


def _pyramid(rgb: NDArray[np.uint8]) -> Iterator[Planes]:
    """Yields the XYB planes of each scale, halved in linear light, until a side is under 8 pixels."""
    package = _package()
    linear = _linear_levels()[rgb]
    for scale in range(package.kNumScales):
        if scale:
            linear = package.downsample(linear, 2, 2)
        xyb = package.make_positive_xyb(package.linear_rgb_to_xyb(linear))
        if min(xyb.shape[:2]) < _SMALLEST:
            return
        yield _by_plane(xyb)


def _blur(planes: Planes) -> Planes:
    """As `ssimulacra2.blur_image`: zeros beyond the first axis' ends, mirrored beyond the second's."""
    cv2 = opencv("SSIMULACRA2")
    blurred = np.empty((3, *planes.shape[:2]))
    for index, result in enumerate(blurred):
        plane = planes[..., index]
        padded = cv2.copyMakeBorder(plane, _RADIUS, _RADIUS, 0, 0, cv2.BORDER_CONSTANT, value=0)
        filtered = cv2.sepFilter2D(padded, cv2.CV_64F, _taps(), _taps(), borderType=cv2.BORDER_REFLECT)
        result[:] = filtered[_RADIUS:-_RADIUS]
    return np.moveaxis(blurred, 0, 2)


def _by_plane(planes: Planes) -> Planes:
    """The same array, each of its three planes contiguous in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(planes, 2, 0)), 0, 2)


@functools.cache
def _taps() -> NDArray[np.float64]:
    x = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-0.5 / _SIGMA**2 * x**2)
    result: NDArray[np.float64] = weights / weights.sum()
    return result


@functools.cache
def _linear_levels() -> NDArray[np.float64]:
    """Linear light of the 256 levels."""
    result: NDArray[np.float64] = _package().srgb_to_linear(np.arange(256, dtype=np.float64))
    return result


@functools.cache
def _package() -> Any:
    return require("ssimulacra2.ssimulacra2", extra="evaluate", purpose="SSIMULACRA2")
