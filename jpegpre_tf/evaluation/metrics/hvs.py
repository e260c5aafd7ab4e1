"""PSNR-HVS-M through psnr_hvsm."""

import contextlib
import functools
import io
import types
from importlib import metadata

import numpy as np

from jpegpre_tf._optional import require
from jpegpre_tf.evaluation.metrics.base import LARGEST_DECIBELS, Frame, Metric


class PSNRHVSM(Metric):
    """PSNR with contrast sensitivity and masking of 8x8 DCT coefficients (Ponomarenko et al. 2007), on luma.

    Counts whole blocks, as the authors' program does: up to 7 pixels at the right and bottom do not. Not defined for
    pictures under 8 pixels.
    """

    name = "psnr_hvs_m"
    label = "PSNR-HVS-M"

    def version(self) -> str:
        return f"{self.revision} psnr_hvsm {metadata.version('psnr_hvsm')}"

    def score(self, prepared: Frame, decoded: Frame) -> float | None:
        height, width = (side // 8 * 8 for side in prepared.luma.shape)
        if not height or not width:
            return None
        original, changed = (frame.luma[:height, :width] / 255 for frame in (prepared, decoded))
        # The package expects 0..1, and divides by the variance of flat blocks before it discards the result.
        with np.errstate(divide="ignore", invalid="ignore"):
            _, value = _package().psnr_hvs_hvsm(original, changed)
        return min(LARGEST_DECIBELS, float(value))


@functools.cache
def _package() -> types.ModuleType:
    # On import it prints advice about PyTorch to stdout, which belongs to the results.
    with contextlib.redirect_stdout(io.StringIO()):
        return require("psnr_hvsm", extra="evaluate", purpose="PSNR-HVS-M")
