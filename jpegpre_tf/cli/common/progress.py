"""A progress bar on stderr where a person watches, lines on stderr in any case."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """What a verb reports to while it works."""

    def log(self, message: str) -> None:
        """Prints one line on stderr."""

    def advance(self) -> None:
        """One more piece of work is done."""


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Progress]:
    """Shows a bar while the block runs if stderr is a terminal and there is more than one piece of work.

    None: how much there is is not known beforehand.
    """
    if (total is None or total > 1) and sys.stderr.isatty():
        with _bar(total, what) as bar:
            yield bar
    else:
        yield _Lines()


class _Lines:
    def log(self, message: str) -> None:
        print(message, file=sys.stderr)

    def advance(self) -> None:
        pass


@contextmanager
def _bar(total: int | None, what: str) -> Iterator[Progress]:
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.text import Text

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)

        class _Bar:
            def log(self, message: str) -> None:
                shown.console.print(Text(message), soft_wrap=True)

            def advance(self) -> None:
                shown.advance(task)

        yield _Bar()
