"""Loads a profile for a verb."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from jpegpre_tf import runtime
from jpegpre_tf.errors import UnknownModelError, UsageError

# LiteRT greets on stderr when its first interpreter allocates, from C++ and with no switch to stop it.
_GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate"


def load_profile(name: str, threads: int | None = None) -> runtime.Session:
    """Returns the profile's session.

    Raises:
        UsageError: If there is no such profile.
        ModelError: If its files are not what its model.json describes.
    """
    try:
        with _without_greeting():
            return runtime.load(name, threads=threads)
    except UnknownModelError as error:
        raise UsageError(str(error)) from error


@contextmanager
def _without_greeting() -> Iterator[None]:
    # The descriptor is the process's: only a command may do this, and before it starts any thread.
    sys.stderr.flush()
    with tempfile.TemporaryFile() as caught:
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
