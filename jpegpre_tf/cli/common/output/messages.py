"""Lines on stderr: each is one line, and nothing in it is a command to the terminal."""

import sys

from jpegpre_tf.storage.names import printable


def print_error(message: str, verb: str = "") -> None:
    """Prints what went wrong."""
    print_line(f"{_program(verb)}: error: {message}")


def print_note(message: str, verb: str = "") -> None:
    """Prints what a user may want to know, though nothing went wrong."""
    print_line(f"{_program(verb)}: note: {message}")


def print_line(line: str) -> None:
    """Prints one line on stderr, with control characters and line breaks escaped."""
    print(printable(line), file=sys.stderr, flush=True)


def _program(verb: str) -> str:
    return f"jpegpre {verb}".rstrip()
