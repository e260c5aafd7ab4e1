"""A worker in a process of its own, at the other end of a pipe."""

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import jpegpre_tf
from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.rows import Row
from jpegpre_tf.cluster.tasks import Task
from jpegpre_tf.errors import JpegpreError


class WorkerDiedError(Exception):
    """The process is gone; a new one has taken its place."""


class WorkerProcess:
    """One worker process at a time; a new one after it died.

    Started by command line, not by multiprocessing, whose children run the main script of their parent again, and
    outlive it when it is killed. These end when the pipe does.

    Args:
        job: What the worker does.
    """

    def __init__(self, job: BatchJob) -> None:
        self._job = job
        self._start()

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        self.connection: Connection = ours
        self._is_ready = False
        command = [sys.executable, "-m", "jpegpre_tf.cluster.serve", str(theirs.fileno())]
        folder = str(Path(jpegpre_tf.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        theirs.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def give(self, chunk: list[Task]) -> None:
        """Starts work on a chunk; `connection` is ready to be read when it is done, or the process died."""
        try:
            if not self._is_ready:
                self.connection.send(self._job)
            self.connection.send(chunk)
        except OSError:  # it is dead already: `take` will find out
            pass

    def take(self) -> list[Row]:
        """Waits for the chunk's rows.

        Raises:
            WorkerDiedError: If the process died.
            JpegpreError: If it could not start.
        """
        try:
            if not self._is_ready:
                problem = self.connection.recv()
                if problem is not None:
                    raise problem
                self._is_ready = True
            rows: list[Row] = self.connection.recv()
        except (EOFError, OSError) as error:
            was_ready = self._is_ready
            self.stop()
            if not was_ready and self._process.returncode != -signal.SIGKILL:
                code = self._process.returncode
                raise JpegpreError(f"a worker ended with code {code} before it could start") from error
            self._start()
            raise WorkerDiedError from error
        return rows

    def stop(self) -> None:
        """Ends the process, now."""
        self.connection.close()
        self._process.kill()
        self._process.wait()
