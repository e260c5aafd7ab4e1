"""Manifests on disk: rows as they were, also those of earlier versions, which had fewer columns."""

from dataclasses import replace

import pytest

from jpegpre_tf.cluster.manifest_file import LINES, PARQUET, from_file, to_file
from jpegpre_tf.cluster.rows import COLUMNS, LATER_COLUMNS, Row, empty_row
from jpegpre_tf.cluster.tasks import Task
from jpegpre_tf.errors import StorageError


@pytest.mark.parametrize("suffix", [LINES, PARQUET])
@pytest.mark.parametrize("is_older", [False, True])
def test_rows_come_back(suffix, is_older, monkeypatch):
    if suffix == PARQUET:
        pytest.importorskip("pyarrow", reason="needs the extra [cluster]")
    reason = "4:4:4 has the encoder's own tables"
    row = replace(empty_row(Task("a.png", "a.jpg"), "encoded"), edit_reason=reason)
    expected = row
    if is_older:
        columns = {name: kind for name, kind in COLUMNS.items() if name not in LATER_COLUMNS}
        for module in ("rows", "manifest_file"):
            monkeypatch.setattr(f"jpegpre_tf.cluster.{module}.COLUMNS", columns)
        expected = replace(row, edit_reason=None)
    content = to_file([[row]], suffix)
    monkeypatch.undo()
    assert (b"edit_reason" in content) is not is_older
    assert list(from_file(content, suffix, "manifest")) == [[expected]]
    few = Row("a.png", edit_reason=expected.edit_reason)
    assert list(from_file(content, suffix, "manifest", ("source", "edit_reason"))) == [[few]]


def test_a_column_that_every_version_had_must_be_there():
    with pytest.raises(StorageError, match="not a manifest"):
        list(from_file(b'{"source": "a.png"}', LINES, "manifest"))
