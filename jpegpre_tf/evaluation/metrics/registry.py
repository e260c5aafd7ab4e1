"""Metrics by name."""

from collections.abc import Sequence

from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.metrics.base import Metric
from jpegpre_tf.evaluation.metrics.butteraugli import Butteraugli
from jpegpre_tf.evaluation.metrics.hvs import PSNRHVSM
from jpegpre_tf.evaluation.metrics.psnr import PSNRRGB, PSNRY
from jpegpre_tf.evaluation.metrics.ssim import MSSSIM, SSIM
from jpegpre_tf.evaluation.metrics.ssimulacra2 import SSIMULACRA2
from jpegpre_tf.evaluation.metrics.vmaf import VMAFNEG

METRICS: dict[str, type[Metric]] = {
    kind.name: kind for kind in (PSNRY, PSNRRGB, SSIM, MSSSIM, PSNRHVSM, SSIMULACRA2, Butteraugli, VMAFNEG)
}


def get_metrics(names: Sequence[str]) -> list[Metric]:
    """Returns metrics in the usual order.

    Args:
        names: Names of metrics, "core" for those that need no program, "all" for every one that can run here.

    Raises:
        UsageError: If a name is unknown, or a metric that was named cannot run here.
    """
    chosen = set()
    for name in names:
        if name == "core":
            chosen |= {key for key, kind in METRICS.items() if kind.core}
        elif name == "all":
            chosen |= {key for key, kind in METRICS.items() if kind().unavailable() is None}
        elif name in METRICS:
            if reason := METRICS[name]().unavailable():
                raise UsageError(reason)
            chosen.add(name)
        else:
            raise UsageError(f"no metric {name!r}; there are: core, all, {', '.join(METRICS)}")
    return [kind() for key, kind in METRICS.items() if key in chosen]
