"""`from_preset`: names, folders and files; what is not the described file is refused in one line."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jpegpre_tf
from jpegpre_tf import runtime
from jpegpre_tf.errors import ModelError
from jpegpre_tf.jpeg import quantization_tables

NETWORKS = {"simulator": jpegpre_tf.NeuralSimulator, "rate": jpegpre_tf.NeuralRateEstimator}
TINY = {"channels": 8, "spatial_blocks": 1}


@pytest.mark.parametrize("profile", ["balanced", "fidelity", "perceptual"])
def test_preprocessors_by_name_decide_as_their_exported_files_do(profile: str, photos: np.ndarray) -> None:
    model = jpegpre_tf.Preprocessor.from_preset(profile)
    picture = photos[:1, :64, :96]
    tables = np.stack(quantization_tables(60))
    edited = np.asarray(model(picture, tables, strength=1.0))[0]
    exported = runtime.load(profile, precision="fp32", threads=1)(picture[0], 60)
    assert np.mean(edited != exported) < 1e-3  # sums in another order, at ties
    assert np.any(edited != picture[0])


@pytest.mark.parametrize("kind", NETWORKS)
def test_networks_by_name_of_the_encoder_or_of_the_folder(kind: str, photos: np.ndarray) -> None:
    one, other = (NETWORKS[kind].from_preset(name) for name in ("mozjpeg", f"{kind}-mozjpeg"))
    assert one.encoder == other.encoder == "mozjpeg"
    quality = np.array([60.0], np.float32)
    np.testing.assert_array_equal(one(photos[:1], quality), other(photos[:1], quality))


def test_a_file_and_the_folder_of_a_run(tmp_path: Path) -> None:
    simulator = jpegpre_tf.NeuralSimulator(**TINY)
    simulator.save(tmp_path / "model.keras")
    for place in (tmp_path, tmp_path / "model.keras", str(tmp_path)):
        loaded = jpegpre_tf.NeuralSimulator.from_preset(place)
        for mine, theirs in zip(loaded.get_weights(), simulator.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a shipped model."""
    return Path(shutil.copytree(runtime.find_model("balanced").path, tmp_path / "mine"))


def test_a_changed_file_is_refused(folder: Path) -> None:
    jpegpre_tf.Preprocessor.from_preset(folder)
    jpegpre_tf.Preprocessor(channels=8).save(folder / "model.keras")
    with pytest.raises(ModelError, match=r"expected sha256 .*, received"):
        jpegpre_tf.Preprocessor.from_preset(folder)


def test_a_model_of_another_role_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="expected a simulator, found a preprocessor"):
        jpegpre_tf.NeuralSimulator.from_preset(folder)
    description = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**description, "kind": "simulator"}))
    with pytest.raises(
        ModelError, match=r"mine.model\.keras: expected a jpegpre_tf NeuralSimulator, found a Prep"
    ):
        jpegpre_tf.NeuralSimulator.from_preset(folder)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (jpegpre_tf.Preprocessor, "nope", "expected one of balanced, fidelity, perceptual, a folder"),
        (jpegpre_tf.NeuralSimulator, "balanced", "unknown simulator 'balanced': expected one of jpegli, lib"),
        (
            jpegpre_tf.NeuralRateEstimator,
            "nope.keras",
            "nope.keras: expected a .keras file, found nothing",
        ),
    ],
)
def test_unknown_names_are_one_line(kind: Any, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        kind.from_preset(name)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    model = jpegpre_tf.NeuralSimulator(**TINY)
    weight = model.trainable_variables[0]
    weight.assign(np.full(weight.shape, np.nan))
    model.save(tmp_path / "nan.keras")
    with pytest.raises(ModelError, match=r"nan\.keras: expected finite weights, found NaN or infinity in"):
        jpegpre_tf.NeuralSimulator.from_preset(tmp_path / "nan.keras")
