"""Plots of a report, as PNG files that are only drawn again when their data changed."""

import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from jpegpre_tf._optional import require
from jpegpre_tf.evaluation.report.tables import format_signed
from jpegpre_tf.evaluation.results import CandidateResult, MetricRecord, Results
from jpegpre_tf.evaluation.series import average_curve, average_size_change, collect_curves
from jpegpre_tf.storage.names import printable

# Raised when the drawing changes, so that old files are drawn again.
_REVISION = 3
_HASH_KEY = "jpegpre-data"
# Told apart also with red-green colour blindness (Okabe and Ito), the strongest first.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c6d31")
REFERENCE_COLOR = "#555555"
_MOST_PICTURES = 48
_STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.edgecolor": "#999999",
    "axes.axisbelow": True,
    "legend.frameon": False,
}

# From results and the name of a metric to a figure of matplotlib.
_Drawing = Callable[[Results, str], Any]


def write_plots(results: Results, folder: Path) -> dict[str, Path]:
    """Writes all plots into `folder`.

    Returns:
        Name -> file: "bd_rate", and for each metric "rd_<metric>", "change_<metric>", "pictures_<metric>".
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    jobs: list[tuple[str, _Drawing, str]] = [("bd_rate", _bars, "")]
    kinds: dict[str, _Drawing] = {"rd": _mean_curves, "change": _size_change, "pictures": _by_picture}
    for metric in results.metrics:
        jobs += [(f"{kind}_{metric.name}", drawing, metric.name) for kind, drawing in kinds.items()]
    for name, drawing, metric_name in jobs:
        files[name] = folder / f"{name}.png"
        fingerprint = _fingerprint(results, name, metric_name)
        if read_fingerprint(files[name]) != fingerprint:
            _draw(files[name], fingerprint, functools.partial(drawing, results, metric_name))
    return files


def write_bd_rate_plot(results: Results, path: Path) -> None:
    """Draws the headline BD-rates of every candidate and metric into a PNG file, unless it holds them already."""
    fingerprint = bd_rate_fingerprint(results)
    if read_fingerprint(path) != fingerprint:
        _draw(path, fingerprint, functools.partial(_bars, results, ""))


def bd_rate_fingerprint(results: Results) -> str:
    """Hash of everything that `write_bd_rate_plot` shows."""
    return _fingerprint(results, "bd_rate", "")


def _fingerprint(results: Results, name: str, metric: str) -> str:
    """Hash of everything that a plot shows."""
    entries = [results.reference, *results.candidates]
    data: list[Any] = [_REVISION, name, [asdict(limits) for limits in results.ranges]]
    data += [[asdict(metric) for metric in results.metrics], [entry.label for entry in entries]]
    if metric:
        data += [collect_curves(results, entry, metric) for entry in entries]
    else:
        data += [entry.to_json()["bd_rate"] for entry in results.candidates]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def read_fingerprint(path: Path) -> str | None:
    """Returns the hash that a plot was drawn from; None if there is none."""
    try:
        with Image.open(path) as picture:
            return (
                str(picture.info.get(_HASH_KEY)) if isinstance(picture, PngImagePlugin.PngImageFile) else None
            )
    except OSError:
        return None


def _draw(path: Path, fingerprint: str, draw: Callable[[], Any]) -> None:
    matplotlib = require("matplotlib", extra="evaluate", purpose="The report's plots")
    matplotlib.use("Agg")
    with matplotlib.rc_context(_STYLE):
        figure = draw()
        figure.savefig(path, dpi=144, metadata={_HASH_KEY: fingerprint, "Software": None})
        require("matplotlib.pyplot", extra="evaluate", purpose="The report's plots").close(figure)


def _figure(*arguments: Any, layout: str | None = "constrained", **options: Any) -> Any:
    pyplot = require("matplotlib.pyplot", extra="evaluate", purpose="The report's plots")
    return pyplot.subplots(*arguments, layout=layout, **options)


def _metric(results: Results, name: str) -> MetricRecord:
    return next(metric for metric in results.metrics if metric.name == name)


def _axis_label(metric: MetricRecord) -> str:
    return f"{metric.label} ({metric.unit})" if metric.unit else metric.label


def _bars(results: Results, _: str) -> Any:
    """One panel per metric, one bar per candidate, with its 95 % interval."""
    candidates, metrics = results.candidates, results.metrics
    headline = results.headline
    size = (2.1 + 1.75 * len(metrics), 0.9 + 0.34 * len(candidates))
    figure, axes = _figure(1, len(metrics), figsize=size, sharey=True, squeeze=False)
    for axis, metric in zip(axes[0], metrics, strict=True):
        for row, candidate in enumerate(candidates):
            summary = candidate.bd_rate[metric.name][headline]
            if summary is None:
                continue
            mean, (low, high) = summary.mean, summary.interval
            color = COLORS[row % len(COLORS)]
            axis.barh(row, mean, color=color, height=0.62, alpha=0.9)
            axis.plot([low, high], [row, row], color="#222222", linewidth=1.2, solid_capstyle="butt")
            outside = max(high, 0) if mean >= 0 else min(low, 0)
            axis.annotate(
                format_signed(mean),
                (outside, row),
                xytext=(3 if mean >= 0 else -3, 0),
                textcoords="offset points",
                ha="left" if mean >= 0 else "right",
                va="center",
                fontsize=8,
            )
        axis.axvline(0, color="#444444", linewidth=0.9)
        axis.set_title(metric.label, fontsize=10)
        axis.margins(x=0.42)
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
    axes[0][0].set_yticks(range(len(candidates)), [candidate.label for candidate in candidates])
    axes[0][0].invert_yaxis()
    count = len(results.pictures)
    figure.supxlabel(
        f"BD-rate in percent, {headline} bits per pixel, {count} pictures, 95 % intervals (left is smaller)",
        fontsize=9,
    )
    return figure


def _plot_curve(
    axis: Any,
    points: Sequence[tuple[int, float, float]],
    entry: CandidateResult,
    row: int,
    *,
    is_reference: bool,
    marker: str = "",
    linewidth: float = 1.0,
) -> None:
    """Draws (quality, rate, value) of a candidate in the color of its row; the reference dashed."""
    axis.plot(
        [rate for _, rate, _ in points],
        [value for _, _, value in points],
        color=REFERENCE_COLOR if is_reference else COLORS[row % len(COLORS)],
        linestyle="--" if is_reference else "-",
        marker=marker,
        markersize=2.5,
        linewidth=linewidth,
        label=entry.label,
    )


def _mean_curves(results: Results, name: str) -> Any:
    metric = _metric(results, name)
    figure, axis = _figure(figsize=(6.0, 4.4))
    entries = [*results.candidates, results.reference]
    for row, entry in enumerate(entries):
        mean = average_curve(collect_curves(results, entry, name))
        _plot_curve(
            axis, mean, entry, row, is_reference=entry is results.reference, marker="o", linewidth=1.4
        )
    _rate_axis(axis, 0.18, 3.0)
    axis.set_ylabel(_axis_label(metric))
    if not metric.higher_is_better:
        axis.invert_yaxis()
    axis.legend(fontsize=8)
    return figure


def _size_change(results: Results, name: str) -> Any:
    metric = _metric(results, name)
    figure, axis = _figure(figsize=(6.0, 4.4))
    rates = np.geomspace(0.15, 2.6, 60)
    base = collect_curves(results, results.reference, name)
    for row, candidate in enumerate(results.candidates):
        change = average_size_change(
            base, collect_curves(results, candidate, name), rates, higher_is_better=metric.higher_is_better
        )
        axis.plot(rates, change, color=COLORS[row % len(COLORS)], linewidth=1.6, label=candidate.label)
    axis.axhline(0, color=REFERENCE_COLOR, linestyle="--", linewidth=1.2)
    headline = results.ranges[0]
    axis.axvspan(headline.low_bpp, headline.high_bpp, color="#f3f6fa", zorder=0)
    _rate_axis(axis, 0.15, 2.6)
    axis.set_xlabel("bits per pixel of plain JPEG (shaded: headline range)")
    axis.set_ylabel(f"change of file size at equal {metric.label} (%)")
    axis.legend(fontsize=8)
    return figure


def _by_picture(results: Results, name: str) -> Any:
    metric = _metric(results, name)
    entries = [*results.candidates, results.reference]
    by_entry = [collect_curves(results, entry, name) for entry in entries]
    pictures = [picture.name for picture in results.pictures][:_MOST_PICTURES]
    columns = min(4, len(pictures)) or 1
    rows = -(-len(pictures) // columns) or 1
    width, height = 2.6 * columns + 0.4, 2.0 * rows + 0.7
    # Margins by hand: measuring every label of dozens of panels takes longer than drawing them.
    figure, axes = _figure(rows, columns, figsize=(width, height), squeeze=False, layout=None)
    figure.subplots_adjust(
        left=0.75 / width,
        right=1 - 0.12 / width,
        bottom=0.55 / height,
        top=1 - 0.62 / height,
        wspace=0.24,
        hspace=0.32,
    )
    for axis in axes.flat[len(pictures) :]:
        axis.set_visible(False)
    for axis, picture in zip(axes.flat, pictures, strict=False):
        for row, (entry, found) in enumerate(zip(entries, by_entry, strict=True)):
            points = found.get(picture, [])
            _plot_curve(axis, points, entry, row, is_reference=entry is results.reference)
        _rate_axis(axis, None, None)
        axis.set_xlabel("")
        # A name may hold bytes that are no text, and dollar signs, between which Matplotlib expects formulas.
        axis.set_title(printable(picture)[-28:], fontsize=8, parse_math=False)
        axis.tick_params(labelsize=7)
        if not metric.higher_is_better:
            axis.invert_yaxis()
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=min(4, len(labels)), fontsize=8)
    figure.supxlabel("bits per pixel", fontsize=9, y=0.08 / height)
    figure.supylabel(_axis_label(metric), fontsize=9, x=0.06 / width)
    return figure


def _rate_axis(axis: Any, low: float | None, high: float | None) -> None:
    axis.set_xscale("log")
    if low and high:
        axis.set_xlim(low, high)
    ticks = [0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 3, 5]
    if not low:
        ticks = [0.1, 0.2, 0.5, 1, 2, 5]
    limits = axis.get_xlim()
    axis.set_xticks([tick for tick in ticks if limits[0] <= tick <= limits[1]])
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("")
    axis.xaxis.set_minor_locator(
        require("matplotlib.ticker", extra="evaluate", purpose="Plots").NullLocator()
    )
    axis.set_xlabel("bits per pixel")
