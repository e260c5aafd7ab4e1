"""One worker: a model session, two storages, and pictures handed to it in chunks."""

import hashlib
import os
import platform
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from jpegpre_tf import runtime
from jpegpre_tf._allocator import release_freed_memory
from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.rows import Row, empty_row, result_row
from jpegpre_tf.cluster.tasks import Task
from jpegpre_tf.errors import JpegpreError, StorageError
from jpegpre_tf.runtime.encoding.rendering.renderer import Score
from jpegpre_tf.runtime.pictures.picture import open_content
from jpegpre_tf.runtime.quiet import allow_pixels, quiet_pillow
from jpegpre_tf.storage.names import printable_path
from jpegpre_tf.storage.storage import Storage

# Pictures being read ahead, and files being written behind, while one is encoded.
_AHEAD = 3


class BatchWorker:
    """Encodes chunks of pictures: reads the next ones and writes the last ones while one is encoded.

    Args:
        job: What to do.

    Raises:
        UnknownModelError, ModelError: If the model cannot be loaded here.
    """

    def __init__(self, job: BatchJob) -> None:
        quiet_pillow()
        allow_pixels(job.options.max_pixels)
        self._job = job
        self._source, self._target = Storage(job.source), Storage(job.target)
        self._session = runtime.load(job.profile, job.precision, job.threads, job.backend)
        self._score: Score | None = None
        if job.with_score or job.options.target_score is not None:
            from jpegpre_tf.evaluation.file_score import ssimulacra2_score

            self._score = ssimulacra2_score("a score")
        self._name = f"{platform.node()}:{os.getpid()}"
        self._settings = job.settings_digest(runtime.find_model(job.profile))
        self._pool = ThreadPoolExecutor(2 * _AHEAD)

    def process(self, tasks: Sequence[Task]) -> list[Row]:
        """Returns the rows of the pictures, in order; a picture that fails has a row too, and raises nothing."""
        waiting = deque(tasks)
        reading: deque[tuple[Task, Future[bytes]]] = deque()
        writing: deque[Future[Row]] = deque()
        rows: list[Row | Future[Row]] = []
        while waiting or reading:
            while waiting and len(reading) < _AHEAD:
                task = waiting.popleft()
                reading.append((task, self._pool.submit(self._read, task)))
            task, content = reading.popleft()
            row, encoded = self._row(task, content)
            if encoded is None:
                rows.append(row)
                continue
            writing.append(self._pool.submit(self._write, task, row, encoded))
            rows.append(writing[-1])
            if len(writing) >= _AHEAD:
                writing.popleft().result()
        finished = [row.result() if isinstance(row, Future) else row for row in rows]
        release_freed_memory()
        return finished

    def _read(self, task: Task) -> bytes:
        return b"" if task.refusal else self._source.read(task.source)

    def _row(self, task: Task, content: "Future[bytes]") -> tuple[Row, bytes | None]:
        """Returns the picture's row, and the file to write if there is one."""
        start = time.monotonic()
        encoded = None
        try:
            if task.is_left_out:
                return empty_row(task, "skipped", task.refusal), None
            if task.refusal:
                raise JpegpreError(task.refusal)
            picture = content.result()
            sha256 = hashlib.sha256(picture).hexdigest()
            if sha256 == task.done_sha256_input and self._is_there(task):
                row = empty_row(task, "skipped")
            else:
                result, encoded = runtime.encode_bytes(
                    picture, task.source, self._session, self._job.options, score=self._score
                )
                row = result_row(task, result)
                if self._job.with_score:
                    row = replace(row, ssimulacra2=self._scored(picture, encoded))
            row = replace(row, sha256_input=sha256)
        except StorageError as error:
            row = replace(empty_row(task, "failed", str(error)), is_storage_error=not error.is_missing)
        except JpegpreError as error:
            row = empty_row(task, "failed", str(error))
        except MemoryError:
            row = empty_row(task, "failed", f"not enough memory for '{printable_path(task.source)}'")
        seconds = round(time.monotonic() - start, 4)
        return replace(row, worker=self._name, settings=self._settings, seconds=seconds), encoded

    def _is_there(self, task: Task) -> bool:
        try:
            return hashlib.sha256(self._target.read(task.target)).hexdigest() == task.done_sha256
        except StorageError as error:
            if error.is_missing:
                return False
            raise

    def _scored(self, picture: bytes, encoded: bytes) -> float | None:
        if self._score is None:
            return None
        pixels = open_content(picture, max_pixels=self._job.options.max_pixels).pixels
        value = self._score(pixels)(encoded)
        return value if value > float("-inf") else None

    def _write(self, task: Task, row: Row, encoded: bytes) -> Row:
        """Writes the file; returns the row with what identifies it, or as a failure."""
        try:
            mode = self._source.mode(task.source) if self._target.is_local else None
            modified_ns = self._source.modified_ns(task.source) if self._job.keep_times else None
            row = replace(row, etag=self._target.write(task.target, encoded, mode) or None)
            if modified_ns is not None:
                self._target.set_modified(task.target, modified_ns)
            return replace(row, sha256=hashlib.sha256(encoded).hexdigest())
        except StorageError as error:
            return replace(row, status="failed", error=str(error), is_storage_error=True)
        except JpegpreError as error:  # the name, not the storage
            return replace(row, status="failed", error=str(error))
