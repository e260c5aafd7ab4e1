"""Entries of docstrings stand alone: a reader of one entry needs neither its name nor the sentence above it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECTIONS = ("Args:", "Attributes:", "Call arguments:")
# Beginnings of a fragment whose subject is the entry's name: "Of the run.", "That was used.", "The one before.".
FRAGMENT = re.compile(
    r"(?:Of|That|Whose|With which|By which|From which|In which|The one|The ones|It|Its|Them)\b"
)
ENTRY = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*): (.*)")


def list_entries(docstring: str) -> Iterator[tuple[str, str]]:
    """Yields (names, first line of the text) of the entries in sections of arguments and attributes."""
    indent: int | None = None
    for line in docstring.splitlines():
        depth = len(line) - len(line.lstrip())
        if line.strip() in SECTIONS:
            indent = depth + 4
        elif line.strip() and indent is not None and depth < indent:
            indent = None
        elif indent is not None and depth == indent and (found := ENTRY.fullmatch(line.strip())):
            yield found[1], found[2]


def list_fragments(source: str) -> list[str]:
    """Returns the entries of a file that are fragments."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docstrings = (
        ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)
    )
    entries = (entry for docstring in docstrings for entry in list_entries(docstring))
    return [f"{names}: {text}" for names, text in entries if FRAGMENT.match(text)]


def test_entries_are_noun_phrases() -> None:
    files = sorted((ROOT / "jpegpre_tf").rglob("*.py"))
    found = {str(file.relative_to(ROOT)): list_fragments(file.read_text(encoding="utf-8")) for file in files}
    assert {file: fragments for file, fragments in found.items() if fragments} == {}


@pytest.mark.parametrize(
    ("entry", "is_fragment"),
    [
        ("quality: That was used.", True),
        ("threads: Of a session.", True),
        ("name, version: Of the model.", True),
        ("other: The one before.", True),
        ("quality: JPEG quality that was used, 1..100.", False),
        ("office: Offset of the first byte.", False),
        ("item: Items of the list.", False),
    ],
)
def test_a_fragment_is_found(entry: str, is_fragment: bool) -> None:
    source = f'def f():\n    """Does it.\n\n    Args:\n        {entry}\n            Of no entry: goes on.\n    """\n'
    assert bool(list_fragments(source)) == is_fragment
