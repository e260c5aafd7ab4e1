"""Loads a profile for a verb."""

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.output.messages import print_note
from jpegpre_tf.cli.common.process.quiet import without_greeting
from jpegpre_tf.runtime.inference.runners.backends import AUTO


def load_profile(
    name: str,
    quality: int,
    threads: int | None = None,
    precision: str | None = None,
    *,
    backend: str = AUTO,
    is_quiet: bool = False,
) -> runtime.Session:
    """Returns the profile's session; says on stderr if it was not trained for `quality`.

    Raises:
        UnknownModelError: If there is no such profile.
        ModelError: If its files are not what its model.json describes, or the backend cannot run them.
        MissingExtraError: If the backend is not installed.
    """
    with without_greeting():
        session = runtime.load(name, precision, threads, backend)
    low, high = session.quality_range
    if not low <= quality <= high and not is_quiet:
        print_note(f"profile {name!r} was trained for qualities {low} to {high}")
    return session
