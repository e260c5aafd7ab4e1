"""Files appear whole or not at all."""

import os
import secrets
from pathlib import Path

from jpegpre_tf.errors import OutputError
from jpegpre_tf.runtime.names import shown


def write_atomically(path: str | Path, content: bytes) -> None:
    """Writes a file through a temporary one in the same folder, which is removed on any failure.

    An existing file at `path` is replaced in one step: readers see the old or the new content. Missing
    folders are made.

    Raises:
        OutputError: If the folder cannot be made or written to, the disk is full, and so on.
    """
    path = Path(path)
    temporary = path.with_name(f".jpegpre-{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Mode 0o666 less the user's umask, as open() gives; mkstemp's 0o600 would hide results from others.
        descriptor = os.open(temporary, flags, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"cannot write '{shown(path)}': {error.strerror or error}") from error
