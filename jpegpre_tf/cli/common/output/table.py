"""One table for people: as wide and high as a terminal, whole anywhere else."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

# Fewer columns of a name than this say nothing: then a column of numbers has to go.
_LEAST_NAME = 16
# Lines around the rows: header, two rules, totals, the number left out, two sentences of two lines, the prompt.
_OTHER_LINES = 10


def print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    totals: Sequence[str] | None = None,
    *,
    most_rows: int | None = None,
) -> None:
    """Prints a table on stdout; the first column is text, the others are numbers, right-aligned.

    On a terminal names are cut in the middle and the last columns are left out where there is no room for them;
    numbers are never cut. Elsewhere all is printed, however wide.

    Args:
        header, rows, totals: Cells, all of the same number.
        most_rows: More are counted instead; None prints all.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    left_out = 0 if most_rows is None else max(0, len(rows) - most_rows)
    if left_out:
        rows = rows[:most_rows]
    print(plain_table(header, rows, totals, width=width, left_out=left_out))


def screen_rows() -> int | None:
    """Returns how many rows of a table a screen holds beside what is around them; None if it is no screen."""
    return max(5, shutil.get_terminal_size().lines - _OTHER_LINES) if sys.stdout.isatty() else None


def print_paragraph(text: str, *, indent: int = 0) -> None:
    """Prints text on stdout, broken between words, never in one, where a terminal is too narrow for it.

    Args:
        text: One line.
        indent: Spaces before every line.
    """
    space = " " * indent
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        lines = textwrap.wrap(text, width - indent, break_long_words=False, break_on_hyphens=False)
    else:
        lines = [text]
    print(*(space + line for line in lines), sep="\n")


def plain_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    totals: Sequence[str] | None = None,
    *,
    width: int | None = None,
    left_out: int = 0,
) -> str:
    """Returns the table as lines of columns separated by two spaces, no wider than `width` if that is possible."""
    lines = [header, *rows, *([totals] if totals else [])]
    widths = [max(cell_len(line[i]) for line in lines) for i in range(len(header))]
    if width is not None:
        while len(widths) > 2 and width - sum(w + 2 for w in widths[1:]) < min(_LEAST_NAME, widths[0]):
            widths.pop()
        widths[0] = max(1, min(widths[0], width - sum(w + 2 for w in widths[1:])))
    texts = [
        "  ".join(
            _pad(cell, w, is_right=i > 0) for i, (cell, w) in enumerate(zip(line, widths, strict=False))
        ).rstrip()
        for line in lines
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    texts.insert(1, rule)
    end = len(texts) - 1 if totals else len(texts)
    if left_out:
        texts.insert(end, f"... and {left_out:,} more")
        end += 1
    if totals:
        texts.insert(end, rule)
    return "\n".join(texts)


def _pad(cell: str, width: int, *, is_right: bool) -> str:
    room = width - cell_len(cell)
    if room >= 0:
        return " " * room + cell if is_right else cell + " " * room
    # The end of a name tells more than its middle.
    tail = min(width // 2, max(0, width - 4))
    head = set_cell_size(cell, max(0, width - tail - 3))
    end = cell[::-1]
    kept = ""
    for letter in end:
        if cell_len(kept) + cell_len(letter) > tail:
            break
        kept = letter + kept
    return set_cell_size(f"{head}...{kept}", width)
