"""Where the shared library of export/kernel is."""

import ctypes
import functools
import os
import sys
from pathlib import Path

_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
LIBRARY = Path(__file__).parent.parent / "inference" / f"_kernel{_SUFFIX}"
# A library to take instead: for tests.
_VARIABLE = "JPEGPRE_KERNEL"


def library_path() -> Path:
    """Returns the library's file, which need not exist: that of the environment, else the one that was built."""
    return Path(os.environ.get(_VARIABLE) or LIBRARY)


@functools.cache
def open_library(path: Path, *names: str) -> ctypes.CDLL | None:
    """Returns a library that has these functions, of types yet to be said; None if there is none.

    Args:
        path: File of the library, see `library_path`.
        names: Names of the functions; for other names the result is another object.
    """
    try:
        library = ctypes.CDLL(str(path))
        for name in names:
            getattr(library, name)
    except (OSError, AttributeError):  # not there, of another platform, or of another version
        return None
    return library
