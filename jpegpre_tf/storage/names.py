"""File names in messages: always one line, whatever bytes a file's name has."""

import os
from pathlib import Path


def shown(path: str | Path) -> str:
    """Returns the path with control characters and undecodable bytes escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
