"""What a `WorkerProcess` runs: `python -m jpegpre_tf.cluster.serve DESCRIPTOR`."""

import os
import signal
import sys
from multiprocessing.connection import Connection

from jpegpre_tf.cluster.worker import BatchWorker
from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.runtime.quiet import without_greeting


def serve(connection: Connection) -> None:
    """What the process does, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    try:
        job = connection.recv()
        try:
            with without_greeting():
                worker = BatchWorker(job)
        except JpegpreError as error:
            connection.send(error)
            return
        connection.send(None)
        while True:
            connection.send(worker.process(connection.recv()))
    except (EOFError, OSError):
        # The parent is gone. Whatever is being written behind is abandoned, whole or not at all.
        os._exit(0)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
