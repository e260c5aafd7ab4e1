"""A batch run: pictures of one storage to smaller JPEG files in another."""

import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import PurePosixPath

from jpegpre_tf import runtime
from jpegpre_tf._version import __version__
from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.local_engine import run_inside, run_local
from jpegpre_tf.cluster.manifest import FOLDER, Manifest, flush_quietly, manifest_name
from jpegpre_tf.cluster.rows import Row
from jpegpre_tf.cluster.tasks import Task, count_pictures, is_picture, list_tasks
from jpegpre_tf.errors import StorageError, UsageError
from jpegpre_tf.storage.entry import Entry
from jpegpre_tf.storage.errors import printable_url
from jpegpre_tf.storage.storage import Storage

# So many pictures in a row that fail because of the storage end the run: the storage is gone.
_MOST_STORAGE_ERRORS = 5


@dataclasses.dataclass(frozen=True)
class BatchSummary:
    """What a run did; sizes are of the pictures that it encoded or kept."""

    pictures: int = 0
    encoded: int = 0
    kept: int = 0
    skipped: int = 0
    failed: int = 0
    size_bytes_input: int = 0
    size_bytes_plain: int = 0
    size_bytes: int = 0
    seconds: float = 0.0


def run_batch(
    job: BatchJob,
    on_row: Callable[[Row], None] | None = None,
    on_total: Callable[[int], None] | None = None,
) -> BatchSummary:
    """Encodes every picture of `job.source` that is not done yet, and notes each in the manifest of `job.target`.

    Outputs are what `encode_file` writes. A picture is skipped if an earlier run with the same settings noted it,
    and input and output still have the content that was noted.

    Args:
        job: What to do.
        on_row: Called with the row of every picture that was not skipped by its etag, as it is finished.
        on_total: Called from another thread with the number of pictures, when they have been counted.

    Raises:
        UsageError: If the two places overlap, a URL is of an unknown kind, or there is no picture.
        UnknownModelError, ModelError: If the model cannot be found.
        StorageError: If a place cannot be used; what was done until then is in the manifest.
    """
    start = time.monotonic()
    source, target = Storage(job.source), Storage(job.target)
    _check_places(job, source, target)
    model = runtime.find_model(job.profile)
    # Workers need not have this process's folder.
    is_shipped = job.profile in (shipped.name for shipped in runtime.shipped_models())
    profile = job.profile if is_shipped else str(model.path.absolute())
    job = dataclasses.replace(job, source=source.absolute_url, target=target.absolute_url, profile=profile)
    settings = job.settings_digest(model)
    source.files()  # says at once what is wrong with it
    _write_settings(job, target, settings)
    manifest = Manifest(target, settings, manifest_name(job.shard, job.shards))
    counts: dict[str, int] = dict.fromkeys(("encoded", "kept", "skipped", "failed"), 0)
    sizes: dict[str, int] = dict.fromkeys(("size_bytes_input", "size_bytes_plain", "size_bytes"), 0)
    skipped: list[int] = [0]
    tasks = _tasks_to_do(job, source, target, manifest, skipped)
    if on_total is not None:
        _count_beside(job, on_total)
    storage_errors = 0
    rows = _engine(job, tasks)
    try:
        for row in rows:
            counts[str(row.status)] += 1
            for name in sizes:
                sizes[name] += getattr(row, name) or 0
            if row.status != "skipped" or row.error:
                manifest.add(row)
            if on_row is not None:
                on_row(row)
            storage_errors = storage_errors + 1 if row.is_storage_error else 0
            if storage_errors == _MOST_STORAGE_ERRORS:
                raise StorageError(f"stopped after {storage_errors} pictures in a row: {row.error}")
    finally:
        rows.close()
        flush_quietly(manifest)
    counts["skipped"] += skipped[0]
    if not sum(counts.values()):
        raise UsageError(f"no pictures in '{printable_url(job.source)}'" + _of_shard(job))
    manifest.finish()
    return BatchSummary(
        pictures=sum(counts.values()), seconds=round(time.monotonic() - start, 3), **counts, **sizes
    )


def list_batch(job: BatchJob) -> Iterator[Task]:
    """Yields what `run_batch` would look at, without writing anything, whether it was done before or not.

    Raises:
        UsageError, StorageError: As `run_batch`.
    """
    source, target = Storage(job.source), Storage(job.target)
    _check_places(job, source, target)
    for _, tasks in list_tasks(source, target, job.shard, job.shards, on_collision=job.on_collision):
        yield from tasks


def _count_beside(job: BatchJob, on_total: Callable[[int], None]) -> None:
    def count() -> None:
        with contextlib.suppress(Exception):  # what is wrong with the listing is said where it matters
            on_total(count_pictures(Storage(job.source), Storage(job.target), job.shard, job.shards))

    threading.Thread(target=count, daemon=True).start()


def _check_places(job: BatchJob, source: Storage, target: Storage) -> None:
    if target.relative(source) is not None:
        raise UsageError(
            f"'{printable_url(job.target)}' is or contains the input: outputs could overwrite inputs"
        )
    if source.relative(target) is not None and _holds_strange_pictures(target):
        raise UsageError(
            f"'{printable_url(job.target)}' is inside the input and holds pictures that no run wrote, which outputs "
            "could overwrite: name another folder"
        )
    if job.keep_times and not target.is_local:
        raise UsageError(
            f"'{printable_url(job.target)}' sets the times of its files itself: omit --keep-times"
        )
    if job.engine == "ray" and "memory" in (source.protocol, target.protocol):
        raise UsageError("memory:// is inside one process: use --engine local")


def _holds_strange_pictures(target: Storage) -> bool:
    try:
        if target.files(FOLDER)[0]:  # an earlier run's
            return False
    except StorageError:
        pass
    try:
        return any(is_picture(entry) for entries in target.walk() for entry in entries)
    except StorageError:  # not there yet, or said where it is written to
        return False


def _of_shard(job: BatchJob) -> str:
    return f" (shard {job.shard} of {job.shards})" if job.shards > 1 else ""


def _write_settings(job: BatchJob, target: Storage, settings: str) -> None:
    """Notes what the run does, and shows before any work that the target can be written to."""
    what = {"version": __version__, "settings": settings, **dataclasses.asdict(job)}
    what.update(source=printable_url(job.source), target=printable_url(job.target))
    name = PurePosixPath(manifest_name(job.shard, job.shards)).stem
    target.write(f"{FOLDER}/{name}.json", json.dumps(what, indent=1, default=str).encode() + b"\n")


def _engine(job: BatchJob, tasks: Iterator[Task]) -> Generator[Row, None, None]:
    if job.engine == "ray":
        from jpegpre_tf.cluster.ray_engine import run_ray

        return run_ray(job, tasks)
    is_inside = any(Storage(url).protocol == "memory" for url in (job.source, job.target))
    return run_inside(job, tasks) if is_inside else run_local(job, tasks)


def _tasks_to_do(
    job: BatchJob, source: Storage, target: Storage, manifest: Manifest, skipped: list[int]
) -> Iterator[Task]:
    """Yields what the listing alone does not show to be done; counts the others in `skipped`."""
    listed = list_tasks(
        source,
        target,
        job.shard,
        job.shards,
        on_collision=job.on_collision,
        folds_names=target.folds_names(),
    )
    for folder, tasks in listed:
        outputs: dict[str, Entry] | None = None
        for task in tasks:
            done = manifest.done(task.source)
            if done is None or task.refusal:
                yield task
                continue
            if task.etag and task.etag == done.etag_input and done.etag:
                # The storage names contents: nothing has to be read to know that this one is done.
                if outputs is None:
                    outputs = _files_by_name(target, folder)
                output = outputs.get(task.target)
                if output is not None and output.etag == done.etag:
                    skipped[0] += 1
                    continue
            yield dataclasses.replace(task, done_sha256_input=done.sha256_input, done_sha256=done.sha256)


def _files_by_name(target: Storage, folder: str) -> dict[str, Entry]:
    try:
        return {entry.name: entry for entry in target.files(folder)[0]}
    except StorageError as error:
        if error.is_missing:
            return {}
        raise
