"""Writing results: results.json, results.csv, and the table for the terminal and for a README.

results.json (schema 1), one object:
    schema, jpegpre_tf, started, seconds, points_measured, points_from_cache
    inputs: names of the folders and files given
    pictures: [{name, width, height, sha256 of size and RGB levels}]
    qualities, ranges: [{low_bpp, high_bpp, name}], the headline range first
    metrics: [{name, label, unit, higher_is_better, version}]
    reference: {key, label, kind, encoder: {name, version, flags}, strengths, envelope, points}
    candidates: [as reference, and
        model: {file -> sha256} or filter: {name, library, parameters: {strength -> text}}
        bd_rate: {metric -> {range -> summary or null}}; a summary is {mean, interval: [low, high], win_rate,
            best, best_picture, worst, worst_picture, pictures, missing, coverage}, rates in percent, negative
            is smaller (see evaluation/statistics.py)
        bd_rate_by_picture: {picture -> {metric -> {range -> percent or null}}}
        chosen_strengths: {picture -> {metric -> {quality -> strength}}}, envelopes only
        points: {picture -> [{quality, strength, size_bytes, rate_bpp, metrics: {name -> value or null}}]}]
    failures: [{picture, candidate or null, error}]
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jpegpre_tf.evaluation.cache import write_text
from jpegpre_tf.storage.names import csv_cell


def write_results(results: Mapping[str, Any], folder: Path) -> None:
    """Writes results.json, results.csv and table.md into `folder`, which is made if needed."""
    write_text(folder / "results.json", json.dumps(results, indent=1))
    write_text(folder / "results.csv", to_csv(results))
    write_text(folder / "table.md", markdown(results))


def to_csv(results: Mapping[str, Any]) -> str:
    """One line per measured file, the reference's first."""
    names = [metric["name"] for metric in results["metrics"]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["candidate", "picture", "encoder", "quality", "strength", "size_bytes", "rate_bpp", *names]
    )
    for entry in [results["reference"], *results["candidates"]]:
        for picture, points in entry["points"].items():
            for point in points:
                values = [point[key] for key in ("quality", "strength", "size_bytes", "rate_bpp")]
                scores = [point["metrics"][name] for name in names]
                texts = [csv_cell(text) for text in (entry["key"], picture, entry["encoder"]["name"])]
                writer.writerow([*texts, *values, *scores])
    return out.getvalue()


def markdown(results: Mapping[str, Any]) -> str:
    """The headline table as Markdown, for a README: BD-rates in percent on the headline range."""
    headline = results["ranges"][0]["name"]
    lines = [
        f"| BD-rate %, {headline} bpp | "
        + " | ".join(metric["label"] for metric in results["metrics"])
        + " |",
        "|---|" + "---:|" * len(results["metrics"]),
    ]
    for candidate in results["candidates"]:
        summaries = [candidate["bd_rate"][metric["name"]][headline] for metric in results["metrics"]]
        cells = ["-" if summary is None else f"{summary['mean']:+.1f}" for summary in summaries]
        lines.append(f"| {candidate['label']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def table(results: Mapping[str, Any], range_name: str | None = None) -> str:
    """BD-rates in percent as text: candidates down, metrics across; headline range by default."""
    chosen = range_name or results["ranges"][0]["name"]
    header = [f"BD-rate %, {chosen} bpp", *(metric["label"] for metric in results["metrics"])]
    rows = [header]
    for candidate in results["candidates"]:
        cells = []
        for metric in results["metrics"]:
            summary = candidate["bd_rate"][metric["name"]][chosen]
            cells.append("-" if summary is None else f"{summary['mean']:+.2f}")
        rows.append([candidate["label"], *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    count = len(results["pictures"])
    lines.append(f"{count} pictures; reference: {results['reference']['label']}; negative is smaller files")
    return "\n".join(lines)
