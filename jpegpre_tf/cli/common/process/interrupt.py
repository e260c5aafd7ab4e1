"""Ctrl-C that is answered at once."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from jpegpre_tf.storage.names import printable, printable_path

INTERRUPTED_CODE = 130


@contextlib.contextmanager
def ends_on_interrupt(describe: Callable[[], str], patience_seconds: float = 0.5) -> Iterator[None]:
    """While the block runs, Ctrl-C ends it with KeyboardInterrupt(describe()), and soon, whatever it is doing.

    Python raises KeyboardInterrupt only between two of its own instructions; one call into a library can take long.
    If that has not happened in time the process ends from another thread. Files of `write_atomically` are whole then.

    Args:
        describe: What was done and how to go on, for the line that is printed.
        patience_seconds: How long the block may take to end by itself.
    """
    has_ended = threading.Event()

    def answer() -> None:
        if not has_ended.wait(patience_seconds):
            _leave(describe, sys.stderr)

    with _watch(answer):
        try:
            yield
        except KeyboardInterrupt:
            raise KeyboardInterrupt(describe()) from None
        finally:
            has_ended.set()


@contextlib.contextmanager
def ends_at_once(describe: Callable[[], str], *, has_scratch: bool = True) -> Iterator[None]:
    """While the block runs, Ctrl-C ends the process from another thread, and no KeyboardInterrupt is raised.

    For blocks with nothing to bring to an end but files: temporary ones are removed, outputs are whole. In the middle
    of a library's code that exception can become another one, or a traceback that nobody can keep from stderr.

    Args:
        describe: What was done and how to go on, for the line that is printed.
        has_scratch: Whether the block makes temporary files, which then go with the process.
    """
    # Someone else's handler, and a background job that is to ignore Ctrl-C, stay as they are.
    if not _is_main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    import tempfile

    before = tempfile.tempdir
    with contextlib.ExitStack() as stack:
        scratch: Path | None = None
        stream = stack.enter_context(_stderr_as_it_is())
        with contextlib.suppress(OSError):  # nowhere to write: said by what needs it
            if has_scratch:
                made = tempfile.TemporaryDirectory(prefix="jpegpre-", ignore_cleanup_errors=True)
                tempfile.tempdir = stack.enter_context(made)
                scratch = Path(tempfile.tempdir)
        signal.signal(signal.SIGINT, lambda *_: None)
        stack.callback(signal.signal, signal.SIGINT, signal.default_int_handler)
        try:
            with _watch(lambda: _leave(describe, stream, scratch)):
                yield
        finally:
            tempfile.tempdir = before


@contextlib.contextmanager
def _watch(answer: Callable[[], None]) -> Iterator[None]:
    """While the block runs, another thread calls `answer` at the first Ctrl-C."""
    if not _is_main_thread():
        yield
        return
    import socket  # not at the start of every command

    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    def watch() -> None:
        while (told := ours.recv(1)) and told[0] != signal.SIGINT:
            pass
        if told:
            answer()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        theirs.close()
        watcher.join()
        ours.close()


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def _stderr_as_it_is() -> Iterator[TextIO]:
    """Yields stderr, also for when its descriptor leads elsewhere, to keep what libraries print off it."""
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # no file
        yield sys.stderr
        return
    with os.fdopen(descriptor, "w", encoding=sys.stderr.encoding, errors="backslashreplace") as stream:
        yield stream


def _leave(describe: Callable[[], str], stream: TextIO, scratch: Path | None = None) -> None:
    """Ends the process with its line, while the main thread goes on with whatever it does."""
    try:
        import shutil

        from jpegpre_tf.cli.common.output.progress import stop_drawing
        from jpegpre_tf.storage.atomic import remove_unfinished

        remove_unfinished()
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        # Last: a bar that is still drawn would come after it.
        stop_drawing(stream)
        print(printable(f"jpegpre: interrupted: {describe()}"), file=stream, flush=True)
    finally:
        os._exit(INTERRUPTED_CODE)


def tell_of_output(target: str | Path | None) -> Callable[[], str]:
    """Returns what tells, after Ctrl-C, whether a verb's one output was written since; "-" and None are no file."""
    from jpegpre_tf.storage.file_state import is_changed, state_of

    path = Path(target) if target not in (None, "-") else None
    try:
        before = state_of(path.stat()) if path else None
    except (OSError, ValueError):
        before = None

    def describe() -> str:
        with contextlib.suppress(OSError, ValueError):
            if path and path.is_file() and (before is None or is_changed(path, before)):
                return f"'{printable_path(path)}' is written and whole"
        return "nothing was written; the same command begins anew"

    return describe


def leave_interrupted() -> None:
    """Ends this process, after Ctrl-C, with its exit code.

    Without Python's own ending, which waits for threads that still compute, and which lets SIGINT end the process
    instead where Ctrl-C met the start of a library.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(INTERRUPTED_CODE)
