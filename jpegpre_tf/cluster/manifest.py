"""What a batch has done, as a file beside its outputs: Parquet, or JSON lines without pyarrow."""

import contextlib
import datetime
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from jpegpre_tf.cluster.manifest_file import SUFFIXES, from_file, preferred_suffix, to_file
from jpegpre_tf.cluster.rows import COLUMNS, DONE, Row, to_text
from jpegpre_tf.errors import StorageError
from jpegpre_tf.storage.errors import printable_url
from jpegpre_tf.storage.storage import Storage

FOLDER = "_jpegpre"
# A part is written after so many pictures or seconds: what a killed run did after that is done again.
_PART_ROWS = 1000
_PART_SECONDS = 15.0
# What skipping needs.
_NEEDED = ("source", "status", "settings", "etag_input", "etag", "sha256_input", "sha256")


def manifest_name(shard: int = 0, shards: int = 1) -> str:
    """Returns the manifest's name in the target: each shard of several has its own.

    It ends in .jsonl where pyarrow is not installed.
    """
    stem = "manifest" if shards == 1 else f"manifest-{shard:05}-of-{shards:05}"
    return stem + preferred_suffix()


class Done(NamedTuple):
    """Of a picture that is done: the contents of input and output, by the storage's etags and by SHA-256."""

    etag_input: str
    etag: str
    sha256_input: str
    sha256: str


class Manifest:
    """One row per picture: of the runs before, and of this one.

    Rows are written as small files under `_jpegpre/` while a run goes on, and merged into one file at its end.
    Of the runs before, only what is needed to skip pictures is kept in memory, about half a kilobyte a picture.

    Args:
        target: Where outputs go.
        settings: See `BatchJob.settings_digest`: rows with others do not count as done.
        name: See `manifest_name`.

    Raises:
        StorageError: If what is there cannot be read.
    """

    def __init__(self, target: Storage, settings: str, name: str) -> None:
        self._target = target
        self._settings = settings
        self._name = name
        self._rows: list[Row] = []
        self._done: dict[str, Done] = {}
        self._found: set[str] = set()
        self._parts_written = 0
        stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S%f")
        # Parts are read in order of name: a later run's rows count.
        self._part_stem = f"{self._stem}.{stamp}-{os.getpid()}"
        self._flushed = time.monotonic()
        for _, rows in self._batches(_NEEDED):
            self._note(rows)

    @property
    def _stem(self) -> str:
        return f"{FOLDER}/{PurePosixPath(self._name).stem}"

    def done(self, source: str) -> Done | None:
        """Returns what was noted of a picture, if it was done with these settings."""
        return self._done.get(to_text(source))

    def add(self, row: Row) -> None:
        """Adds the row of one picture; written soon.

        Raises:
            StorageError: If it cannot be.
        """
        self._rows.append(row)
        if len(self._rows) >= _PART_ROWS or time.monotonic() - self._flushed > _PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes what was added.

        Raises:
            StorageError: If that fails.
        """
        self._flushed = time.monotonic()
        if not self._rows:
            return
        suffix = preferred_suffix()
        content = to_file([self._rows], suffix)
        self._target.write(f"{self._part_stem}-{self._parts_written:06}{suffix}", content)
        self._parts_written += 1
        self._rows = []

    def finish(self) -> None:
        """Merges everything into one file; afterwards the parts are gone.

        Raises:
            StorageError: If that fails; the parts are then still there, and the next run reads them.
        """
        self.flush()
        parts = self._parts()
        if not parts:  # nothing new
            return
        # Where a picture has several rows, the last one counts.
        last: dict[str, int] = {}
        for start, rows in self._batches(("source",)):
            last.update((row.source, start + index) for index, row in enumerate(rows))
        kept = (
            [row for index, row in enumerate(rows) if last[row.source] == start + index]
            for start, rows in self._batches()
        )
        self._target.write(self._name, to_file(filter(None, kept), PurePosixPath(self._name).suffix))
        others = self._found.intersection(self._whole_names()) - {self._name}
        for name in (*parts, *others):
            self._target.remove(name)
        self._found -= others

    def _whole_names(self) -> list[str]:
        """Returns the names that the merged file may have: what wrote it may have had other packages."""
        return [str(PurePosixPath(self._name).with_suffix(suffix)) for suffix in SUFFIXES]

    def _parts(self) -> list[str]:
        try:
            files, _ = self._target.files(FOLDER)
        except StorageError as error:
            if error.is_missing:
                return []
            raise
        names = (entry.name for entry in files if entry.name.startswith(f"{self._stem}."))
        return [name for name in names if name.endswith(SUFFIXES)]

    def _batches(self, columns: Sequence[str] = tuple(COLUMNS)) -> Iterator[tuple[int, list[Row]]]:
        """Yields (number of the first row, rows) of the manifest, then of the parts, oldest first."""
        start = 0
        for name in (*self._whole_names(), *self._parts()):
            try:
                content = self._target.read(name)
            except StorageError as error:
                if error.is_missing:
                    continue
                raise
            self._found.add(name)
            place = printable_url(f"{self._target.url.rstrip('/')}/{name}")
            for rows in from_file(content, PurePosixPath(name).suffix, place, columns):
                yield start, rows
                start += len(rows)

    def _note(self, rows: list[Row]) -> None:
        for row in rows:
            done = Done(row.etag_input or "", row.etag or "", row.sha256_input or "", row.sha256 or "")
            if row.status in DONE and row.settings == self._settings and done.sha256:
                self._done[row.source] = done
            else:
                self._done.pop(row.source, None)


def read_manifest(target: Storage, name: str | None = None) -> list[Row]:
    """Returns the rows of a finished run, in no particular order.

    Raises:
        StorageError: If there is none.
    """
    name = name or manifest_name()
    batches = from_file(target.read(name), PurePosixPath(name).suffix, printable_url(name))
    return [row for rows in batches for row in rows]


def flush_quietly(manifest: Manifest) -> None:
    """Writes what was added, as far as that is possible, when a run ends early."""
    with contextlib.suppress(StorageError):
        manifest.flush()
