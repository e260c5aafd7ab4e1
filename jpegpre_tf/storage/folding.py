"""Names that a file system takes for one: "IMG.JPG" and "img.jpg" (Windows, macOS), two Unicode forms of "é" (macOS)."""

import contextlib
import os
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path

Fold = Callable[[str], str]


def find_fold(folder: str | Path) -> Fold:
    """Returns what makes names equal that are one name in this folder, or in the nearest one that exists.

    A file is made there for a moment, and looked for by other names. Where none can be made, names are what they are.
    """
    path = Path(folder).absolute()
    while not path.is_dir() and path != path.parent:
        path = path.parent
    stem = f".jpegpre-{secrets.token_hex(8)}"
    probe = path / f"{stem}-a\u00e9\u00df.tmp"
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except (OSError, ValueError):
        return str
    try:
        return make_fold(
            has_case=not _exists(path / f"{stem}-A\u00e9\u00df.tmp"),
            has_forms=not _exists(path / f"{stem}-ae\u0301\u00df.tmp"),
            has_sharp_s=not _exists(path / f"{stem}-a\u00e9ss.tmp"),
        )
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


def make_fold(*, has_case: bool, has_forms: bool, has_sharp_s: bool = True) -> Fold:
    """Returns the fold of a file system.

    Args:
        has_case: "A" and "a" are two names.
        has_forms: Composed and decomposed letters are two names.
        has_sharp_s: Where case folds, letters whose other case is several letters do not.
    """

    def fold(name: str) -> str:
        if not has_forms:
            name = unicodedata.normalize("NFD", name)
        if not has_case:
            name = "".join(map(_upper, name)) if has_sharp_s else name.casefold()
        return name if has_forms else unicodedata.normalize("NFD", name)

    return fold


def _upper(letter: str) -> str:
    upper = letter.upper()
    return upper if len(upper) == 1 else letter


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
