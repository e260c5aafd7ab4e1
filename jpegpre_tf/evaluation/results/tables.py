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


def bd_rate_cells(results: Results, range_name: str | None = None) -> list[list[str]]:
    """BD-rates in percent: a header, then candidates down, metrics across; headline range by default."""
    chosen = range_name or results.headline
    header = ["BD-rate %", *(metric.label for metric in results.metrics)]
    return [header, *([label, *cells] for label, cells in _rows(results, chosen, 2))]


def _rows(results: Results, range_name: str, digits: int) -> list[tuple[str, list[str]]]:
    rows = []
    for candidate in results.candidates:
        summaries = [candidate.bd_rate[metric.name][range_name] for metric in results.metrics]
        cells = ["-" if summary is None else f"{summary.mean:+.{digits}f}" for summary in summaries]
        rows.append((candidate.label, cells))
    return rows
