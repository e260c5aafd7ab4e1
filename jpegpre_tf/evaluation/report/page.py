"""The report's page: one HTML file that holds everything and loads nothing."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from jpegpre_tf.evaluation.metrics import METRICS
from jpegpre_tf.evaluation.report.crops import Crops, choose_crop_metric
from jpegpre_tf.evaluation.report.tables import comparison_table, format_signed, picture_table
from jpegpre_tf.evaluation.results import CandidateResult, MetricRecord, Results
from jpegpre_tf.runtime.pages.wipe import render_template

# Below this a mean says little about the whole range, and the page says so.
LOW_COVERAGE = 0.9


def page(results: Results, plots: Mapping[str, Path], crops: Sequence[Crops]) -> str:
    """Returns the page.

    Args:
        results: Results of `evaluate`; the page is about the first candidate.
        plots: Files that `write_plots` wrote.
        crops: Crops of the first candidate, best pictures first.
    """
    main, *_ = results.candidates
    headline = results.headline
    count = len(results.pictures)
    folders = ", ".join(results.inputs)
    parts = {
        "title": escape(f"{main.label} against plain JPEG"),
        "set": escape(f"{count} picture{'s' if count != 1 else ''} ({folders})"),
        "quality_count": str(len(results.qualities)),
        "failures": _failures(results),
        "cards": "".join(_card(results, main, metric) for metric in results.metrics),
        "range_buttons": "".join(
            _button(f"range-{index}", f"{limits.name} bpp", first=index == 0)
            for index, limits in enumerate(results.ranges)
        ),
        "tables": "".join(
            f'<div id="range-{index}" class="wide">{comparison_table(results, limits.name)}</div>'
            for index, limits in enumerate(results.ranges)
        ),
        "coverage_note": _coverage_note(results),
        "bd_rate_plot": _embed(plots["bd_rate"]),
        "metric_buttons": "".join(
            _button(f"metric-{metric.name}", metric.label, first=metric is choose_crop_metric(results))
            for metric in results.metrics
        ),
        "plots": "".join(_plots(metric, plots) for metric in results.metrics),
        "looks": _looks(crops, main),
        "headline": escape(headline),
        "pictures": "".join(
            f"<details{' open' if entry is main else ''}><summary>{escape(entry.label)}</summary>"
            f'<div class="wide">{picture_table(results, entry)}</div></details>'
            for entry in results.candidates
        ),
        "qualities": ", ".join(map(str, results.qualities)),
        "ranges": escape(", ".join(limits.name for limits in results.ranges)),
        "encoders": "".join(_row_of(entry) for entry in [results.reference, *results.candidates]),
        "metrics": "".join(_metric_row(metric) for metric in results.metrics),
        "reference": escape(results.reference.label),
        "picture_list": escape(", ".join(f"{p.name} ({p.width}x{p.height})" for p in results.pictures)),
        "version": escape(results.package_version),
        "started": escape(results.started.replace("T", " ")),
    }
    return render_template(Path(__file__).with_suffix(".html"), parts)


def _card(results: Results, entry: CandidateResult, metric: MetricRecord) -> str:
    summary = entry.bd_rate[metric.name][results.headline]
    label = escape(metric.label)
    if summary is None:
        return f'<div class="card">{label}<b>-</b><small>no overlap</small></div>'
    low, high = summary.interval
    # Coloured only where the interval is on one side: else it may be nothing.
    tone = "good" if high < 0 else "bad" if low > 0 else ""
    wins = round(summary.win_rate * summary.pictures)
    return (
        f'<div class="card {tone}">{label}<b>{format_signed(summary.mean)} %</b>'
        f"<small>{format_signed(low)} to {format_signed(high)}<br>smaller on {wins} of {summary.pictures}<br>"
        f"worst {format_signed(summary.worst)}</small></div>"
    )


def _coverage_note(results: Results) -> str:
    headline = results.headline
    partial = []
    for entry in results.candidates:
        covered = {
            metric.label: summary.coverage
            for metric in results.metrics
            if (summary := entry.bd_rate[metric.name][headline]) and summary.coverage < LOW_COVERAGE
        }
        if covered:
            shares = ", ".join(f"{label} {100 * share:.0f} %" for label, share in covered.items())
            partial.append(f"{entry.label} ({shares})")
    if not partial:
        return ""
    return escape(
        "Compared on part of the headline range only, because at these qualities the row's files do not "
        f"reach all of the reference's scores there: {'; '.join(partial)}."
    )


def _failures(results: Results) -> str:
    if not results.failures:
        return ""
    lines = "<br>".join(escape(f"{f.picture}: {f.error}") for f in results.failures)
    return f'<p class="bad-news"><b>{len(results.failures)} failed and are left out</b><br>{lines}</p>'


def _button(shows: str, text: str, *, first: bool) -> str:
    mark = " data-first" if first else ""
    return f'<button type="button" data-shows="{escape(shows)}"{mark}>{escape(text)}</button>'


def _plots(metric: MetricRecord, plots: Mapping[str, Path]) -> str:
    name, label = metric.name, escape(metric.label)
    return (
        f'<div id="metric-{name}"><div class="plots">'
        f'<figure><img src="{_embed(plots[f"rd_{name}"])}" alt="Rate-distortion, {label}">'
        f"<figcaption>{label}, mean over pictures at each quality</figcaption></figure>"
        f'<figure><img src="{_embed(plots[f"change_{name}"])}" alt="Change of size at equal {label}">'
        f"<figcaption>Change of size at equal {label}, mean over pictures</figcaption></figure></div>"
        f"<details><summary>{label}, picture by picture</summary>"
        f'<figure class="chart"><img loading="lazy" src="{_embed(plots[f"pictures_{name}"])}" '
        f'alt="Rate-distortion of each picture, {label}"></figure></details></div>'
    )


def _looks(crops: Sequence[Crops], main: CandidateResult) -> str:
    if not crops:
        return ""
    figures = "".join(_look(crop, main.label) for crop in crops)
    return f"""<h2>See for yourself</h2>
<p>The best and the worst pictures, each where the two files differ most. The plain JPEG was given at least as
many bytes. Crops are enlarged, and stored without loss.</p>
{figures}"""


def _look(crop: Crops, label: str) -> str:
    shown = (
        (crop.original, "Original", ""),
        (crop.plain, "Plain JPEG", crop.plain_text),
        (crop.edited, label, crop.edited_text),
    )
    figures = "".join(
        f'<figure><img src="{_embed(path)}" alt="{escape(title)}">'
        f"<figcaption><b>{escape(title)}</b>{escape(text)}</figcaption></figure>"
        for path, title, text in shown
    )
    gain = f"{crop.rank} {format_signed(crop.percent)} % on {escape(crop.metric)}"
    return (
        f'<div class="look"><h3>{escape(crop.picture)} <small>{gain}</small></h3>'
        f'<div class="crops">{figures}</div></div>'
    )


def _row_of(entry: CandidateResult) -> str:
    encoder = entry.encoder
    pixels = "untouched"
    if entry.filter:
        pixels = "; ".join(entry.filter.parameters.values())
        pixels = ": ".join(text for text in (entry.filter.library, pixels) if text)
    elif entry.model:
        hashes = [f"{key} sha256 {value[:12]}" for key, value in entry.model.items() if len(value) == 64]
        path = [f"by {entry.path}"] if entry.path else []
        pixels = f"strength {entry.strengths[0]:g}; {', '.join([*path, *hashes])}"
    cells = (f"{encoder['name']} {encoder['version']}", encoder["flags"], pixels)
    return (
        f"<tr><th>{escape(entry.label)}</th>"
        + "".join(f"<td>{escape(text)}</td>" for text in cells)
        + "</tr>"
    )


def _metric_row(metric: MetricRecord) -> str:
    what = (METRICS[metric.name].__doc__ or "").strip().split("\n")[0]
    return (
        "<tr>"
        + "".join(f"<td>{escape(text)}</td>" for text in (metric.label, what, metric.version))
        + "</tr>"
    )


def _embed(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
