"""Loads a profile for a verb."""

import sys

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.quiet import without_greeting


def load_profile(name: str, quality: int, threads: int | None = None) -> runtime.Session:
    """Returns the profile's session; says on stderr if it was not trained for `quality`.

    Raises:
        UnknownModelError: If there is no such profile.
        ModelError: If its files are not what its model.json describes.
    """
    with without_greeting():
        session = runtime.load(name, threads=threads)
    low, high = session.quality_range
    if not low <= quality <= high:
        print(f"jpegpre: note: profile {name!r} was trained for qualities {low} to {high}", file=sys.stderr)
    return session
