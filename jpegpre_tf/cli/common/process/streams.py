"""stdin, stdout and stderr that are closed, full or not in UTF-8."""

import contextlib
import io
import os
import sys


def prepare_streams() -> None:
    """Makes stdout and stderr such that printing any name works, and no file that is opened later takes their place.

    A closed one is replaced by the null device; letters that the encoding lacks are escaped.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is taken: this one, since those below are open.
            os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush_stdout() -> None:
    """Writes what is left, while an error can still be told.

    Raises:
        OSError: If that fails, for example since the disk is full.
    """
    sys.stdout.flush()


def abandon_stdout() -> None:
    """Drops what could not be written, so that Python does not try again when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def silence_stderr() -> None:
    """Sends stderr to the null device, when it cannot be written either."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)
