import io

import pytest

from jpegpre_tf.cli.common.output.progress import Progress, format_seconds
from jpegpre_tf.cli.common.output.table import plain_table
from jpegpre_tf.cli.common.output.units import count_of, format_size


def test_lines_have_number_rate_and_time_left(capsys):
    now = [0.0]
    with Progress("pictures", 100, clock=lambda: now[0]) as progress:
        for _ in range(40):
            now[0] += 2
            progress.advance()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "15 of 100 pictures, 30.0/min, about 2 min 50 s left",
        "30 of 100 pictures, 30.0/min, about 2 min 20 s left",
    ]


def test_without_a_total_and_with_one_that_comes_later(capsys):
    now = [0.0]
    with Progress("pictures", clock=lambda: now[0]) as progress:
        now[0] = 31
        progress.advance()
        progress.set_total(4)
        now[0] = 62
        progress.advance()
    assert capsys.readouterr().err.splitlines() == [
        "1 picture, 1.9/min",
        "2 of 4 pictures, 1.9/min, about 1 min 2 s left",
    ]


def test_a_bar_leaves_stdout_alone(monkeypatch, capsys):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with Progress("pictures", 2) as progress:
        print("{}")
        progress.log("a \x1b[31mline\nof two")
        progress.advance()
    assert capsys.readouterr().out == "{}\n"
    assert "\\x1b[31mline\\nof two" in terminal.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(8, "8 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_times(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_996, "10.0 kB"),
        (145_300, "145 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (1_060_000, "1.06 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes(size, text):
    assert format_size(size) == text


def test_counts():
    assert (count_of(1, "picture"), count_of(1234, "picture")) == ("1 picture", "1,234 pictures")


NAME = "holiday/2024/a very long name of a picture of the sea.jpg"


@pytest.mark.parametrize("width", [120, 80, 60, 40, 20])
def test_numbers_are_never_cut(width):
    header = ("picture", "before", "now", "ordinary", "saved")
    cells = ("1.06 MB", "145 kB", "190 kB", "24 %")
    table = plain_table(
        header, [(NAME, *cells), ("\u65e5\u672c.jpg", *cells)], ("2 pictures", *cells), width=width
    )
    from rich.cells import cell_len

    assert max(cell_len(line) for line in table.splitlines()) <= width
    row = table.splitlines()[2]
    # Whole numbers or none: what has no room is left out from the right.
    shown = [cell for cell in cells if cell in row]
    assert shown and list(cells[: len(shown)]) == shown and row.rstrip().endswith(shown[-1])
    assert len(shown) == 4 or width <= 40


def test_what_a_screen_does_not_hold_is_counted():
    rows = [(f"{number}.jpg", "1") for number in range(30)]
    lines = plain_table(("file", "size"), rows[:5], ("30 files", "30"), left_out=25).splitlines()
    assert lines[-3] == "... and 25 more" and lines[-1].startswith("30 files") and len(lines) == 10
