"""Files appear whole or not at all."""

import contextlib
import errno
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jpegpre_tf.errors import OutputError
from jpegpre_tf.storage.attributes import copy_attributes
from jpegpre_tf.storage.file_state import FileState, is_changed
from jpegpre_tf.storage.names import printable_path

TEMPORARY_PATTERN = ".jpegpre-*.tmp"
# What open() gives a new file, before the user's umask.
_MODE = 0o666
# Files with names that are not to stay.
_unfinished: set[Path] = set()


def write_atomically(path: str | Path, content: bytes, mode: int = _MODE) -> None:
    """Writes a file whole or not at all, whenever the process ends, even by kill -9 where the system allows.

    An existing file at `path` is replaced in one step: readers see the old or the new content. Missing
    folders are made.

    Args:
        path: The file.
        content: All of it.
        mode: Permissions of the file, less the user's umask: those of a private input keep the output private.

    Raises:
        OutputError: If the folder cannot be made or written to, the disk is full, `path` is a device, and so on.
    """
    path = Path(path)
    try:
        _refuse_device(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _unnamed(path.parent, content, mode) as name:
            if name is not None:
                with contextlib.suppress(OSError):  # it exists, or this file system knows no links
                    _link(name, path)
                    return
            _move(_written_beside(path, content, name, mode), path)
    except (OSError, ValueError) as error:
        raise _output_error(path, error) from error


@contextmanager
def replace_atomically(path: str | Path) -> Iterator[Path]:
    """Yields a name beside `path` for a library that writes files itself; at the end that file replaces `path`.

    The name has the suffix of `path`, and is always the same: what a killed process left is written over. If the block
    fails, the file is removed and `path` is untouched.

    Args:
        path: The file, in a folder that exists.

    Raises:
        OutputError: If the block or the replacing fails with an OSError.
    """
    path = Path(path)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    _unfinished.add(partial)
    try:
        yield partial
        partial.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _output_error(path, error) from error
        raise
    finally:
        _unfinished.discard(partial)


def remove_unfinished() -> None:
    """Removes what is being written under a temporary name: the process is about to end in the middle of it."""
    for path in tuple(_unfinished):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def file_mode(path: str | Path) -> int:
    """Returns who may read and write a file, as `mode` of `write_atomically`; that of a new file if it is none."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return _MODE
    return status.st_mode & _MODE if stat.S_ISREG(status.st_mode) else _MODE


def check_writable(path: str | Path) -> None:
    """Makes the folder of a file that long work is going to end in, and tries it.

    Raises:
        OutputError: If `write_atomically` would fail as things are now.
    """
    path = Path(path)
    try:
        _refuse_device(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except (OSError, ValueError) as error:
        raise _output_error(path, error) from error


def replace_original(path: str | Path, content: bytes, state: FileState | None = None) -> None:
    """Replaces a file that may be the only copy: the new content is on the disk, and was read back from it.

    Permissions, access control lists, extended attributes and the time of the last change are kept, and the owner where
    that is allowed. A link stays, the file that it leads to is replaced.

    Args:
        path: The file.
        content: The new content.
        state: State of the file when it was read; it must be the same still.

    Raises:
        OutputError: If that fails, if the file has further names (hard links), which would go on having the old
            content, or if another program changed it; the original is then untouched.
    """
    path = Path(path)
    try:
        real = path.resolve(strict=True)
        status = real.stat()
        if status.st_nlink > 1:
            raise OSError(
                f"the file has {status.st_nlink} names (hard links), and only this one would be replaced"
            )
        _refuse_changed(real, state)
        with _unnamed(real.parent, content) as name:
            # Without a name for as long as possible: a killed process then leaves nothing.
            if name is not None:
                _make_durable(Path(name), content, real)
            temporary = _written_beside(real, content, name)
        if name is None:
            try:
                _make_durable(temporary, content, real)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        try:
            _refuse_changed(real, state)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _move(temporary, real)
        with contextlib.suppress(OSError):  # folders cannot be opened everywhere
            _sync(real.parent)
    except (OSError, ValueError) as error:
        raise _output_error(path, error) from error


def _refuse_device(path: Path) -> None:
    """A device or a pipe, also behind a link: root would put a file in its place, and take it from all programs."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OSError("it is no regular file")


def _refuse_changed(path: Path, state: FileState | None) -> None:
    if state is not None and is_changed(path, state):
        raise OSError("another program changed the file since it was read")


def _make_durable(path: Path, content: bytes, original: Path) -> None:
    copy_attributes(original, path)
    _sync(path)
    if path.read_bytes() != content:
        raise OSError("the disk returned other bytes than were written")


def remove_leftovers(folder: Path) -> None:
    """Removes temporary files of a killed run, as far as that is possible."""
    with contextlib.suppress(OSError):
        for path in folder.glob(TEMPORARY_PATTERN):
            path.unlink(missing_ok=True)


def _output_error(path: Path, error: Exception) -> OutputError:
    return OutputError(f"cannot write '{printable_path(path)}': {getattr(error, 'strerror', None) or error}")


@contextmanager
def _unnamed(folder: Path, content: bytes, mode: int = _MODE) -> Iterator[str | None]:
    """Yields a path to a whole file that has no name yet, None where the system has no such files.

    A file without a name vanishes with the process.
    """
    flag = getattr(os, "O_TMPFILE", 0)
    try:
        descriptor = os.open(folder, flag | os.O_WRONLY, mode) if flag else -1
    except OSError:  # not this file system
        descriptor = -1
    if descriptor < 0:
        yield None
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        name = f"/proc/self/fd/{descriptor}"
        yield name if Path(name).exists() else None


def _link(unnamed: str, path: Path) -> None:
    # Only with a folder's descriptor does Python follow links here; a whole path makes it meaningless.
    os.link(unnamed, path, src_dir_fd=0, follow_symlinks=True)


def _written_beside(path: Path, content: bytes, unnamed: str | None, mode: int = _MODE) -> Path:
    """Returns a temporary file beside `path` with the content."""
    temporary = path.with_name(f".jpegpre-{secrets.token_hex(8)}.tmp")
    if unnamed is not None:
        with contextlib.suppress(OSError):
            _link(unnamed, temporary)
            return temporary
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    # Not by mkstemp, whose 0o600 would hide results from others.
    descriptor = os.open(temporary, flags, mode)
    _unfinished.add(temporary)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _move(temporary: Path, path: Path) -> None:
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        _unfinished.discard(temporary)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
