import json
import shutil

import pytest

from jpegpre_tf import runtime
from jpegpre_tf.errors import ModelError, UnknownModelError


@pytest.fixture
def copy(tmp_path):
    """A copy of the shipped model that a test may damage."""
    return shutil.copytree(runtime.find_model("balanced").path, tmp_path / "copy")


def change_description(folder, change):
    file = folder / "model.json"
    description = json.loads(file.read_text())
    change(description)
    file.write_text(json.dumps(description))


def test_balanced_is_shipped():
    assert "balanced" in [model.name for model in runtime.shipped_models()]


@pytest.mark.parametrize("model", runtime.shipped_models(), ids=lambda model: model.name)
def test_shipped_models_are_what_they_say(model):
    assert model.name == model.path.name
    for name, entry in model.files.items():
        assert len(model.read(name)) == entry.size_bytes


def test_a_folder_is_as_good_as_a_name(copy):
    assert runtime.load(copy) is not None


@pytest.mark.parametrize("name", ["nope", "", "..", "../balanced", "/nowhere", "balanced/tflite"])
def test_an_unknown_profile_lists_the_known_ones(name):
    with pytest.raises(UnknownModelError, match="balanced"):
        runtime.load(name)


def test_one_changed_byte_is_refused_before_use(copy, monkeypatch):
    file = copy / "tflite" / "fp32.tflite"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    def never(*arguments, **options):
        raise AssertionError("LiteRT was given an unchecked file")

    monkeypatch.setattr("jpegpre_tf.runtime.inference.session.LiteRTTiles", never)
    with pytest.raises(ModelError, match="sha256"):
        runtime.load(copy, "fp32")


def test_another_models_file_under_the_right_name_is_refused(copy):
    (copy / "tflite" / "fp32.tflite").write_bytes(b"TFL3 something else")
    with pytest.raises(ModelError, match="sha256"):
        runtime.load(copy, "fp32")


def test_a_missing_file_is_named(copy):
    (copy / "tflite" / "fp32.tflite").unlink()
    with pytest.raises(ModelError, match=r"fp32\.tflite"):
        runtime.load(copy, "fp32")


def test_a_precision_that_is_not_shipped_lists_those_that_are():
    with pytest.raises(ModelError, match="fp32"):
        runtime.load("balanced", precision="fp8")


def test_files_outside_the_folder_are_refused(copy):
    (copy.parent / "secret").write_text("x")
    change_description(copy, lambda d: d["files"].update({"../secret": {"sha256": "0" * 64}}))
    with pytest.raises(ModelError, match="inside its folder"):
        runtime.find_model(copy).read("../secret")


def test_a_file_litert_cannot_read_is_a_model_error(copy):
    import hashlib

    content = b"not a flatbuffer"
    (copy / "tflite" / "fp32.tflite").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    change_description(copy, lambda d: d["files"]["tflite/fp32.tflite"].update(sha256=digest))
    with pytest.raises(ModelError, match="LiteRT"):
        runtime.load(copy, "fp32")


@pytest.mark.parametrize("key", ["name", "files", "tile", "quality_range"])
def test_a_description_without_a_key_says_which(copy, key):
    change_description(copy, lambda d: d.pop(key))
    with pytest.raises(ModelError, match=key):
        runtime.load(copy)


def test_a_network_for_training_is_listed_but_never_runs_as_a_preprocessor(copy):
    change_description(copy, lambda d: (d.pop("tile"), d.update(kind="simulator")))
    assert runtime.find_model(copy).kind == "simulator"
    with pytest.raises(ModelError, match="simulator"):
        runtime.load(copy)


def test_an_unknown_profile_lists_preprocessors_only():
    with pytest.raises(UnknownModelError) as caught:
        runtime.load("nope")
    assert "balanced" in str(caught.value) and "simulator-" not in str(caught.value)


def test_a_description_that_is_not_json_is_a_model_error(copy):
    (copy / "model.json").write_text("{")
    with pytest.raises(ModelError, match="JSON"):
        runtime.load(copy)
