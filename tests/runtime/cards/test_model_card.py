"""Every field of model.json that is missing or of another kind: one line that names it."""

import json
import shutil
from pathlib import Path

import pytest

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.cards.model_card import ModelCard

ROOT = Path(__file__).parents[3]
MODELS = sorted([*ROOT.glob("savedmodels/*/model.json"), *ROOT.glob("tests/runtime/version4/*/model.json")])
FEWEST = {
    "name": "mine",
    "version": 1,
    "files": {},
    "tile": {"alignment": 16, "overlap": 0},
    "quality_range": [5, 95],
}
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
    "licence": (3.5, "two\nlines"),
    "purpose": ([],),
    "encoder": ([],),
    "signatures": (3,),
    "parameters": (-1, "many", True),
    "training": ([], {"data": 3}, {"commands": "one"}, {"commands": [1]}),
    "objective": ([], {"psnr_y": "1"}, {"psnr_y": float("inf")}),
    "measured": ([], {"Kodak": []}),
}
# Fields of a file's entry that may be missing, but not wrong.
WRONG_OF_FILE = {
    "size_bytes": (-1, "1", 1.5),
    "precision": (3.5, []),
    "signature": ({},),
    "processor": ([],),
    "picture_size": (256, [256], [0, 256], ["256", 256]),
    "parity": ([], {"max_levels": "1"}, {"pictures": 0.5}, {"mean_relative": "1"}, {"against_tflite": 3}),
    "cpu_ms_per_megapixel": ("1", float("nan")),
    "quantization": ([], {}, {"method": "m", "steps": -1}),
    "operations": ([], {"ADD": 0.5}),
    "bd_rate_points_off_fp32": (3,),
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
    ("field", "value"), [(field, value) for field, values in WRONG_OF_FILE.items() for value in values]
)
def test_a_wrong_field_of_a_file_is_named(field, value):
    content = {**FEWEST, "files": {"a.onnx": {"sha256": "0" * 64, field: value}}}
    with pytest.raises(ModelError, match=f"^'m': `files.a.onnx.{field}") as raised:
        ModelCard.from_json(content, "m")
    assert "\n" not in str(raised.value)


def test_the_fewest_fields_suffice():
    card = ModelCard.from_json(FEWEST, "m")
    assert card.to_json() == FEWEST | {"version": "1"}
    assert (card.training, card.measured, card.files) == (None, {}, {})


def test_fields_of_other_versions_are_handed_on():
    entry = {"sha256": "0" * 64, "later": [1]}
    content = {**FEWEST, "version": "1", "files": {"a": entry}, "later": {"x": None}}
    assert ModelCard.from_json(content, "m").to_json() == content


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_what_is_read_is_written_again(path):
    text = path.read_text(encoding="utf-8")
    written = ModelCard.from_json(json.loads(text), str(path)).to_json()
    assert written == json.loads(text)
    if path.parent.name == "balanced":  # the others' fields are in the order of an earlier version
        assert list(written) == list(json.loads(text))


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
