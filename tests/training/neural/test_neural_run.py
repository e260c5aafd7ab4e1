"""Learning an encoder end to end, small: losses fall, runs resume, wrong usage is one line."""

import json
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import jpegpre_tf
from jpegpre_tf.cli.main import main
from jpegpre_tf.codecs import LibjpegTurbo
from jpegpre_tf.errors import ModelError, UsageError
from jpegpre_tf.models.loading import load_network
from jpegpre_tf.training.data.crops import list_pictures
from jpegpre_tf.training.neural import run as neural_run
from jpegpre_tf.training.neural.config import NeuralTrainConfig, load_neural_config
from jpegpre_tf.training.neural.edits import dead_zone
from jpegpre_tf.training.neural.run import NeuralRun

PICTURES = Path(__file__).parents[2] / "pictures"
TINY = {
    "steps": 4,
    "steps_per_epoch": 2,
    "batch_pairs": 2,
    "crop_size": 64,
    "pairs": 4,
    "large_size": 96,
    "large_pairs": 2,
    "validation_pairs": 2,
    "channels": 8,
    "spatial_blocks": 1,
    "width": 8,
    "context_width": 4,
}
ENCODER = LibjpegTurbo()


def aggressive(image: np.ndarray, quality: int) -> bytes:
    """An encoder to learn: zeroes luma coefficients below one step before libjpeg-turbo rounds."""
    return ENCODER.encode_bytes(dead_zone(image, quality, 1.0), quality)


@pytest.mark.slow
def test_it_learns_an_encoder_that_drops_coefficients(tmp_path: Path) -> None:
    fields = {**TINY, "steps": 60, "steps_per_epoch": 30, "pairs": 24, "crop_size": 128, "channels": 16}
    config = NeuralTrainConfig(**fields, learning_rate=5e-3, quality_low=20, quality_high=85)
    paths = list_pictures(PICTURES)
    run = NeuralRun(config, aggressive, "aggressive", paths, paths, tmp_path / "sim", verbose=0)
    simulator = run.train_simulator()
    records = [json.loads(line) for line in (tmp_path / "sim" / "log.jsonl").read_text().splitlines()]
    assert records[-1]["val_decision_nats"] < records[0]["decision_nats"]
    image = np.asarray(paths[1] and jpegpre_tf.runtime.open_picture(paths[1]).pixels)[64:192, 64:192]
    image = np.ascontiguousarray(image)
    real = ENCODER.encode(dead_zone(image, 40, 1.0), 40).decoded.astype(np.float64)
    learned = simulator(image[None], quality=[40.0])[0].numpy()
    plain = ENCODER.encode(image, 40).decoded
    assert np.mean((learned - real) ** 2) < 0.5 * np.mean((plain - real) ** 2)

    rate_run = NeuralRun(config, aggressive, "aggressive", paths, paths, tmp_path / "rate", verbose=0)
    rate = rate_run.train_rate(simulator)
    records = [json.loads(line) for line in (tmp_path / "rate" / "log.jsonl").read_text().splitlines()]
    assert records[-1]["val_error_percent"] < records[0]["error_percent"]
    real_bpp = 8 * len(aggressive(image, 40)) / image[..., 0].size
    assert float(rate(image[None], quality=[40.0])[0]) == pytest.approx(real_bpp, rel=0.25)


@pytest.mark.slow
def test_verbs_write_models_and_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    common = [str(PICTURES), "--config", str(tmp_path / "tiny.json"), "--preprocess", "none"]
    script = tmp_path / "encoder.py"
    script.write_text(
        "import sys\nfrom PIL import Image\n"
        "Image.open(sys.argv[1]).save(sys.argv[2], 'JPEG', quality=int(sys.argv[3]), optimize=True)\n"
    )
    simulator, rate = tmp_path / "simulator", tmp_path / "rate"
    start = ["train-simulator", *common, "--encoder", "libjpeg-turbo", "-o", str(simulator)]
    assert main([*start, "--steps", "2"]) == 0
    assert main(start) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*start, "--resume", "--steps", "4"]) == 0
    assert capsys.readouterr().out.strip() == str(simulator / "model.keras")
    records = [json.loads(line) for line in (simulator / "log.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [0, 1]
    model = keras.models.load_model(simulator / "model.keras")
    assert isinstance(model, jpegpre_tf.NeuralSimulator) and model.encoder == "libjpeg-turbo"

    start = ["train-rate", *common, "--encoder", "libjpeg-turbo", "-o", str(rate)]
    assert main([*start, "--simulator", str(simulator / "model.keras")]) == 0
    trained = keras.models.load_model(rate / "model.keras")
    assert isinstance(trained, jpegpre_tf.NeuralRateEstimator)
    for mine, theirs in zip(trained.quantizer.get_weights(), model.quantizer.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    wrong = ["train-rate", *common, "--encoder", "libjpeg-turbo", "-o", str(tmp_path / "wrong")]
    assert main([*wrong, "--simulator", str(rate / "model.keras")]) == 1
    assert "expected a jpegpre_tf NeuralSimulator" in capsys.readouterr().err


def started(tmp_path: Path, name: str, **fields: object) -> NeuralRun:
    config = NeuralTrainConfig(**{**TINY, "learning_rate": 1e-2, **fields})
    paths = list_pictures(PICTURES)
    return NeuralRun(config, ENCODER.encode_bytes, "libjpeg-turbo", paths, paths, tmp_path / name, verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("averaging", [0.0, 0.5])
def test_a_resumed_run_has_the_curve_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, averaging: float
) -> None:
    def curve(name: str) -> list[dict[str, float]]:
        return [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]

    class CopyAfterOne(neural_run._Keep):
        """What kill -9 leaves after the first epoch."""

        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch == 1:
                shutil.copytree(self.folder, tmp_path / "parts")

    simulator = jpegpre_tf.NeuralSimulator(8, 1)
    options = {"averaging": averaging, "pairs": 8, "large_pairs": 4}
    with monkeypatch.context() as patch:
        patch.setattr(neural_run, "_Keep", CopyAfterOne)
        started(tmp_path, "whole", **options).train_rate(simulator)
    assert len(curve("parts")) == 1
    started(tmp_path, "parts", **options).train_rate(simulator)
    for whole, parts in zip(curve("whole"), curve("parts"), strict=True):
        assert parts == pytest.approx(whole, rel=1e-4)  # sums in threads differ in the last bits


@pytest.mark.slow
def test_averaged_weights_are_what_is_kept_and_returned(tmp_path: Path) -> None:
    """An average that takes in next to nothing stays at the first step, which Adam makes 0.01 long at this rate."""
    simulator = jpegpre_tf.NeuralSimulator(8, 1)
    began = jpegpre_tf.NeuralRateEstimator(8, 1, "integer", 8, 4)
    began.save(tmp_path / "began.keras")
    moved = []
    for averaging in (0.0, 1 - 1e-6):
        run = started(tmp_path, f"{averaging}", averaging=averaging, symbols=False)
        returned = run.train_rate(simulator, tmp_path / "began.keras").rate_network.get_weights()
        kept = keras.models.load_model(run.folder / "model.keras").rate_network.get_weights()
        for mine, theirs in zip(returned, kept, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        both = zip(kept, began.rate_network.get_weights(), strict=True)
        moved.append(max(float(np.abs(now - then).max()) for now, then in both))
    assert moved[0] > 1.5e-2 and moved[1] < 1.01e-2


@pytest.mark.slow
def test_symbols_join_a_network_without_them(tmp_path: Path, photos: np.ndarray) -> None:
    simulator = jpegpre_tf.NeuralSimulator(8, 1)
    began = jpegpre_tf.NeuralRateEstimator(8, 1, "integer", 8, 4)
    began.save(tmp_path / "began.keras")
    # A learning rate too small to change anything: 4 steps of at most 1e-12 per weight.
    run = started(tmp_path, "run", learning_rate=1e-12)
    rate = run.train_rate(simulator, tmp_path / "began.keras")
    assert rate.symbols and rate.count_params() > began.count_params()
    quality = np.array([20.0, 50.0, 80.0], np.float32)
    np.testing.assert_allclose(rate(photos, quality), began(photos, quality), rtol=1e-5)


def test_a_command_line_encoder_is_learned(tmp_path: Path) -> None:
    from jpegpre_tf.codecs.command import CommandEncoder

    script = tmp_path / "encoder.py"
    script.write_text(
        "import sys\nfrom PIL import Image\n"
        "Image.open(sys.argv[1]).save(sys.argv[2], 'JPEG', quality=int(sys.argv[3]), subsampling=2)\n"
    )
    encoder = CommandEncoder(f"{sys.executable} {script} {{in}} {{out}} {{quality}}")
    from jpegpre_tf.training.neural.pairs import make_pairs

    pairs = make_pairs(encoder.encode_bytes, list_pictures(PICTURES), count=1, size=32, seed=0)
    assert np.all(pairs.size_bits > 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{none}", "--encoder", "mozjpeg"], "expected a folder"),
        (["{pictures}", "--encoder", "nope"], "no encoder 'nope'"),
        (["{pictures}", "--encoder", "nope {in} {out} {quality}"], "not found"),
        (["{pictures}", "--encoder", "libjpeg-turbo", "--resume"], "found no checkpoint"),
        (["{pictures}", "--encoder", "libjpeg-turbo", "--from", "{none}"], "--from"),
        (["{pictures}", "--encoder", "libjpeg-turbo", "--config", "{none}"], "JSON"),
        (["{pictures}", "--encoder", "libjpeg-turbo", "--steps", "0"], "steps"),
    ],
)
@pytest.mark.parametrize("verb", ["train-simulator", "train-rate"])
def test_wrong_usage_is_one_line(
    verb: str, arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"{none}": str(tmp_path / "none"), "{pictures}": str(PICTURES)}
    words = [places.get(word, word) for word in arguments]
    if verb == "train-rate":
        (tmp_path / "simulator.keras").touch()
        words += ["--simulator", str(tmp_path / "simulator.keras")]
    assert main([verb, *words, "-o", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected a JSON"),
        ('{"stepz": 3}', "stepz"),
        ('{"steps": 0}', "steps"),
        ('{"steps": "many"}', "steps"),
        ('{"crop_size": 100}', "multiple of 16"),
        ('{"pairs": 2}', "batch_pairs"),
        ('{"averaging": 1}', "averaging"),
        ('{"quality_low": 90, "quality_high": 10}', "quality_low"),
    ],
)
def test_bad_configurations(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(UsageError, match=message):
        load_neural_config(tmp_path / "config.json")


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.keras").write_text("no")
    with pytest.raises(ModelError, match=r"x\.keras"):
        load_network(tmp_path / "x.keras", jpegpre_tf.NeuralSimulator)
