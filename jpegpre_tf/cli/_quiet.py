"""Keeps libraries from writing to stderr: a command's stderr is for its own lines."""

import contextlib
import importlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# LiteRT greets on stderr when its first interpreter allocates, TensorFlow when it is imported, before it looks at
# its own setting; both from C++ and with no switch to stop it.
_GREETINGS = (
    b"INFO: Created TensorFlow Lite XNNPACK delegate",
    b"WARNING: All log messages before absl::InitializeLog() is called",
    b"I0000 ",
)


def quiet_tensorflow() -> None:
    """Imports TensorFlow, if it is installed, without its start-up log. A user's own setting is kept."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # A missing one is for the caller to tell.
    with without_greeting(), contextlib.suppress(ImportError):
        importlib.import_module("tensorflow")


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
    """Drops LiteRT's and TensorFlow's greetings inside the block; everything else on stderr appears after it."""
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
                if not line.startswith(_GREETINGS):
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
