"""Lines of what people read as text: no longer than an editor shows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_CHARACTERS = 120
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "export").glob("*/README.md"),
        *(ROOT / "savedmodels").glob("*/README.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "results/README.md")),
    ]
)


def long_lines(text: str) -> list[int]:
    """Numbers of lines over the limit; addresses and tables drawn from results/ cannot be broken."""
    numbers, is_drawn = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("<!-- results:"):
            is_drawn = True
        elif line.startswith("<!-- /results"):
            is_drawn = False
        elif not is_drawn and len(re.sub(r"https?://\S+", "", line)) > MOST_CHARACTERS:
            numbers.append(number)
    return numbers


def test_what_cannot_be_broken_is_left_out() -> None:
    long = "x" * 121
    drawn = f"<!-- results:kodak -->\n{long}\n<!-- /results -->\n"
    assert long_lines(f"{long[1:]}\n{long}\nsee https://{long}\n{drawn}{long}") == [2, 7]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_are_short(page: Path) -> None:
    assert long_lines(page.read_text(encoding="utf-8")) == []
