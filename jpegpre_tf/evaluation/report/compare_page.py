"""The page of one comparison: a wipe between two files, zoom, sizes and scores."""

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf._types import RGBImage
from jpegpre_tf.evaluation.compare import Comparison, Scored
from jpegpre_tf.evaluation.metrics import Metric
from jpegpre_tf.runtime.pages.wipe import render_template, wipe_figure, wipe_head

# A lossless original of more than this would make the page too heavy to send around.
_LARGEST_ORIGINAL_PIXELS = 4_000_000
_MIME = {b"\xff\xd8": "image/jpeg", b"RI": "image/webp"}


def compare_page(comparison: Comparison, name: str, label: str, metrics: Sequence[Metric]) -> str:
    """Returns a self-contained page.

    Args:
        comparison: What to show.
        name: Name of the picture.
        label: Label of what edited or encoded it.
        metrics: Those in the scores.
    """
    height, width = comparison.original.shape[:2]
    edited, equal = comparison.edited.encoded, comparison.plain_equal_size.encoded
    saved = comparison.saved_percent
    sources = [
        ("equal", "Plain JPEG, equal size", _file(comparison.plain_equal_size)),
        ("same", "Plain JPEG, same quality", _file(comparison.plain_equal_quality)),
    ]
    if height * width <= _LARGEST_ORIGINAL_PIXELS:
        sources.append(("original", "Original", _lossless(comparison.original)))
    parts = {
        "name": escape(name),
        "label": escape(label),
        "quality": str(edited.quality),
        "edited_size": _size(edited.size_bytes),
        "equal_size": _size(equal.size_bytes),
        "equal_quality": str(equal.quality),
        "saved": f"{abs(saved):.1f} % {'smaller' if saved >= 0 else 'larger'}",
        "width": str(width),
        "height": str(height),
        "wipe": wipe_head(),
        "figure": wipe_figure(name, (width, height), sources, (label, _file(comparison.edited))),
        "rows": _rows(comparison, metrics),
        "encoder": escape(f"{edited.encoder} {edited.version}: {edited.flags}"),
        "plain_encoder": escape(f"{equal.encoder} {equal.version}: {equal.flags}"),
    }
    return render_template(Path(__file__).with_suffix(".html"), parts)


def _rows(comparison: Comparison, metrics: Sequence[Metric]) -> str:
    columns = (comparison.plain_equal_size, comparison.edited, comparison.plain_equal_quality)
    pixels = comparison.original.shape[0] * comparison.original.shape[1]
    lines = [
        ("File", [_size(column.encoded.size_bytes) for column in columns]),
        ("Bits per pixel", [f"{8 * column.encoded.size_bytes / pixels:.3f}" for column in columns]),
        ("Quality", [str(column.encoded.quality) for column in columns]),
    ]
    rows = "".join(_row(title, cells, None) for title, cells in lines)
    for metric in metrics:
        values = [column.scores[metric.name] for column in columns]
        title = metric.label if metric.higher_is_better else f"{metric.label} (lower is better)"
        rows += _row(title, [_value(value, metric.unit) for value in values], _winner(values[:2], metric))
    return rows


def _winner(values: Sequence[float | None], metric: Metric) -> int | None:
    """Which of the two files of equal size is better; None if they show the same number."""
    first, second = values
    if first is None or second is None or _value(first, "") == _value(second, ""):
        return None
    return int((second > first) == metric.higher_is_better)


def _row(title: str, cells: Sequence[str], winner: int | None) -> str:
    tags = "".join(
        f'<td class="best">{escape(cell)}</td>' if index == winner else f"<td>{escape(cell)}</td>"
        for index, cell in enumerate(cells)
    )
    return f"<tr><th>{escape(title)}</th>{tags}</tr>"


def _value(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.2f} {unit}".strip()


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1000:,.1f} kB"


def _file(scored: Scored) -> str:
    data = scored.encoded.data
    return f"data:{_MIME[data[:2]]};base64," + base64.b64encode(data).decode("ascii")


def _lossless(image: RGBImage) -> str:
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(out, "WEBP", lossless=True, method=2)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode("ascii")
