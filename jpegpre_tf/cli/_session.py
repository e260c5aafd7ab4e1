"""Loads a profile for a verb."""

import sys

from jpegpre_tf import runtime
from jpegpre_tf.cli._quiet import without_greeting
from jpegpre_tf.errors import UnknownModelError, UsageError


def load_profile(name: str, quality: int, threads: int | None = None) -> runtime.Session:
    """Returns the profile's session; says on stderr if it was not trained for `quality`.

    Raises:
        UsageError: If there is no such profile.
        ModelError: If its files are not what its model.json describes.
    """
    try:
        with without_greeting():
            session = runtime.load(name, threads=threads)
    except UnknownModelError as error:
        raise UsageError(str(error)) from error
    low, high = session.quality_range
    if not low <= quality <= high:
        print(f"jpegpre: note: profile {name!r} was trained for qualities {low} to {high}", file=sys.stderr)
    return session
