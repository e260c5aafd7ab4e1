"""Keeps libraries from writing to stderr: a command's stderr is for its own lines."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from jpegpre_tf.runtime.quiet import (
    allow_pixels,
    quiet_asyncio,
    quiet_pillow,
    redirect_stderr,
    without_greeting,
)

__all__ = [
    "allow_pixels",
    "quiet_asyncio",
    "quiet_pillow",
    "quiet_tensorflow",
    "without_decoders_messages",
    "without_greeting",
]


def quiet_tensorflow() -> None:
    """Imports TensorFlow, if it is installed, without its start-up log. A user's own setting is kept."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # A missing one is for the caller to tell.
    with without_greeting(), contextlib.suppress(ImportError):
        importlib.import_module("tensorflow")


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
    before = sys.stderr
    before.flush()
    with (
        os.fdopen(os.dup(2), "w", buffering=1, encoding=before.encoding, errors=before.errors) as ours,
        redirect_stderr(),
    ):
        try:
            sys.stderr = ours
            yield
        finally:
            sys.stderr = before
