"""Batches in processes on this machine, without Ray."""

import dataclasses
from collections.abc import Generator, Iterator
from multiprocessing.connection import wait

from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.rows import Row, empty_row
from jpegpre_tf.cluster.tasks import Task, chunked
from jpegpre_tf.cluster.worker import BatchWorker
from jpegpre_tf.cluster.worker_process import WorkerDiedError, WorkerProcess
from jpegpre_tf.storage.names import printable_path

# So often may the worker that has a picture by itself die before the picture is given up.
MOST_ATTEMPTS = 3


def run_local(job: BatchJob, tasks: Iterator[Task]) -> Generator[Row, None, None]:
    """Yields one row per task, in the order in which they are finished.

    Tasks are taken as workers become free: no more than one chunk per worker is under way. When a process dies
    its chunk is done again, picture by picture, so that one that kills processes takes no other with it.
    """
    chunks = chunked(tasks, job.chunk)
    # Chunk, how often a worker died with it, and how often with the picture alone.
    again: list[tuple[list[Task], int, int]] = []
    idle: list[WorkerProcess] = []
    busy: dict[WorkerProcess, tuple[list[Task], int, int]] = {}
    try:
        while True:
            while len(busy) < job.workers:
                chunk, died, alone = again.pop() if again else (next(chunks, []), 0, 0)
                if not chunk:
                    break
                # No more processes than there is work for.
                worker = idle.pop() if idle else WorkerProcess(job)
                worker.give(chunk)
                busy[worker] = chunk, died, alone
            if not busy:
                return
            ready = set(wait([worker.connection for worker in busy]))
            for worker in [worker for worker in busy if worker.connection in ready]:
                chunk, died, alone = busy.pop(worker)
                idle.append(worker)
                try:
                    rows = worker.take()
                except WorkerDiedError:
                    died += 1
                    # In a chunk of several it is not known which one did it: that does not count.
                    alone += len(chunk) == 1
                    if alone < MOST_ATTEMPTS:
                        again += [([task], died, alone) for task in reversed(chunk)]
                        continue
                    rows, died = [give_up(chunk[0])], died - 1
                yield from (dataclasses.replace(row, attempts=died + 1) for row in rows)
    finally:
        for worker in [*idle, *busy]:
            worker.stop()


def run_inside(job: BatchJob, tasks: Iterator[Task]) -> Generator[Row, None, None]:
    """The same in this process: for storages that others cannot see (`memory`)."""
    worker = BatchWorker(job)
    for chunk in chunked(tasks, job.chunk):
        yield from worker.process(chunk)


def give_up(task: Task) -> Row:
    """Returns the row of a picture whose worker died again and again."""
    return empty_row(
        task, "failed", f"the worker died {MOST_ATTEMPTS} times with '{printable_path(task.source)}'"
    )
