"""Finds measured numbers in README, docs and the READMEs of export/ that nothing stands behind.

A section that states measurements (a table of numbers; sizes, times, levels and percentages in prose) must say where
they are from: a table drawn from results/, or a command that prints them (a measuring `jpegpre VERB`, `python
tools/...`, `make TARGET`, `npm run ...`, a file of tests/), in the section itself or in what introduces a section
around it. Percentages with a sign in README.md are those of results/, rounded, wherever they stand.

    python tools/docs/number_sources.py
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = {"cli.md"}  # by tools/docs/cli_reference.py, from the parsers
_COMMAND = re.compile(
    r"jpegpre (evaluate|simulate|compare|export|optimize|batch|demo) |python (tools|tests|examples|export)/"
    r"|\bmake [a-z]+|npm (run|test)|tools/\w+/\w+\.py|tests/[\w/]+|<!-- results:"
)
_NUMBER = r"[-+]?\d[\d,]*(\.\d+)?"
_MEASURED = re.compile(
    rf"(?<![\w.`-]){_NUMBER} ?(%|dB|m?s/MP|m?s\b|[kMG]B/s|[kMG]B\b|ppm|pictures/s|points?\b|levels?\b"
    r"|seconds\b|minutes\b|hours\b|times\b)"
)
# Headings of what a call takes: its tables hold defaults.
_ARGUMENTS = re.compile(r"^`.*options\)`$")
_SIGNED = re.compile(r"(?<![\w.`-])([-+]\d+\.\d) ?%")
_ROW = re.compile(rf"^\|.*\|\s*\**{_NUMBER}\**\s*\|", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# What is typed: values of options are no measurements.
_CODE = re.compile(r"`[^`]*`|^ {4}.*$", re.MULTILINE)
_DRAWN = re.compile(r"<!-- results:.*?<!-- /results -->", re.DOTALL)


def sections_of(text: str) -> Iterator[tuple[list[str], str]]:
    """(headings that enclose it, outermost first, and its own; its text) for each section."""
    stack: list[tuple[int, str, str]] = []
    parts = re.split(r"^(#{1,6}) +(.*)$", _FENCE.sub("", text), flags=re.MULTILINE)
    for mark, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        stack = [entry for entry in stack if entry[0] < len(mark)] + [(len(mark), title, body)]
        yield [entry[1] for entry in stack], "".join(entry[2] for entry in stack[:-1]) + "\0" + body


def documents(root: Path) -> list[Path]:
    """README, docs and what export/ has, but for what is made from the code."""
    return [
        root / "README.md",
        *sorted(path for path in (root / "docs").glob("**/*.md") if path.name not in MADE),
        *sorted(root.glob("export/*/README.md")),
    ]


def baseless_sections(text: str) -> list[str]:
    """Titles of sections with measurements and nothing that they are from."""
    found = []
    for titles, content in sections_of(text):
        own = _DRAWN.sub("", content.split("\0")[1])
        if _ARGUMENTS.search(titles[-1]):
            continue
        if (_MEASURED.search(_CODE.sub("", own)) or _ROW.search(own)) and not _COMMAND.search(content):
            found.append(" / ".join(titles))
    return found


def results_of(root: Path) -> set[str]:
    """Every mean BD-rate of results/, as it is written: "-8.8"."""
    means = set()
    for path in (root / "results").glob("*/*.json"):
        for candidate in json.loads(path.read_text(encoding="utf-8"))["candidates"]:
            ranges = (summary for metric in candidate["bd_rate"].values() for summary in metric.values())
            means |= {f"{summary['mean']:+.1f}" for summary in ranges if summary}
    return means


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout")
    root = parser.parse_args(argv).root
    lines = []
    for path in documents(root):
        for title in baseless_sections(path.read_text(encoding="utf-8")):
            lines.append(
                f"{path.relative_to(root)}: {title}: expected a command that prints its numbers, or results/"
            )
    known = results_of(root)
    for number in _SIGNED.findall((root / "README.md").read_text(encoding="utf-8")):
        if number not in known:
            lines.append(f"README.md: {number} %: expected a number of results/")
    print("\n".join(lines) or "every number is from results/ or has its command")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
