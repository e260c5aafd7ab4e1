"""Keeps Pillow and LiteRT from writing to stderr, and lifts Pillow's own limit."""

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# LiteRT greets on stderr when its first interpreter allocates, TensorFlow when it is imported, before it looks at
# its own setting; both from C++ and with no switch to stop it.
_GREETINGS = (
    b"INFO: Created TensorFlow Lite XNNPACK delegate",
    b"WARNING: All log messages before absl::InitializeLog() is called",
    b"I0000 ",
)


def quiet_pillow() -> None:
    """Silences Pillow's warnings (damaged EXIF, large pictures): what is refused fails with an error."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def quiet_asyncio() -> None:
    """Silences what asyncio logs of connections that broke: whoever waits for them gets an error."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def allow_pixels(max_pixels: int) -> None:
    """Raises Pillow's own limit, for the process, where a user asked for more."""
    from PIL import Image

    # Pillow refuses what has more than twice its limit, and warns above it.
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2


@contextmanager
def redirect_stderr(file: BinaryIO | None = None) -> Iterator[None]:
    """Sends what the process writes to file descriptor 2 inside the block, C libraries included, to a file.

    Args:
        file: An open file; None drops it all.
    """
    with Path(os.devnull).open("wb") if file is None else contextlib.nullcontext(file) as target:
        kept = os.dup(2)
        try:
            os.dup2(target.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def keep_own_lines() -> Iterator[bool]:
    """Lets what Python itself prints still appear at once where the block then redirects file descriptor 2.

    Yields:
        Whether stderr is that descriptor; if not, nothing is changed.
    """
    try:
        is_plain = sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):
        is_plain = False
    if not is_plain:
        yield False
        return
    before = sys.stderr
    before.flush()
    with os.fdopen(os.dup(2), "w", buffering=1, encoding=before.encoding, errors=before.errors) as ours:
        try:
            sys.stderr = ours
            yield True
        finally:
            sys.stderr = before


@contextmanager
def without_greeting() -> Iterator[None]:
    """Drops LiteRT's and TensorFlow's greetings inside the block; everything else on stderr appears after it."""
    # The descriptor is the process's: only a command may do this, and before it starts any thread.
    sys.stderr.flush()
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed below
    except OSError:  # nowhere to write: the greeting then appears
        yield
        return
    with file as caught:
        try:
            with redirect_stderr(caught):
                yield
        finally:
            caught.seek(0)
            for line in caught:
                if not line.startswith(_GREETINGS):
                    os.write(2, line)
