"""Keeps libraries from writing to stderr: a command's stderr is for its own lines."""

import contextlib
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from jpegpre_tf.runtime.quiet import (
    allow_pixels,
    keep_own_lines,
    quiet_asyncio,
    quiet_pillow,
    redirect_stderr,
    without_greeting,
)

__all__ = [
    "allow_pixels",
    "keep_own_lines",
    "quiet_asyncio",
    "quiet_pillow",
    "quiet_tensorflow",
    "without_decoders_messages",
    "without_greeting",
]


def quiet_tensorflow() -> None:
    """Imports TensorFlow, if it is installed, without its start-up log, unless TF_CPP_MIN_LOG_LEVEL=0 asks for it."""
    # Lines from before it looks at this setting appear whatever that is.
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        return
    # A missing one is for the caller to tell.
    with without_greeting(), contextlib.suppress(ImportError):
        importlib.import_module("tensorflow")


@contextmanager
def without_decoders_messages() -> Iterator[None]:
    """Keeps what decoders written in C print (libtiff does) off stderr; Python's own lines still appear."""
    with keep_own_lines() as is_plain, redirect_stderr() if is_plain else contextlib.nullcontext():
        yield
