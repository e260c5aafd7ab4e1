"""Progress on stderr: a bar with the time left on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

_SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """Context manager with `update(done, total)`.

    Args:
        unit: What is counted, for example "points".
    """

    def __init__(self, unit: str):
        self._unit = unit
        self._console = Console(stderr=True)
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = (
            Bar(*columns, console=self._console, transient=True) if self._console.is_terminal else None
        )
        self._task = self._bar.add_task("", total=None) if self._bar else None
        self._begin = self._last = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Shows that `done` of `total` are there; those of the first call do not count for the speed."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
            return
        now = time.monotonic()
        if self._first is None:
            self._first, self._begin = done, now
        if now - self._last >= _SECONDS_BETWEEN_LINES and done > self._first:
            self._last = now
            left = (now - self._begin) / (done - self._first) * (total - done)
            print(f"{done} of {total} {self._unit}, about {_clock(left)} left", file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
