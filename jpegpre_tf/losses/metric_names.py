"""Names of the metrics that can be trained for, and what they need; without TensorFlow."""

from collections.abc import Sequence

# As in `jpegpre evaluate`; the functions are in `losses.metrics`.
METRIC_NAMES = ("psnr_y", "psnr_rgb", "ssim", "ms_ssim", "psnr_hvs_m", "ssimulacra2")
# Shortest side of a picture that a metric is defined for, in pixels, where it is more than a block of chroma.
LEAST_SIDE = {"ms_ssim": 176, "ssimulacra2": 176}
# MozJPEG's trellis weighs a block by 1 / (2**16.5 + mean squared AC coefficient), coefficients scaled by 8
# (lambda_log_scale2 in jcparam.c): the weight halves at 2**16.5 / 64 squared levels.
MASKING_ENERGY = 2.0**16.5 / 64.0


def check_side(names: Sequence[str], side: int) -> None:
    """Raises ValueError if a picture with this shortest side, in pixels, is too small for a metric."""
    for name in names:
        if side < LEAST_SIDE.get(name, 16):
            raise ValueError(
                f"{name} needs pictures of at least {LEAST_SIDE.get(name, 16)} pixels a side. Received: {side}"
            )


def check_metrics(names: Sequence[str]) -> None:
    """Raises ValueError for a name that is no metric."""
    unknown = sorted(set(names) - set(METRIC_NAMES))
    if unknown:
        raise ValueError(f"metrics must be among {sorted(METRIC_NAMES)}. Received: {unknown}")
