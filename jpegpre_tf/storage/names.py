"""File names in messages: always one line, whatever bytes a file's name has."""

import os
from pathlib import Path, PurePath
from typing import TypeVar

_AnyPath = TypeVar("_AnyPath", bound=PurePath)


def shown(path: str | Path) -> str:
    """Returns the path with control characters and undecodable bytes escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def with_jpeg_suffix(path: _AnyPath, suffixes: frozenset[str], jpeg_suffixes: frozenset[str]) -> _AnyPath:
    """Returns the path of an output: a picture's suffix becomes ".jpg", any other end of a name stays before it.

    Args:
        path: The input, "v1.2 photo" for example, which has no suffix.
        suffixes: Of pictures, in lower case; anything else behind a dot belongs to the name.
        jpeg_suffixes: Those of them that stay.
    """
    suffix = path.suffix.lower()
    if suffix in jpeg_suffixes:
        return path
    return path.with_name((path.stem if suffix in suffixes else path.name) + ".jpg")
