"""Tables of a report's page."""

from collections.abc import Sequence
from html import escape

from jpegpre_tf.evaluation.results import CandidateResult, Results

# Percent at which a cell's colour is full.
_FULL_COLOR = 20.0


def format_signed(percent: float) -> str:
    """For example "+1.2" or "-3.4", with a true minus sign; "0.0" without a sign."""
    text = f"{abs(percent):.1f}"
    return text if text == "0.0" else ("+" if percent > 0 else "\N{MINUS SIGN}") + text


def cell(percent: float | None, below: str = "") -> str:
    """A table cell, green for smaller files and orange for larger ones."""
    if percent is None:
        return "<td>-</td>"
    tone = "good" if percent < 0 else "bad"
    alpha = 0.34 * min(1.0, abs(percent) / _FULL_COLOR)
    small = f"<small>{escape(below)}</small>" if below else ""
    return f'<td style="background: rgba(var(--{tone}), {alpha:.2f})">{format_signed(percent)}{small}</td>'


def comparison_table(results: Results, range_name: str) -> str:
    """Candidates down, metrics across: mean, and below it the interval."""
    head = "".join(f"<th>{escape(metric.label)}</th>" for metric in results.metrics)
    rows = []
    for index, entry in enumerate(results.candidates):
        cells = []
        for metric in results.metrics:
            summary = entry.bd_rate[metric.name][range_name]
            if summary is None:
                cells.append(cell(None))
            else:
                low, high = summary.interval
                cells.append(cell(summary.mean, f"{format_signed(low)} to {format_signed(high)}"))
        mark = ' class="main"' if index == 0 else ""
        rows.append(f"<tr{mark}><th>{escape(entry.label)}</th>{''.join(cells)}</tr>")
    return _table(f"{range_name} bpp", head, rows)


def picture_table(results: Results, entry: CandidateResult) -> str:
    """Pictures down, metrics across, on the headline range."""
    headline = results.headline
    head = "".join(f"<th>{escape(metric.label)}</th>" for metric in results.metrics)
    rows = []
    for picture in results.pictures:
        cells = "".join(
            cell(entry.percent(picture.name, metric.name, headline)) for metric in results.metrics
        )
        rows.append(f"<tr><th>{escape(picture.name)}</th>{cells}</tr>")
    return _table("Picture", head, rows)


def _table(corner: str, head: str, rows: Sequence[str]) -> str:
    body = "".join(rows)
    return f"<table><thead><tr><th>{escape(corner)}</th>{head}</tr></thead><tbody>{body}</tbody></table>"
