"""Rows of a manifest as a file: Parquet where pyarrow is installed, else one JSON object a line."""

import importlib.util
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jpegpre_tf._json import parse_json
from jpegpre_tf._optional import require
from jpegpre_tf.cluster.rows import COLUMNS, LATER_COLUMNS, Row
from jpegpre_tf.errors import StorageError

PARQUET, LINES = ".parquet", ".jsonl"
SUFFIXES = (LINES, PARQUET)
_ROW_GROUP = 50_000


def preferred_suffix() -> str:
    """Returns the kind of file that is written here."""
    return PARQUET if importlib.util.find_spec("pyarrow") else LINES


def _arrow() -> Any:
    require("pyarrow", extra="cluster", purpose="a manifest in Parquet")
    import pyarrow.parquet

    return pyarrow


def _schema() -> Any:
    """Returns the Arrow schema of the manifest."""
    arrow = _arrow()
    return arrow.schema([(name, getattr(arrow, kind)()) for name, kind in COLUMNS.items()])


def to_file(batches: Iterable[Sequence[Row]], suffix: str) -> bytes:
    """Returns a file of the rows, whatever bytes their names have.

    Args:
        batches: Lists of rows; only one of them is held at a time.
        suffix: One of `SUFFIXES`.
    """
    file = io.BytesIO()
    if suffix == LINES:
        for batch in batches:
            file.writelines(json.dumps(row.to_json()).encode() + b"\n" for row in batch)
        return file.getvalue()
    arrow = _arrow()
    with arrow.parquet.ParquetWriter(file, _schema(), compression="zstd") as writer:
        for batch in batches:
            table = arrow.Table.from_pylist([row.to_json() for row in batch], _schema())
            writer.write_table(table, row_group_size=_ROW_GROUP)
    return file.getvalue()


def from_file(
    content: bytes, suffix: str, name: str, columns: Sequence[str] = tuple(COLUMNS)
) -> Iterator[list[Row]]:
    """Yields the rows of a file in lists.

    Args:
        content: The file.
        suffix: One of `SUFFIXES`.
        name: For messages.
        columns: Names of the columns to read; the rows' other fields are None.

    Raises:
        StorageError: If it is no such file.
    """
    try:
        yield from _read_lines(content, columns) if suffix == LINES else _read_parquet(content, columns)
    except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"'{name}' is not a manifest of this program: move it away, and everything is done anew"
        ) from error


def _read_lines(content: bytes, columns: Sequence[str]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for line in content.splitlines():
        batch.append(Row.from_json(parse_json(line), columns))
        if len(batch) == _ROW_GROUP:
            yield batch
            batch = []
    yield batch


def _read_parquet(content: bytes, columns: Sequence[str]) -> Iterator[list[Row]]:
    arrow = _arrow()
    try:
        with arrow.parquet.ParquetFile(io.BytesIO(content)) as file:
            there = [name for name in columns if name not in LATER_COLUMNS or name in file.schema_arrow.names]
            for batch in file.iter_batches(_ROW_GROUP, columns=there):
                table = arrow.Table.from_batches([batch])
                yield [Row.from_json(content, columns) for content in table.select(there).to_pylist()]
    except arrow.ArrowException as error:
        raise ValueError(str(error)) from error
