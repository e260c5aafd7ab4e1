"""Ctrl-C that is answered at once."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

from jpegpre_tf.cli.common.output.messages import print_line

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
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    has_ended = threading.Event()

    def watch() -> None:
        while (told := ours.recv(1)) and told[0] != signal.SIGINT:
            pass
        if told and not has_ended.wait(patience_seconds):
            print_line(f"jpegpre: interrupted: {describe()}")
            os._exit(INTERRUPTED_CODE)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(describe()) from None
    finally:
        has_ended.set()
        signal.set_wakeup_fd(before)
        theirs.close()
        watcher.join()
        ours.close()
