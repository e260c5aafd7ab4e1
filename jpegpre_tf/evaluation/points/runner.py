"""Runs an evaluation's measurements: from the cache, or in worker processes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from jpegpre_tf.evaluation.cache import Point, PointCache, point_key
from jpegpre_tf.evaluation.candidates import Candidate
from jpegpre_tf.evaluation.pictures import PictureFile
from jpegpre_tf.evaluation.points.memory import keep_freed_memory
from jpegpre_tf.evaluation.points.operating_point import OperatingPoint
from jpegpre_tf.evaluation.points.worker import Task, evaluate_points
from jpegpre_tf.evaluation.results import Failure

# One thread per process: two processes on two cores must not fight over them.
SINGLE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VIPS_CONCURRENCY")
}


@dataclass
class MeasuredPoints:
    """Everything measured: picture name -> candidate key -> operating point -> point."""

    points: dict[str, dict[str, dict[OperatingPoint, Point]]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    measured: int = 0
    from_cache: int = 0

    def add(self, picture: str, candidate: str, points: Mapping[OperatingPoint, Point]) -> None:
        self.points.setdefault(picture, {}).setdefault(candidate, {}).update(points)


def list_operating_points(candidate: Candidate, qualities: Sequence[int]) -> list[OperatingPoint]:
    """Strength by strength, so that a filter that ignores the quality runs once per strength."""
    return [OperatingPoint(quality, strength) for strength in candidate.strengths for quality in qualities]


def measure_points(
    pictures: Sequence[PictureFile],
    candidates: Sequence[Candidate],
    qualities: Sequence[int],
    versions: Mapping[str, str],
    *,
    cache: Path,
    jobs: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MeasuredPoints:
    """Measures every candidate on every picture.

    Args:
        pictures: Pictures that could be read.
        candidates: Candidates with unique keys.
        qualities: 1..100, each on the encoder's own scale.
        versions: Metric name -> version.
        cache: Folder of the cache.
        jobs: Processes; 1 works in this one. Ctrl-C ends them at once, and so does any other error.
        progress: Called with points done and points in total.

    Returns:
        All points; what failed is in `failures`, and the rest was measured nevertheless.
    """
    result = MeasuredPoints()
    store = PointCache(cache)
    tasks = []
    total = 0
    identities = {c.key: (c.preprocessor_identity(), c.encoder_identity()) for c in candidates}
    for picture in pictures:
        for candidate in candidates:
            before, encoder = identities[candidate.key]
            missing = {}
            held = {}
            for at in list_operating_points(candidate, qualities):
                key = point_key(picture.sha256, before, at.strength, encoder, at.quality)
                point = store.get(key, versions)
                if point is None:
                    missing[at] = key
                else:
                    held[at] = point
            total += len(missing) + len(held)
            result.from_cache += len(held)
            result.add(picture.name, candidate.key, held)
            if missing:
                tasks.append(Task(picture, candidate, missing, versions, cache))
    done = result.from_cache
    progress(done, total)
    for task, outcome in _run(tasks, jobs):
        done += len(task.keys)
        if isinstance(outcome, BaseException):
            reason = " ".join(str(outcome).split()) or type(outcome).__name__
            result.failures.append(Failure(task.picture.name, task.candidate.key, reason))
            # A part of a curve, out of the cache, would pass for a whole one.
            result.points[task.picture.name].pop(task.candidate.key, None)
        else:
            result.measured += len(outcome)
            result.add(task.picture.name, task.candidate.key, outcome)
        progress(done, total)
    return result


def _run(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, dict[OperatingPoint, Point] | Exception]]:
    if jobs == 1 or len(tasks) < 2:
        keep_freed_memory()
        for task in tasks:
            yield task, _attempt(task)
        return
    os.environ.update({name: os.environ.get(name, value) for name, value in SINGLE_THREAD.items()})
    # Not fork: threads of libraries in this process would be copied in an unknown state.
    context = multiprocessing.get_context("spawn")
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=_start_worker) as pool:
        waiting: dict[Future[dict[OperatingPoint, Point] | Exception], Task] = {
            pool.submit(_attempt, task): task for task in tasks
        }
        try:
            for future in as_completed(waiting):
                try:
                    yield waiting[future], future.result()
                except BrokenProcessPool:
                    yield (
                        waiting[future],
                        RuntimeError("a worker process died (out of memory?); run again to go on"),
                    )
        except BaseException:
            # What is under way takes seconds, and what is done is in the cache: nothing is worth waiting for.
            for process in multiprocessing.active_children():
                if process not in others:
                    process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start_worker() -> None:
    """Sets up a worker; above all it must end when its parent is killed, not wait for work for ever."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    keep_freed_memory()
    # Ctrl-C reaches every process of a terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _attempt(task: Task) -> dict[OperatingPoint, Point] | Exception:
    """An exception is a result: not every exception survives being raised across processes."""
    try:
        return evaluate_points(task)
    except Exception as error:
        return RuntimeError(str(error) or type(error).__name__)
