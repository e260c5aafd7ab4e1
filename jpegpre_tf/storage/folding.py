"""Folders in which two names that differ in case, or in how an accent is written, are one file."""

import contextlib
import os
import secrets
import unicodedata
from pathlib import Path


def fold_name(name: str) -> str:
    """Returns the same for all names that such a folder takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folds_names(folder: str | Path) -> bool:
    """Whether `folder`, or the nearest folder above it that exists, takes "a" and "A" for one name.

    Tried with a file that is removed again; False where none can be written.
    """
    place = Path(os.path.abspath(folder))  # noqa: PTH100  links are followed by the system, not by name
    while not place.is_dir() and place != place.parent:
        place = place.parent
    name = f".jpegpre-{secrets.token_hex(8)}-a\u00e9.tmp"
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # a locale without this letter, in which no name has it
        name = name.replace("\u00e9", "e")
    try:
        (place / name).open("x").close()
    except OSError:
        return False
    # "\u00e9" as one letter, and as "e" with an accent, which macOS takes for one name too.
    others = (name.upper(), unicodedata.normalize("NFD", name))
    try:
        return any(other != name and (place / other).exists() for other in others)
    finally:
        with contextlib.suppress(OSError):
            (place / name).unlink()
