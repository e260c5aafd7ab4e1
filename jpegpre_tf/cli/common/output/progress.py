"""Progress on stderr: a bar with rate and time left on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from jpegpre_tf.cli.common.output.messages import print_line
from jpegpre_tf.cli.common.output.units import count_of
from jpegpre_tf.storage.names import printable

_SECONDS_BETWEEN_LINES = 30.0


# Bars that are on the terminal.
_drawn: "set[Progress]" = set()


def stop_drawing(stream: TextIO) -> None:
    """Gives the terminal its cursor and its line back, when the process ends while a bar is drawn."""
    if _drawn:
        stream.write("\x1b[?25h\r\x1b[2K")


class Progress:
    """Context manager that tells how far a run is.

    Args:
        unit: What is counted, a plural: "pictures", "points".
        total: How many there are; None if that is not known, or not yet.
        is_shown: False prints nothing but `log`. A bar is drawn only where stderr is a terminal that stdout does not
            share with lines of its own.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        unit: str,
        total: int | None = None,
        *,
        is_shown: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit = unit
        self._total = total
        self._clock = clock
        self._done = 0
        self._is_shown = is_shown
        self._begin = self._last = clock()
        self._first = 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Progress":
        if self._is_shown and self._total != 1 and sys.stderr.isatty():
            self._bar = _make_bar(self._unit)
            self._task = self._bar.add_task("", total=self._total, rate="")
            self._bar.start()
            _drawn.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
            _drawn.discard(self)

    def log(self, line: str) -> None:
        """Prints one line on stderr."""
        if self._bar:
            from rich.text import Text

            self._bar.console.print(Text(printable(line)), soft_wrap=True)
        else:
            print_line(line)

    def advance(self) -> None:
        """One more is done."""
        self._show(self._done + 1)

    def update(self, done: int, total: int) -> None:
        """Shows that `done` of `total` are there; those of the first call do not count for the speed."""
        if self._total is None and self._done == 0:
            self._first, self._begin = done, self._clock()
        self._total = total
        self._show(done)

    def set_total(self, total: int) -> None:
        """Says how many there are, when that is found out."""
        self._total = total
        if self._bar:
            self._bar.update(self._task, total=total)

    def describe(self) -> str:
        """Returns how far it is: number, rate and time left, as far as they are known."""
        seconds = self._clock() - self._begin
        done = self._done - self._first
        unit = self._unit.removesuffix("s")
        parts = [
            count_of(self._done, unit)
            if self._total is None
            else f"{self._done:,} of {count_of(self._total, unit)}"
        ]
        if done > 0 and seconds > 0:
            parts.append(format_rate(done / seconds))
            if self._total is not None and self._total > self._done:
                parts.append(f"about {format_seconds(seconds / done * (self._total - self._done))} left")
        return ", ".join(parts)

    def _show(self, done: int) -> None:
        self._done = done
        now = self._clock()
        if self._bar:
            rate = format_rate((done - self._first) / max(now - self._begin, 1e-9))
            self._bar.update(self._task, completed=done, total=self._total, rate=rate)
        elif self._is_shown and now - self._last >= _SECONDS_BETWEEN_LINES and done > self._first:
            self._last = now
            print_line(self.describe())


def _make_bar(unit: str) -> Any:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.BarColumn(bar_width=None),
        progress.MofNCompleteColumn(),
        progress.TextColumn(f"{unit}  {{task.fields[rate]}}"),
        progress.TimeRemainingColumn(compact=True),
    )
    # rich would else send what is printed on stdout to the bar's console, which is stderr.
    return progress.Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )


def format_rate(per_second: float) -> str:
    """Returns "12.3/s", or "4.5/min" where a second is too short."""
    return f"{per_second:.1f}/s" if per_second >= 1 else f"{60 * per_second:.1f}/min"


def format_seconds(seconds: float) -> str:
    """Returns "2 h 5 min", "3 min 20 s" or "8 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
