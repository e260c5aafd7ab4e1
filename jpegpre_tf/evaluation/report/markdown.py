"""Tables and plots in Markdown, written from committed results between markers.

    <!-- results:kodak show=mean range=0.2-1.5 rows=profile:balanced;encoder:mozjpeg metrics=psnr_y;ssim -->
    (the table)
    <!-- /results -->

`show`: "mean"; "interval", the mean with its 95 % interval; "wins", pictures that got smaller; "worst", the worst
picture; "ranges", one row for each candidate and range; "plot", a plot of the mean, which needs `file=`, a PNG file
beside the Markdown file or below it. `range` is the headline range by default, `rows` and `metrics` are all there are.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.report.plots import bd_rate_fingerprint, read_fingerprint, write_bd_rate_plot
from jpegpre_tf.evaluation.results import CandidateResult, PublishedSet, Results, Summary
from jpegpre_tf.storage.names import printable_path

_BLOCK = re.compile(
    r"(?P<begin><!-- results:(?P<set>[\w-]+)(?P<options>[^>]*?) -->\n)(?P<body>.*?)(?P<end><!-- /results -->)",
    re.S,
)
_OPTIONS = ("show", "range", "rows", "metrics", "file")
_PLOT = "plot"
_RANGES = "ranges"


def _show_mean(summary: Summary) -> str:
    return f"{summary.mean:+.1f}"


def _show_interval(summary: Summary) -> str:
    low, high = summary.interval
    return f"{summary.mean:+.1f} ({low:+.1f} to {high:+.1f})"


def _show_wins(summary: Summary) -> str:
    return f"{round(summary.win_rate * summary.pictures)} of {summary.pictures}"


def _show_worst(summary: Summary) -> str:
    return f"{summary.worst:+.1f} ({summary.worst_picture})"


_CELLS: dict[str, Callable[[Summary], str]] = {
    "mean": _show_mean,
    "interval": _show_interval,
    "wins": _show_wins,
    "worst": _show_worst,
    _RANGES: _show_mean,
}


@dataclass(frozen=True)
class Block:
    """One marked place of a Markdown file.

    Attributes:
        text: The Markdown file's text between the markers.
        wanted: What should be there.
        plot: File of the plot, None for a table.
        results: What is shown.
    """

    text: str
    wanted: str
    plot: Path | None
    results: Results

    def is_current(self) -> bool:
        """Whether text and plot show the results."""
        drawn = self.plot is None or read_fingerprint(self.plot) == bd_rate_fingerprint(self.results)
        return drawn and self.text == self.wanted


def find_blocks(markdown: Path, results: Path) -> list[Block]:
    """Returns the marked places of a Markdown file.

    Args:
        markdown: The file.
        results: Folder with one folder for each set of results.

    Raises:
        UsageError: If a marker cannot be understood, or its results are not there.
    """
    text = markdown.read_text(encoding="utf-8")
    if text.count("<!-- results:") != len(_BLOCK.findall(text)):
        raise UsageError(
            f"'{printable_path(markdown)}' has a results marker without its end, <!-- /results -->"
        )
    return [_read_block(match, markdown, results) for match in _BLOCK.finditer(text)]


def update_markdown(markdown: Path, results: Path) -> bool:
    """Writes tables and plots of a Markdown file anew; returns whether anything changed."""
    blocks = find_blocks(markdown, results)
    if all(block.is_current() for block in blocks):
        return False
    for block in blocks:
        if block.plot is not None:
            write_bd_rate_plot(block.results, block.plot)
    wanted = iter(blocks)
    text = markdown.read_text(encoding="utf-8")
    text = _BLOCK.sub(lambda match: match["begin"] + next(wanted).wanted + match["end"], text)
    markdown.write_text(text, encoding="utf-8")
    return True


def _read_block(match: re.Match[str], markdown: Path, results: Path) -> Block:
    options = dict(word.partition("=")[::2] for word in match["options"].split())
    unknown = set(options) - set(_OPTIONS)
    show = options.get("show", "mean")
    if unknown or show not in (*_CELLS, _PLOT) or (show == _PLOT) != ("file" in options):
        raise UsageError(
            f"'{printable_path(markdown)}': cannot understand the marker {match['begin'].strip()}"
        )
    keys, metrics = (tuple(filter(None, options.get(name, "").split(";"))) for name in ("rows", "metrics"))
    selected = PublishedSet(results / match["set"]).select(keys, metrics)
    ranges = [limits.name for limits in selected.ranges]
    chosen = options.get("range", selected.headline)
    if chosen not in ranges:
        raise UsageError(f"'{printable_path(markdown)}': no range {chosen!r}; there are: {', '.join(ranges)}")
    if show == _PLOT:
        plot = markdown.parent / options["file"]
        count = len(selected.pictures)
        wanted = f"![BD-rate in percent, {count} pictures, {selected.headline} bpp]({options['file']})\n"
        return Block(match["body"], wanted, plot, selected)
    wanted = _render_table(selected, show, ranges if show == _RANGES else [chosen])
    return Block(match["body"], wanted, None, selected)


def _render_table(results: Results, show: str, ranges: list[str]) -> str:
    columns = [metric.label for metric in results.metrics]
    first = ["", "bpp"] if show == _RANGES else [""]
    lines = [
        ("| " + " | ".join([*first, *columns]) + " |").replace("|  |", "| |"),
        "| " + " | ".join(["---"] * len(first) + ["---:"] * len(columns)) + " |",
    ]
    for candidate in results.candidates:
        for name in ranges:
            cells = [_render_cell(candidate, metric.name, name, show) for metric in results.metrics]
            head = [_render_label(candidate), name] if show == _RANGES else [_render_label(candidate)]
            lines.append("| " + " | ".join([*head, *cells]) + " |")
    return "\n".join(lines) + "\n"


def _render_label(candidate: CandidateResult) -> str:
    return f"**`{candidate.label}`**" if candidate.kind == "profile" else candidate.label


def _render_cell(candidate: CandidateResult, metric: str, range_name: str, show: str) -> str:
    summary = candidate.bd_rate.get(metric, {}).get(range_name)
    return "-" if summary is None else _CELLS[show](summary)
