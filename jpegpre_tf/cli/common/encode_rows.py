"""What `jpegpre encode` tells about its results: rows of a table, or JSON."""

import argparse
import math
from collections.abc import Iterable
from typing import Any

from jpegpre_tf import runtime
from jpegpre_tf.storage.names import shown

HEADER = ("file", "plain bytes", "bytes", "saved %", "plain PSNR dB", "PSNR dB", "input bytes", "quality")


def row(result: runtime.EncodeResult) -> tuple[str, ...]:
    """Returns the table's cells for one picture."""
    return (
        shown(result.source),
        f"{result.size_bytes_plain:,}",
        f"{result.size_bytes:,}",
        f"{result.saved_percent:.1f}",
        f"{result.psnr_plain_db:.2f}",
        f"{result.psnr_db:.2f}",
        f"{result.size_bytes_input:,}",
        "kept" if result.is_copy else f"{result.quality:g}",
    )


def totals(results: list[runtime.EncodeResult]) -> tuple[str, ...]:
    """Returns the table's last line."""
    plain = sum(result.size_bytes_plain for result in results)
    size = sum(result.size_bytes for result in results)
    return (
        f"{len(results)} picture{'s' if len(results) > 1 else ''}, mean PSNR",
        f"{plain:,}",
        f"{size:,}",
        f"{100 * (1 - size / plain):.1f}",
        _mean(result.psnr_plain_db for result in results),
        _mean(result.psnr_db for result in results),
        f"{sum(result.size_bytes_input for result in results):,}",
        "",
    )


def _mean(values: Iterable[float]) -> str:
    # Of those that have one: an exact copy is infinitely good.
    finite = [value for value in values if math.isfinite(value)]
    return f"{sum(finite) / len(finite):.2f}" if finite else "inf"


def described(result: runtime.EncodeResult, arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the JSON object of one picture."""
    is_whole = result.quality == int(result.quality)
    return {
        "input": str(result.source),
        "output": str(result.target),
        "width": result.width,
        "height": result.height,
        "quality": int(result.quality) if is_whole else round(result.quality, 4),
        "profile": arguments.profile,
        "strength": round(result.strength, 6),
        "encoder": arguments.encoder,
        "subsampling": arguments.subsampling,
        "copied": result.is_copy,
        "quality_input": result.quality_input,
        "size_bytes_input": result.size_bytes_input,
        "size_bytes_plain": result.size_bytes_plain,
        "size_bytes": result.size_bytes,
        "saved_percent": round(result.saved_percent, 3),
        "psnr_rgb_plain_db": _finite(result.psnr_plain_db),
        "psnr_rgb_db": _finite(result.psnr_db),
        "notes": list(result.notes),
        "reasons": list(result.reasons),
    }


def _finite(value: float) -> float | None:
    # JSON knows no infinity: null is the PSNR of an exact copy.
    return round(value, 4) if math.isfinite(value) else None
