"""Simulators and rate estimators as files: what Keras gives, by raw LiteRT and ONNX Runtime; mistakes are one line."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import jpegpre_tf
from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters.neural import export as module
from jpegpre_tf.exporters.neural.card import write_network_folder
from jpegpre_tf.exporters.neural.convert import DESCRIPTIONS, convert_tflite
from jpegpre_tf.exporters.neural.run import run_file
from jpegpre_tf.exporters.tflite_metadata import read_description
from jpegpre_tf.runtime.cards.training_record import TrainingRecord
from jpegpre_tf.training.data.synthetic import photo_like

pytest.importorskip("tf2onnx", reason="needs the extra [export]")
SIZES = {"channels": 4, "spatial_blocks": 1}
SIZE = 48, 64


def trained(network: keras.Model) -> keras.Model:
    """Random where fresh weights are 0, so that thresholds depend on the picture."""
    generator = np.random.default_rng(0)
    for variable in network.trainable_variables:
        value = np.asarray(variable)
        variable.assign(value + generator.normal(0, 0.02, value.shape).astype(np.float32))
    return network


@pytest.fixture(scope="module", params=["simulator", "rate"])
def saved(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[keras.Model, Path]:
    make = {
        "simulator": lambda: jpegpre_tf.NeuralSimulator(**SIZES),
        "rate": lambda: jpegpre_tf.NeuralRateEstimator(**SIZES, width=8, context_width=4, symbols=True),
    }[request.param]
    network = trained(make())
    path = tmp_path_factory.mktemp(request.param) / "mine.keras"
    network.save(path)
    return network, path


def run(*arguments: str | Path) -> int:
    return main(["export", *map(str, arguments)])


def write_folder(network: keras.Model, folder: Path) -> None:
    write_network_folder(
        network,
        folder,
        version="7",
        encoder={"name": "mine", "version": "2.1", "flags": "baseline"},
        training=TrainingRecord("three pictures", ("jpegpre train-x",)),
        quality_range=(3, 95),
        measured={},
    )


def test_a_network_becomes_files_that_give_what_keras_gives(saved, tmp_path, capsys) -> None:
    network, path = saved
    folder = tmp_path / "mine"
    size = "x".join(map(str, SIZE))
    write_folder(network, folder)
    # tf2onnx takes half a minute for the rate estimator's many small operations.
    formats = "tflite" if isinstance(network, jpegpre_tf.NeuralRateEstimator) else "tflite,onnx"
    assert run(path, "-o", folder, "--size", size, "--to", formats, "--json") == 0
    description = json.loads(capsys.readouterr().out)
    assert description == json.loads((folder / "model.json").read_text())
    names = [f"{name}/fp32.{name}" for name in formats.split(",")]
    assert set(description["files"]) == {"model.keras", *names}
    assert all(name in (folder / "README.md").read_text() for name in names)
    model = runtime.find_model(folder)
    # What the folder said about training stays.
    assert (model.version, model.quality_range, model.card.training.data) == ("7", (3, 95), "three pictures")
    assert model.files["tflite/fp32.tflite"].picture_size == SIZE
    assert all(model.files[name].parity.pictures for name in names)
    (output,) = description["outputs"]
    for name in names:
        content = model.read(name)
        # ONNX takes any size.
        height, width = SIZE if name.endswith("tflite") else (51, 70)
        picture = photo_like(seed=9)[:height, :width]
        (found,) = run_file(content, name.rpartition(".")[2], output, [(picture, 60.0)])
        expected = np.asarray(network(picture[np.newaxis].astype(np.float32), quality=[60.0]))
        assert found.shape == expected.shape
        # A coefficient or two may cross a threshold, each with some levels in its block of 64 to 256 samples.
        error = np.abs(found - expected).mean()
        assert error <= (0.001 * expected.mean() if output == "bits_per_pixel" else 0.1), name
    described = read_description(model.read(names[0]))
    assert described["signatures"]["run"]["outputs"] == {output: DESCRIPTIONS[output]}


def test_what_is_known_of_a_network_goes_with_it(saved, tmp_path) -> None:
    network, _ = saved
    shipped = tmp_path / "shipped"
    write_folder(network, shipped)
    assert run(shipped, "-o", tmp_path / "mine", "--size", "32x32", "--to", "tflite") == 0
    source, copy = runtime.find_model(shipped).card, runtime.find_model(tmp_path / "mine").card
    assert copy.name == "mine" and set(copy.files) == {"model.keras", "tflite/fp32.tflite"}
    for field in ("version", "encoder", "training", "quality_range", "license"):
        assert getattr(copy, field) == getattr(source, field)


def test_what_does_not_fit_is_one_line(saved, tmp_path, capsys) -> None:
    _, path = saved
    (tmp_path / "other").mkdir()
    shutil.copy(runtime.find_model("balanced").path / "model.json", tmp_path / "other")
    for arguments, named in (
        (("--precision", "fp16"), "--precision"),
        (("--qat-steps", "5"), "--qat-steps"),
        (("--size", "16x300"), "at least 32"),
        (("-o", tmp_path / "other"), "found a preprocessor"),
    ):
        assert run(path, "-o", tmp_path / "out", *arguments) == 2
        lines = [line for line in capsys.readouterr().err.splitlines() if "note: no --pictures" not in line]
        assert len(lines) == 1 and named in lines[0], lines
    assert not (tmp_path / "out").exists()
    assert [file.name for file in (tmp_path / "other").iterdir()] == ["model.json"]


def test_a_file_that_gives_something_else_is_refused(saved, tmp_path, monkeypatch) -> None:
    network, path = saved
    other = trained(type(network)(**{**network.get_config(), "name": "other"}))
    other.quantizer.set_tables(np.full((100, 3, 64), 200))
    monkeypatch.setattr(module, "convert_tflite", lambda network, *rest: convert_tflite(other, *rest))
    request = module.NetworkExportRequest(
        network=network,
        source=path,
        folder=tmp_path / "out",
        pictures=(photo_like(seed=1),),
        size=SIZE,
        formats=("tflite",),
    )
    with pytest.raises(ModelError, match=r"tflite/fp32.tflite: the mean difference to Keras"):
        module.export_network(request)
    assert not (tmp_path / "out").exists()
