"""Peak signal-to-noise ratio, on luma and on RGB."""

import numpy as np

from jpegpre_tf.evaluation.metrics.base import Frame, Metric, decibels


class PSNRY(Metric):
    """PSNR of BT.601 luma, not rounded."""

    name = "psnr_y"
    label = "PSNR-Y"

    def score(self, prepared: Frame, decoded: Frame) -> float:
        return decibels(float(np.mean((prepared.luma - decoded.luma) ** 2)) / 255**2)


class PSNRRGB(Metric):
    """PSNR over all samples of R, G and B."""

    name = "psnr_rgb"
    label = "PSNR-RGB"

    def score(self, prepared: Frame, decoded: Frame) -> float:
        difference = prepared.rgb.astype(np.int32) - decoded.rgb
        return decibels(float(np.mean(difference * difference)) / 255**2)
