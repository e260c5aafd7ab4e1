"""Every field of model.json that is missing or of another kind: one line that names it."""

import json
import shutil

import pytest

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import ModelError

DELETED = object()
WRONG = {
    "name": (DELETED, None, "", 1.5, [], "two\nlines", "\x1b[31m"),
    "version": (DELETED, None, {}, True),
    "kind": (None, 3.5, []),
    "files": (
        DELETED,
        None,
        [],
        "x",
        {"a": None},
        {"a": []},
        {"a": {}},
        {"a": {"sha256": 3}},
        {"a": {"sha256": "0"}},
    ),
    "quality_range": (
        DELETED,
        None,
        [],
        [1],
        [1, 2, 3],
        ["1", "2"],
        [0, 50],
        [1, 101],
        [90, 10],
        [1.5, 2],
        {},
    ),
    "tile": (
        DELETED,
        None,
        [],
        {},
        {"alignment": 16},
        {"alignment": 0, "overlap": 1},
        {"alignment": "16", "overlap": 16},
        {"alignment": 16, "overlap": -1},
        {"alignment": 16, "overlap": 1e9},
        {"alignment": True, "overlap": 16},
    ),
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_field_is_named(tmp_path, field, value):
    copy = shutil.copytree(runtime.find_model("balanced").path, tmp_path / "model")
    description = json.loads((copy / "model.json").read_text()) | {field: value}
    if value is DELETED:
        del description[field]
    (copy / "model.json").write_text(json.dumps(description))
    with pytest.raises(ModelError) as raised:
        runtime.find_model(copy)
    message = str(raised.value)
    assert field in message and "model.json" in message and "\n" not in message and "\x1b" not in message


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b"[" * 100_000, b'{"name": 1e999}']
)
def test_what_is_no_description_is_one_line(tmp_path, content, capsys):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_bytes(content)
    assert main(["encode", "x.png", "-o", str(tmp_path / "x.jpg"), "--profile", str(tmp_path / "model")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "model.json" in error and "unforeseen" not in error


def test_every_shipped_model_is_as_it_must_be():
    assert len(runtime.shipped_models()) >= 3
