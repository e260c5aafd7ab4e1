"""`jpegpre export`: a folder that the runtime takes; mistakes are one line and leave nothing behind."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from jpegpre_tf import Preprocessor, runtime
from jpegpre_tf._optional import MissingExtraError
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import OutputError
from jpegpre_tf.runtime.cards.model_card import ModelCard

PICTURES = str(Path(__file__).parents[2] / "pictures")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that passes for trained: of other sizes than the shipped ones."""
    model = Preprocessor(channels=8, spatial_blocks=0, mixing_blocks=1, chroma_mixing_blocks=1)
    generator = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(np.asarray(variable) + generator.normal(0, 0.02, variable.shape).astype(np.float32))
    path = tmp_path_factory.mktemp("trained") / "mine.keras"
    model.save(path)
    return path


def run(*arguments: str | Path) -> int:
    return main(["export", *map(str, arguments)])


def test_a_users_own_model_becomes_a_folder_that_the_runtime_takes(trained, tmp_path, capsys) -> None:
    pytest.importorskip("tensorflow_model_optimization", reason="needs the extra [export]")
    folder = tmp_path / "mine"
    arguments = (trained, "-o", folder, "--pictures", PICTURES, "--precision", "fp32,int8", "--json")
    assert run(*arguments) == 0
    description = json.loads(capsys.readouterr().out)
    assert description == json.loads((folder / "model.json").read_text())
    assert set(description["files"]) == {
        "model.keras",
        *(f"{kind}/{precision}.{kind}" for kind in ("tflite", "onnx") for precision in ("fp32", "int8")),
        *(
            f"onnx/{precision}_{name}.onnx"
            for name in ("carrier", "decide")
            for precision in ("fp32", "int8")
        ),
    }
    model = runtime.find_model(folder)
    assert all(len(model.read(name)) == entry.size_bytes for name, entry in model.files.items())
    assert "int8.onnx" in (folder / "README.md").read_text()
    picture = runtime.open_picture(next(Path(PICTURES).glob("*city.webp"))).pixels[:300, :200]
    results = {
        (precision, backend): runtime.load(folder, precision, backend=backend)(picture, 40).astype(int)
        for precision in (None, "int8", "fp32")
        for backend in ("litert", "onnxruntime")
    }
    np.testing.assert_array_equal(results[None, "litert"], results["int8", "litert"])
    for precision in ("int8", "fp32"):
        difference = np.abs(results[precision, "litert"] - results[precision, "onnxruntime"])
        assert (difference > 1).mean() <= 0.001


def test_without_pictures_some_are_made_and_int8_stays_close_to_keras(tmp_path, capsys) -> None:
    """A shipped model, compared on photos that it was not calibrated with."""
    pytest.importorskip("tensorflow_model_optimization", reason="needs the extra [export]")
    arguments = ("--validation", PICTURES, "--to", "tflite", "--precision", "int8", "--json")
    assert run(Path("savedmodels/balanced/model.keras"), "-o", tmp_path / "mine", *arguments) == 0
    printed = capsys.readouterr()
    assert "your own photos are better" in printed.err
    parity = json.loads(printed.out)["files"]["tflite/int8.tflite"]["parity"]
    assert parity["pictures"] == 3
    # 56.4 dB, with weights of 7 bits; 59.1 dB and 0.061 levels with version 4's of 8 bits, which overflow on some
    # processors.
    assert parity["psnr_db"] > 55 and parity["mean_levels"] < 0.12


def test_what_a_folder_says_about_training_is_kept(trained, tmp_path, capsys) -> None:
    folder = tmp_path / "kept"
    assert run(trained, "-o", folder, "--pictures", PICTURES, "--precision", "fp32", "--to", "tflite") == 0
    file = folder / "model.json"
    description = json.loads(file.read_text()) | {
        "version": "7",
        "training": {"data": "mine", "commands": []},
    }
    file.write_text(json.dumps(description))
    assert run(trained, "-o", folder, "--pictures", PICTURES, "--precision", "fp16", "--to", "tflite") == 0
    again = json.loads(file.read_text())
    assert again["version"] == "7" and again["training"]["data"] == "mine"
    assert {"tflite/fp32.tflite", "tflite/fp16.tflite"} <= set(again["files"])


def refused(capsys: pytest.CaptureFixture[str], code: int, *named: str) -> None:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert all(name in lines[0] for name in named), lines[0]


@pytest.mark.parametrize("kind", ["untrained", "foreign", "text"])
def test_what_is_no_trained_preprocessor_is_one_line(kind, tmp_path, capsys) -> None:
    path = tmp_path / "model.keras"
    if kind == "text":
        path.write_text("not a model")
    elif kind == "foreign":
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(path)
    else:
        Preprocessor(channels=8).save(path)
    assert run(path, "-o", tmp_path / "out", "--pictures", PICTURES) == 1
    named = {"untrained": "never trained", "foreign": "found a Sequential", "text": "expected a .keras"}[kind]
    refused(capsys, 1, str(path), named)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nope.keras", "--pictures", PICTURES], "nope.keras"),
        ([__file__, "--pictures", "nope"], "nope"),
        ([__file__, "--pictures", PICTURES, "--to", "coreml"], "coreml"),
        ([__file__, "--pictures", PICTURES, "--precision", "int4"], "int4"),
        ([__file__, "--qat-steps", "5"], "--pictures"),
        ([__file__, "--bd-rate", "2"], "--validation"),
        ([__file__, "--pictures", PICTURES, "--qat-steps", "5"], "--config"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(arguments, named, tmp_path, capsys) -> None:
    assert run(*arguments, "-o", tmp_path / "out") == 2
    refused(capsys, 2, named)


def test_pictures_that_files_are_compared_on_calibrate_nothing(
    trained, tmp_path, capsys, monkeypatch
) -> None:
    from jpegpre_tf.exporters import export as exporter

    asked, card = [], ModelCard("mine", "1", "preprocessor", (5, 95))
    monkeypatch.setattr(exporter, "export", lambda request, report: asked.append(request) or card)
    assert run(trained, "-o", tmp_path / "out", "--pictures", PICTURES) == 0
    assert run(trained, "-o", tmp_path / "out", "--precision", "int8") == 0
    for request in asked:
        assert request.pictures and request.validation
        assert not set(request.pictures) & set(request.validation)
    capsys.readouterr()
    assert run(trained, "-o", tmp_path / "out", "--pictures", PICTURES, "--validation", PICTURES) == 2
    refused(capsys, 2, "--pictures", "compared on")


def test_a_missing_extra_is_one_line(trained, tmp_path, capsys, monkeypatch) -> None:
    from jpegpre_tf.cli.training import export

    def missing(module: str, **options: str) -> None:
        if module == "tf2onnx":
            raise MissingExtraError("ONNX export needs `tf2onnx`: pip install 'jpegpre-tf[export]'")

    monkeypatch.setattr(export, "require", missing)
    assert run(trained, "-o", tmp_path / "out", "--pictures", PICTURES) == 1
    refused(capsys, 1, "pip install 'jpegpre-tf[export]'")


def test_a_full_disk_is_one_line_and_the_old_folder_stays(trained, tmp_path, capsys, monkeypatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OutputError(f"cannot write '{path}': No space left on device")

    monkeypatch.setattr("jpegpre_tf.exporters.export.write_atomically", full)
    arguments = ("--pictures", PICTURES, "--precision", "fp32", "--to", "tflite")
    assert run(trained, "-o", tmp_path / "out", *arguments) == 1
    error = capsys.readouterr().err.splitlines()
    assert "No space left" in error[-1] and not any("Traceback" in line for line in error)
    assert not (tmp_path / "out" / "model.json").exists()
