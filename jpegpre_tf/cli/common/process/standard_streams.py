"""`-` as input and output: stdin and stdout, by way of files in a private folder."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jpegpre_tf.cli.common.plan import refuse_overwriting
from jpegpre_tf.errors import JpegpreError, PictureError, UsageError

STANDARD = "-"
# Names for messages.
_STDIN, _STDOUT = "stdin", "stdout"


@contextmanager
def standard_paths(
    source: str, target: str, suffix: str, *, has_json: bool = False
) -> Iterator[tuple[Path, Path]]:
    """Yields the paths to read and to write; what was written to stand for stdout goes there when the block ends well.

    Args:
        source, target: As given; "-" is stdin, or stdout.
        suffix: Suffix of the file that stands for stdout.
        has_json: JSON lines go to stdout, so that the file cannot.

    Raises:
        UsageError: If stdout is a terminal or taken, or the output is the input.
        PictureError: If stdin cannot be read.
    """
    if target == STANDARD:
        if has_json:
            raise UsageError("-o - and --json both write to stdout: give the output a name")
        if sys.stdout.isatty():
            raise UsageError("-o - would print a picture on the terminal: add > FILE")
    if STANDARD not in (source, target):
        refuse_overwriting(Path(source), Path(target))
        yield Path(source), Path(target)
        return
    with tempfile.TemporaryDirectory(prefix="jpegpre-") as folder:
        read = Path(folder, _STDIN) if source == STANDARD else Path(source)
        written = Path(folder, _STDOUT + suffix) if target == STANDARD else Path(target)
        if source == STANDARD:
            read.write_bytes(_read_stdin())
        try:
            yield read, written
        except JpegpreError as error:
            # The folder's name says nothing to anybody.
            error.args = tuple(str(part).replace(f"{folder}/", "") for part in error.args)
            raise
        if target == STANDARD and written.exists():
            sys.stdout.flush()
            binary = sys.stdout.buffer
            binary.write(written.read_bytes())
            binary.flush()


def _read_stdin() -> bytes:
    if sys.stdin is None:
        raise PictureError("cannot read stdin: it is closed")
    if sys.stdin.isatty():
        raise UsageError("- reads a picture from stdin: add < FILE")
    return sys.stdin.buffer.read()
