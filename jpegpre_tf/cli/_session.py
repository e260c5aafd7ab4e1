"""Loads a profile for a verb."""

from jpegpre_tf import runtime
from jpegpre_tf.cli._quiet import without_greeting
from jpegpre_tf.errors import UnknownModelError, UsageError


def load_profile(name: str, threads: int | None = None) -> runtime.Session:
    """Returns the profile's session.

    Raises:
        UsageError: If there is no such profile.
        ModelError: If its files are not what its model.json describes.
    """
    try:
        with without_greeting():
            return runtime.load(name, threads=threads)
    except UnknownModelError as error:
        raise UsageError(str(error)) from error
