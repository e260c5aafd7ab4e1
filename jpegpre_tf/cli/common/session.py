"""Loads a profile for a verb."""

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.messages import print_note
from jpegpre_tf.cli.common.quiet import without_greeting


def load_profile(
    name: str,
    quality: int,
    threads: int | None = None,
    precision: str | None = None,
    *,
    is_quiet: bool = False,
) -> runtime.Session:
    """Returns the profile's session; says on stderr if it was not trained for `quality`.

    Raises:
        UnknownModelError: If there is no such profile.
        ModelError: If its files are not what its model.json describes.
    """
    with without_greeting():
        session = runtime.load(name, precision, threads=threads)
    low, high = session.quality_range
    if not low <= quality <= high and not is_quiet:
        print_note(f"profile {name!r} was trained for qualities {low} to {high}")
    return session
