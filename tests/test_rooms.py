"""Sizes of rooms and files: what one can look over. Only reads files; imports nothing of the package."""

from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_FILES = 15
MOST_LINES = 300


def list_files(folder: str) -> list[Path]:
    paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))
    files = sorted(path for path in paths if not {"node_modules", "build"} & set(path.parts))
    assert files, folder
    return files


def test_rooms_are_small() -> None:
    counts = Counter(
        path.parent.as_posix() for path in list_files("jpegpre_tf") if path.name != "__init__.py"
    )
    crowded = {room: count for room, count in counts.items() if count > MOST_FILES}
    assert crowded == {}


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("jpegpre_tf", "tests", "tools", "examples", "export")
        for path in list_files(folder)
    ],
    ids=str,
)
def test_files_are_short(path: Path) -> None:
    lines = (ROOT / path).read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES
