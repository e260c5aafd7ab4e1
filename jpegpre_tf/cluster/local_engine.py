"""Batches in processes on this machine, without Ray."""

import multiprocessing
import os
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection

from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.rows import Row, empty_row
from jpegpre_tf.cluster.tasks import Task, chunked
from jpegpre_tf.cluster.worker import BatchWorker, start_worker, work
from jpegpre_tf.runtime.quiet import without_greeting

# So often may the process that has a picture by itself die before the picture is given up.
MOST_ATTEMPTS = 3


def run_local(job: BatchJob, tasks: Iterator[Task]) -> Generator[Row, None, None]:
    """Yields one row per task, in the order in which they are finished.

    Tasks are taken as workers become free: no more than one chunk per worker is under way. When a process dies
    its chunk is done again, picture by picture, so that one that kills processes takes no other with it.
    """
    chunks = chunked(tasks, job.chunk)
    again: list[tuple[list[Task], int]] = []
    idle = [_Process(job) for _ in range(job.workers)]
    busy: dict[Future[list[Row]], tuple[_Process, list[Task], int]] = {}
    try:
        while True:
            while idle:
                chunk, attempts = again.pop() if again else (next(chunks, []), 0)
                if not chunk:
                    break
                process = idle.pop()
                busy[process.submit(chunk)] = process, chunk, attempts
            if not busy:
                return
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                process, chunk, attempts = busy.pop(future)
                try:
                    rows = future.result()
                except BrokenProcessPool:
                    process.restart()
                    idle.append(process)
                    # In a chunk of several it is not known which one did it: that does not count.
                    attempts = attempts + 1 if len(chunk) == 1 else 0
                    if attempts < MOST_ATTEMPTS:
                        again += [([task], attempts) for task in reversed(chunk)]
                        continue
                    rows = [given_up(chunk[0])]
                else:
                    idle.append(process)
                for row in rows:
                    row["attempts"] = attempts + 1
                    yield row
    finally:
        for process in [*idle, *(entry[0] for entry in busy.values())]:
            process.stop()


def run_inside(job: BatchJob, tasks: Iterator[Task]) -> Generator[Row, None, None]:
    """The same in this process: for storages that others cannot see (`memory`)."""
    worker = BatchWorker(job)
    for chunk in chunked(tasks, job.chunk):
        yield from worker.process(chunk)


def given_up(task: Task) -> Row:
    """Returns the row of a picture whose worker died again and again."""
    row = empty_row(task, "failed", f"the worker died {MOST_ATTEMPTS} times with '{task.source}'")
    row["attempts"] = MOST_ATTEMPTS
    return row


class _Process:
    """One worker process at a time; a new one after it died."""

    def __init__(self, job: BatchJob) -> None:
        self._job = job
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        # Spawned: a fork would copy threads' locks (fsspec's event loop, LiteRT's pool) in any state.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, context, initializer=_begin, initargs=(self._job,))

    def submit(self, chunk: list[Task]) -> "Future[list[Row]]":
        try:
            return self._pool.submit(work, chunk)
        except BrokenProcessPool:  # it died while it had nothing to do
            self.restart()
            return self._pool.submit(work, chunk)

    def restart(self) -> None:
        self._pool.shutdown(wait=False)
        self._pool = self._start()

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _begin(job: BatchJob) -> None:
    with without_greeting():
        start_worker(job)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A process waiting for work would wait for ever if its parent was killed.
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
