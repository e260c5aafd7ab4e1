"""What a batch has done, as a Parquet file beside its outputs."""

import contextlib
import datetime
import io
import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from jpegpre_tf._optional import require
from jpegpre_tf.cluster.rows import COLUMNS, DONE, Row
from jpegpre_tf.errors import StorageError
from jpegpre_tf.storage.storage import Storage

FOLDER = "_jpegpre"
# A part is written after so many pictures or seconds: what a killed run did after that is done again.
_PART_ROWS = 1000
_PART_SECONDS = 15.0
_ROW_GROUP = 50_000


def _arrow() -> Any:
    require("pyarrow", extra="cluster", purpose="the manifest")
    import pyarrow.parquet

    return pyarrow


def schema() -> Any:
    """Returns the Arrow schema of the manifest."""
    arrow = _arrow()
    return arrow.schema([(name, getattr(arrow, kind)()) for name, kind in COLUMNS.items()])


def manifest_name(shard: int = 0, shards: int = 1) -> str:
    """Returns the manifest's name in the target: each shard of several has its own."""
    return "manifest.parquet" if shards == 1 else f"manifest-{shard:05}-of-{shards:05}.parquet"


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

    def __init__(self, target: Storage, settings: str, name: str = "manifest.parquet") -> None:
        self._target = target
        self._settings = settings
        self._name = name
        self._rows: list[Row] = []
        self._done: dict[str, Done] = {}
        self._parts_written = 0
        stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S%f")
        # Parts are read in order of name: a later run's rows count.
        self._part_stem = f"{self._stem}.{stamp}-{os.getpid()}"
        self._flushed = time.monotonic()
        for table in self._tables():
            self._note(table)

    @property
    def _stem(self) -> str:
        return f"{FOLDER}/{self._name.removesuffix('.parquet')}"

    def done(self, source: str) -> Done | None:
        """Returns what was noted of a picture, if it was done with these settings."""
        return self._done.get(source)

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
        arrow = _arrow()
        rows = [{name: row[name] for name in COLUMNS} for row in self._rows]
        file = io.BytesIO()
        arrow.parquet.write_table(arrow.Table.from_pylist(rows, schema()), file, compression="zstd")
        self._target.write(f"{self._part_stem}-{self._parts_written:06}.parquet", file.getvalue())
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
        arrow = _arrow()
        # Where a picture has several rows, the last one counts.
        last: dict[str, int] = {}
        for number, name in _numbered(self._tables(columns=["source"])):
            last[name] = number
        file = io.BytesIO()
        with arrow.parquet.ParquetWriter(file, schema(), compression="zstd") as writer:
            start = 0
            for table in self._tables():
                names = table.column("source").to_pylist()
                kept = [index for index, name in enumerate(names) if last[name] == start + index]
                start += len(names)
                if kept:
                    writer.write_table(table.take(kept), row_group_size=_ROW_GROUP)
        self._target.write(self._name, file.getvalue())
        for part in parts:
            self._target.remove(part)

    def _parts(self) -> list[str]:
        try:
            files, _ = self._target.files(FOLDER)
        except StorageError as error:
            if error.is_missing:
                return []
            raise
        names = (entry.name for entry in files if entry.name.startswith(f"{self._stem}."))
        return [name for name in names if name.endswith(".parquet")]

    def _tables(self, columns: list[str] | None = None) -> Iterator[Any]:
        """Yields the manifest, then the parts, oldest first."""
        arrow = _arrow()
        for name in (self._name, *self._parts()):
            try:
                content = self._target.read(name)
            except StorageError as error:
                if error.is_missing:
                    continue
                raise
            try:
                with arrow.parquet.ParquetFile(io.BytesIO(content)) as file:
                    for batch in file.iter_batches(_ROW_GROUP, columns=columns):
                        table = arrow.Table.from_batches([batch])
                        yield table if columns else table.select(list(COLUMNS)).cast(schema())
            except (arrow.ArrowException, OSError, KeyError) as error:
                raise StorageError(
                    f"'{self._target.url.rstrip('/')}/{name}' is not a manifest of this program: "
                    f"move it away, and everything is done anew"
                ) from error

    def _note(self, table: Any) -> None:
        needed = ("source", "status", "settings", "etag_input", "etag", "sha256_input", "sha256")
        columns = [table.column(name).to_pylist() for name in needed]
        for source, status, settings, *noted in zip(*columns, strict=True):
            done = Done(*(text or "" for text in noted))
            if status in DONE and settings == self._settings and done.sha256:
                self._done[source] = done
            else:
                self._done.pop(source, None)


def _numbered(tables: Iterator[Any]) -> Iterator[tuple[int, str]]:
    number = 0
    for table in tables:
        for name in table.column("source").to_pylist():
            yield number, name
            number += 1


def read_manifest(target: Storage, name: str = "manifest.parquet") -> list[Row]:
    """Returns the rows of a finished run, in no particular order.

    Raises:
        StorageError: If there is none.
    """
    content = target.read(name)
    rows: list[Row] = _arrow().parquet.read_table(io.BytesIO(content)).to_pylist()
    return rows


def release(manifest: Manifest) -> None:
    """Writes what was added, as far as that is possible, when a run ends early."""
    with contextlib.suppress(StorageError):
        manifest.flush()
