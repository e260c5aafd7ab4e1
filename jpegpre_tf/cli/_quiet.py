"""Keeps libraries from writing to stderr: a command's stderr is for its own lines."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# LiteRT greets on stderr when its first interpreter allocates, from C++ and with no switch to stop it.
_GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate"


def quiet_tensorflow() -> None:
    """Silences TensorFlow's start-up log; to be called before it is imported. A user's own setting is kept."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def quiet_pillow() -> None:
    """Silences Pillow's warnings (damaged EXIF, large pictures): what is refused fails with an error."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def allow_pixels(max_pixels: int) -> None:
    """Raises Pillow's own limit, for the process, where a user asked for more."""
    from PIL import Image

    # Pillow refuses what has more than twice its limit, and warns above it.
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2


@contextmanager
def without_greeting() -> Iterator[None]:
    """Drops LiteRT's greeting inside the block; everything else on stderr appears after it."""
    # The descriptor is the process's: only a command may do this, and before it starts any thread.
    sys.stderr.flush()
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed below
    except OSError:  # nowhere to write: the greeting then appears
        yield
        return
    with file as caught:
        kept = os.dup(2)
        try:
            os.dup2(caught.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not line.startswith(_GREETING):
                    os.write(2, line)


@contextmanager
def without_decoders_messages() -> Iterator[None]:
    """Keeps what decoders written in C print (libtiff does) off stderr; Python's own lines still appear."""
    try:
        is_plain = sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):
        is_plain = False
    if not is_plain:
        yield
        return
    before, kept = sys.stderr, os.dup(2)
    before.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(os.dup(2), "w", buffering=1, encoding=before.encoding, errors=before.errors) as ours:
        try:
            sys.stderr = ours
            os.dup2(nowhere, 2)
            yield
        finally:
            sys.stderr = before
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
