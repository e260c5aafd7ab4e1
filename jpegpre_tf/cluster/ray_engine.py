"""Batches on Ray: Ray Data with a pool of actors, each with a worker of its own."""

import itertools
import logging
import os
import socket
from collections.abc import Generator, Iterator
from dataclasses import asdict, replace
from typing import Any

from jpegpre_tf._optional import require
from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.local_engine import MOST_ATTEMPTS, give_up
from jpegpre_tf.cluster.rows import COLUMNS, Row, empty_row, is_text
from jpegpre_tf.cluster.tasks import Task, chunked
from jpegpre_tf.errors import JpegpreError, first_line

# Tasks handed to Ray at a time: bounds what the driver holds of a listing, whatever its length. Between two
# windows actors are started anew, about two seconds each.
_WINDOW = 50_000


def run_ray(job: BatchJob, tasks: Iterator[Task]) -> Generator[Row, None, None]:
    """Yields one row per task, in the order in which they are finished.

    Ray restarts actors that die and does their chunks again; here picture by picture, so that one that kills its
    actor time and again is given up and takes no other with it.

    Raises:
        MissingExtraError: If Ray is not installed.
        JpegpreError: If the cluster cannot be reached, or ends.
    """
    # Its own lines say nothing to who runs a batch.
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "ERROR")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray: Any = require("ray", extra="cluster", purpose="--engine ray")
    require("ray.data", extra="cluster", purpose="--engine ray")
    is_own = not ray.is_initialized()
    if is_own:
        _connect(ray, job)
    try:
        attempts = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Attempts).remote()
        while listed := list(itertools.islice(tasks, _WINDOW)):
            window = [task for task in listed if is_text(task.source)]
            # Arrow, in which Ray hands them on, takes no others.
            not_text = "the name is not UTF-8, which Ray does not take: use --engine local"
            yield from (empty_row(task, "failed", not_text) for task in listed if not is_text(task.source))
            if not window:
                continue
            missing = {task.source for task in window}
            for row in _rows(ray, job, window, attempts):
                missing.discard(row.source)
                yield row
            if missing:
                raise JpegpreError(f"Ray returned nothing for {len(missing)} pictures: run this again")
    except ray.exceptions.RayError as error:
        raise JpegpreError(f"Ray: {first_line(error)}") from error
    finally:
        if is_own:
            ray.shutdown()


def _connect(ray: Any, job: BatchJob) -> None:
    address = os.environ.get("RAY_ADDRESS")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address:
            _check_reachable(address)
            ray.init(address=address, **quiet)
        else:
            ray.init(num_cpus=job.workers, include_dashboard=False, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        where = f" at RAY_ADDRESS={address}" if address else ""
        raise JpegpreError(f"cannot start or reach Ray{where}: {first_line(error)}") from error


def _check_reachable(address: str) -> None:
    # Ray itself tries for a minute, and then ends the process.
    host, _, port = address.rpartition("://")[2].partition("/")[0].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


class _Attempts:
    """Knows, when an actor has died, what it was doing."""

    def __init__(self) -> None:
        self._begun: dict[str, int] = {}

    def begin(self, what: str) -> int:
        """Returns how often `what` was begun before without an end."""
        before = self._begun.get(what, 0)
        self._begun[what] = before + 1
        return before

    def end(self, what: str) -> None:
        """Forgets `what`."""
        self._begun.pop(what, None)


class _Actor:
    """What Ray keeps alive: one worker, called with tables of tasks."""

    def __init__(self, job: BatchJob, attempts: Any) -> None:
        from jpegpre_tf.cluster.worker import BatchWorker

        self._worker = BatchWorker(job)
        self._attempts = attempts

    def __call__(self, table: Any) -> Any:
        import pyarrow
        import ray

        tasks = [Task(**fields) for fields in table.to_pylist()]
        # Folders have no such names: a chunk is no picture.
        chunk = f"/{tasks[0].source}"
        is_again = ray.get(self._attempts.begin.remote(chunk)) > 0
        rows = [self._alone(task) for task in tasks] if is_again else self._worker.process(tasks)
        ray.get(self._attempts.end.remote(chunk))
        return pyarrow.Table.from_pylist([asdict(row) for row in rows], _row_schema())

    def _alone(self, task: Task) -> Row:
        """Does a picture of a chunk that an actor died with: it may be the one that did it."""
        import ray

        died = ray.get(self._attempts.begin.remote(task.source))
        row = give_up(task) if died == MOST_ATTEMPTS else self._worker.process([task])[0]
        ray.get(self._attempts.end.remote(task.source))
        # The first attempt was with the chunk.
        return replace(row, attempts=died + 2 - (died == MOST_ATTEMPTS))


def _row_schema() -> Any:
    """Returns the Arrow schema of rows on their way to the run."""
    import pyarrow

    columns = {**COLUMNS, "is_storage_error": "bool_"}
    return pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in columns.items()])


def _rows(ray: Any, job: BatchJob, tasks: list[Task], attempts: Any) -> Iterator[Row]:
    import pyarrow

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # One block per chunk: one call of an actor. Ray takes a new block when an actor is free, restarts actors that
    # die, on another node if need be, and gives their blocks out again.
    blocks = [
        pyarrow.Table.from_pylist([asdict(task) for task in part]) for part in chunked(iter(tasks), job.chunk)
    ]
    rows = ray.data.from_arrow(blocks).map_batches(
        _Actor,
        fn_constructor_args=(job, attempts),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=min(job.workers, len(blocks))),
        num_cpus=1,
    )
    for table in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield from (Row(**fields) for fields in table.to_pylist())
