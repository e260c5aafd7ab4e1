"""Results as tables: all files as CSV, the headline as Markdown and as text."""

import csv
import io

from jpegpre_tf.evaluation.results.results import Results
from jpegpre_tf.storage.names import csv_cell


def render_csv(results: Results) -> str:
    """One line per measured file, the reference's first."""
    names = [metric.name for metric in results.metrics]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["candidate", "picture", "encoder", "quality", "strength", "size_bytes", "rate_bpp", *names]
    )
    for entry in [results.reference, *results.candidates]:
        for picture, result in entry.pictures.items():
            for point in result.points:
                values = [point.quality, point.strength, point.size_bytes, point.rate_bpp]
                scores = [point.metrics[name] for name in names]
                texts = [csv_cell(text) for text in (entry.key, picture, entry.encoder["name"])]
                writer.writerow([*texts, *values, *scores])
    return out.getvalue()


def render_markdown(results: Results, range_name: str | None = None) -> str:
    """BD-rates in percent as Markdown, for a README: candidates down, metrics across; headline range by default."""
    chosen = range_name or results.headline
    lines = [
        f"| BD-rate %, {chosen} bpp | " + " | ".join(metric.label for metric in results.metrics) + " |",
        "|---|" + "---:|" * len(results.metrics),
    ]
    for label, cells in _rows(results, chosen, 1):
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def render_text(results: Results, range_name: str | None = None) -> str:
    """BD-rates in percent as text: candidates down, metrics across; headline range by default."""
    chosen = range_name or results.headline
    rows = [[f"BD-rate %, {chosen} bpp", *(metric.label for metric in results.metrics)]]
    rows += [[label, *cells] for label, cells in _rows(results, chosen, 2)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    count = len(results.pictures)
    lines.append(f"{count} pictures; reference: {results.reference.label}; negative is smaller files")
    return "\n".join(lines)


def _rows(results: Results, range_name: str, digits: int) -> list[tuple[str, list[str]]]:
    rows = []
    for candidate in results.candidates:
        summaries = [candidate.bd_rate[metric.name][range_name] for metric in results.metrics]
        cells = ["-" if summary is None else f"{summary.mean:+.{digits}f}" for summary in summaries]
        rows.append((candidate.label, cells))
    return rows
