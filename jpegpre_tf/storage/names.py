"""File names in messages: always one line, whatever bytes a file's name has."""

import os
from pathlib import Path


def printable(text: str) -> str:
    """Returns the text with control characters, line breaks and undecodable bytes escaped: one line, no commands."""
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def printable_path(path: str | Path) -> str:
    """Returns the path with control characters and undecodable bytes escaped."""
    return printable(os.fspath(path))


def csv_cell(text: str) -> str:
    """Returns text as a cell that no spreadsheet takes for a formula, in one line."""
    text = printable(text)
    return "'" + text if text.lstrip().startswith(("=", "+", "-", "@")) else text


def _escape(letter: str) -> str:
    # U+DC80..DCFF stand for bytes that are no UTF-8 (PEP 383).
    code = ord(letter)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else repr(letter)[1:-1]
