"""Keeps Pillow and LiteRT from writing to stderr, and lifts Pillow's own limit."""

import logging
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
