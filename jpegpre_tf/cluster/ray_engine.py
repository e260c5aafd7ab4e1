"""Batches on Ray: Ray Data with a pool of actors, each with a worker of its own."""

import itertools
import logging
import os
import warnings
from collections.abc import Generator, Iterator
from dataclasses import asdict
from typing import Any

from jpegpre_tf._optional import require
from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.local_engine import MOST_ATTEMPTS, given_up
from jpegpre_tf.cluster.rows import COLUMNS, PRIVATE, Row
from jpegpre_tf.cluster.tasks import Task, chunked
from jpegpre_tf.errors import JpegpreError

# Tasks handed to Ray at a time: bounds what the driver holds of a listing, whatever its length. Between two
# windows actors are started anew, about two seconds each.
_WINDOW = 50_000


def run_ray(job: BatchJob, tasks: Iterator[Task]) -> Generator[Row, None, None]:
    """Yields one row per task, in the order in which they are finished.

    Ray restarts actors that die and does their chunks again. What has no row at the end of a window, because its
    actor died every time, is done once more, picture by picture, and given up if that does not help.

    Raises:
        MissingExtraError: If Ray is not installed.
        JpegpreError: If the cluster cannot be reached, or ends.
    """
    # Its own lines say nothing to who runs a batch.
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "ERROR")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray: Any = require("ray", extra="cluster", purpose="--engine ray")
    require("ray.data", extra="cluster", purpose="--engine ray")
    is_own = not ray.is_initialized()
    if is_own:
        _connect(ray, job)
    try:
        while window := list(itertools.islice(tasks, _WINDOW)):
            missing = {task.source: task for task in window}
            for row in _rows(ray, job, window, job.chunk):
                missing.pop(row["source"], None)
                yield row
            alone = list(missing.values())
            for row in _rows(ray, job, alone, 1) if alone else ():
                row["attempts"] = 2
                missing.pop(row["source"], None)
                yield row
            for task in missing.values():
                row = given_up(task)
                row["attempts"] = MOST_ATTEMPTS
                yield row
    except ray.exceptions.RayError as error:
        raise JpegpreError(f"Ray: {next(iter(str(error).splitlines()), type(error).__name__)}") from error
    finally:
        if is_own:
            ray.shutdown()


def _connect(ray: Any, job: BatchJob) -> None:
    address = os.environ.get("RAY_ADDRESS")
    try:
        if address:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            ray.init(
                num_cpus=job.workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        where = f" at RAY_ADDRESS={address}" if address else ""
        first_line = next(iter(str(error).splitlines()), type(error).__name__)
        raise JpegpreError(f"cannot start or reach Ray{where}: {first_line}") from error


class _Actor:
    """What Ray keeps alive: one worker, called with tables of tasks."""

    def __init__(self, job: BatchJob) -> None:
        from jpegpre_tf.cluster.worker import BatchWorker

        self._worker = BatchWorker(job)

    def __call__(self, table: Any) -> Any:
        import pyarrow

        rows = self._worker.process([Task(**fields) for fields in table.to_pylist()])
        return pyarrow.Table.from_pylist(rows, row_schema())


def row_schema() -> Any:
    """Returns the Arrow schema of rows on their way to the run."""
    import pyarrow

    columns = {**COLUMNS, **PRIVATE}
    return pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in columns.items()])


def _rows(ray: Any, job: BatchJob, tasks: list[Task], chunk: int) -> Iterator[Row]:
    import pyarrow

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A chunk whose actor died too often is left out instead of ending the run.
    context.max_errored_blocks = -1
    # One block per chunk: one call of an actor.
    blocks = [
        pyarrow.Table.from_pylist([asdict(task) for task in part]) for part in chunked(iter(tasks), chunk)
    ]
    with warnings.catch_warnings():
        # That `max_task_retries` goes through `ray_remote_args`. Ray Data has no other way to set it, and without
        # it a picture that kills its actor is tried for ever.
        warnings.filterwarnings("ignore", message=".*ray_remote_args")
        rows = ray.data.from_arrow(blocks).map_batches(
            _Actor,
            fn_constructor_args=(job,),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=min(job.workers, len(blocks))),
            num_cpus=1,
            max_restarts=-1,
            max_task_retries=MOST_ATTEMPTS - 1,
        )
    for table in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield from table.to_pylist()
