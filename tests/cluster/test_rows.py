"""A picture's row, and what a manifest's line must be."""

import dataclasses

import pytest

pytest.importorskip("fsspec", reason="needs the extra [cluster]")

from jpegpre_tf.cluster.manifest_file import LINES, from_file, to_file
from jpegpre_tf.cluster.rows import COLUMNS, Row, empty_row
from jpegpre_tf.cluster.tasks import Task
from jpegpre_tf.errors import StorageError


def test_a_row_has_the_columns_of_the_manifest_and_one_field_more() -> None:
    fields = [field.name for field in dataclasses.fields(Row)]
    assert fields == [*COLUMNS, "is_storage_error"]


def test_a_row_comes_back_from_its_line() -> None:
    row = dataclasses.replace(empty_row(Task("a.png", "a.jpg", "tag"), "encoded"), quality=74.5, width=12)
    (rows,) = from_file(to_file([[row]], LINES), LINES, "manifest.jsonl")
    assert rows == [row]


def test_only_the_columns_asked_for_are_read() -> None:
    row = empty_row(Task("a.png", "a.jpg"), "failed", "why")
    (rows,) = from_file(to_file([[row]], LINES), LINES, "manifest.jsonl", ("source", "error"))
    assert rows == [Row("a.png", error="why")]


@pytest.mark.parametrize("line", [b'{"source": "a"}', b"[1]", b"3", b"{"])
def test_what_is_no_line_of_a_manifest_is_said_in_one_line(line: bytes) -> None:
    with pytest.raises(StorageError, match=r"^'m\.jsonl' is not a manifest of this program"):
        list(from_file(line + b"\n", LINES, "m.jsonl"))


@pytest.mark.parametrize("field", ['"source": 5', '"width": "7"', '"error": []'])
def test_a_value_of_another_type_is_refused(field: str) -> None:
    content = empty_row(Task("a.png", "a.jpg"), "failed", "why").to_json()
    name = field.partition(":")[0].strip('"')
    line = to_file([[Row.from_json(content)]], LINES).decode()
    old = next(part for part in line.strip("{}\n").split(", ") if part.startswith(f'"{name}":'))
    with pytest.raises(StorageError, match="is not a manifest"):
        list(from_file(line.replace(old, field).encode(), LINES, "m.jsonl"))
