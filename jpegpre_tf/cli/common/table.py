"""One table for people: drawn by rich on a terminal, plain columns anywhere else."""

import sys
from collections.abc import Sequence


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], totals: Sequence[str] | None = None
) -> None:
    """Prints a table on stdout; the first column is text, the others are numbers, right-aligned."""
    if sys.stdout.isatty():
        _print_rich(header, rows, totals)
    else:
        print(plain_table(header, rows, totals))


def plain_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], totals: Sequence[str] | None = None
) -> str:
    """Returns the table as lines of columns separated by two spaces, nothing cut off."""
    lines = [header, *rows, *([totals] if totals else [])]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    texts = [
        "  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(cells))
        for cells in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    texts.insert(1, rule)
    if totals:
        texts.insert(-1, rule)
    return "\n".join(text.rstrip() for text in texts)


def _print_rich(header: Sequence[str], rows: Sequence[Sequence[str]], totals: Sequence[str] | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_footer=totals is not None)
    for i, name in enumerate(header):
        table.add_column(
            Text(name),
            Text(totals[i]) if totals else "",
            justify="right" if i else "left",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a file name may hold rich's [markup]
    Console().print(table)
