"""Training end to end, small: the loss falls, runs resume, usage errors are one line."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.cli.main import main
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.losses import RateDistortion
from jpegpre_tf.training import run
from jpegpre_tf.training.config import TrainConfig, load_config, objective_config
from jpegpre_tf.training.data.crops import list_pictures, validation_dataset
from jpegpre_tf.training.real_bd_rate import RealBDRate
from jpegpre_tf.training.run import train

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.mark.slow
def test_fit_lowers_the_loss() -> None:
    keras.utils.set_random_seed(0)
    data = validation_dataset(list_pictures(PICTURES), batch_size=6, crop_size=128, qualities=(30, 60))
    trainer = jpegpre_tf.PreprocessorTrainer(
        jpegpre_tf.Preprocessor(channels=16),
    )
    trainer.compile(optimizer=keras.optimizers.Adam(3e-3), loss=RateDistortion(rate_weight=0.1))
    before = trainer.evaluate(data, verbose=0, return_dict=True)["loss"]
    trainer.fit(data.repeat(), steps_per_epoch=40, epochs=1, verbose=0)
    after = trainer.evaluate(data, verbose=0, return_dict=True)["loss"]
    # At strength 0 nothing is edited, and bits weigh nothing in the loss: they are added at their weight.
    identity = trainer.evaluate(data.map(lambda *x: (x[0], x[1], 0 * x[2])), verbose=0, return_dict=True)
    assert after < before
    assert after < identity["loss"] + 0.1 * identity["rate_bpp"]


@pytest.mark.slow
@pytest.mark.parametrize("averaging", [0.0, 0.5])
def test_a_resumed_run_has_the_curve_of_an_uninterrupted_one(
    tmp_path: Path, tiny_config: Callable[..., str], monkeypatch: pytest.MonkeyPatch, averaging: float
) -> None:
    """Seeds of every epoch, Adam's moments and the schedule's position: what is not restored changes the curve."""

    def curve(run: Path) -> list[dict[str, float]]:
        return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]

    config = load_config(Path(tiny_config(steps=6, steps_per_epoch=2, averaging=averaging)))
    paths = list_pictures(PICTURES)

    class Copy(keras.callbacks.Callback):
        """What kill -9 leaves after the first epoch."""

        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch == 1:
                shutil.copytree(tmp_path / "whole", tmp_path / "parts")

    keep = run.KeepModel
    with monkeypatch.context() as patch:
        patch.setattr(run, "KeepModel", lambda *a: keras.callbacks.CallbackList([keep(*a), Copy()]))
        train(config, paths, [], tmp_path / "whole", verbose=0)
    assert len(curve(tmp_path / "parts")) == 1
    train(config, paths, [], tmp_path / "parts", verbose=0)
    for whole, parts in zip(curve(tmp_path / "whole"), curve(tmp_path / "parts"), strict=True):
        assert parts == pytest.approx(whole, rel=1e-5)  # sums in threads differ in the last bits


@pytest.mark.slow
def test_what_is_kept_are_averaged_weights(tmp_path: Path, tiny_config: Callable[..., str]) -> None:
    """With a momentum near 1 the average stays near the start, while the loss's curve is that of the last weights."""
    kept, logs = {}, {}
    for averaging in (0.0, 0.999):
        folder = tmp_path / str(averaging)
        config = load_config(Path(tiny_config(steps=4, steps_per_epoch=2, averaging=averaging)))
        start = run.build_trainer(config).preprocessor.get_weights()
        train(config, list_pictures(PICTURES), [], folder, verbose=0)
        weights = keras.models.load_model(folder / "model.keras").get_weights()
        kept[averaging] = max(float(np.abs(a - b).max()) for a, b in zip(weights, start, strict=True))
        logs[averaging] = (folder / "log.jsonl").read_text()
    assert 0 < kept[0.999] < 0.05 * kept[0.0]
    assert logs[0.999] == logs[0.0]


@pytest.mark.slow
def test_real_bd_rate_is_measured_and_the_best_model_kept(
    tmp_path: Path, tiny_config: Callable[..., str]
) -> None:
    metrics = {"psnr_rgb": 1.0, "ssimulacra2": 1.0}
    config = tiny_config(metrics=metrics, crop_size=176, bd_rate_every=2, strength_low=0.9)
    arguments = ["train", str(PICTURES), "-o", str(tmp_path / "run"), "--validation", str(PICTURES)]
    assert main([*arguments, "--config", config, "--tensorboard", str(tmp_path / "board")]) == 0
    first, second = (json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines())
    assert "bd_rate" not in first
    assert second["bd_rate"] == pytest.approx((second["bd_psnr_rgb"] + second["bd_ssimulacra2"]) / 2)
    for name in ("best.keras", "best-tables.json", "model.keras", "tables.json"):
        assert (tmp_path / "run" / name).exists()
    assert second["edit_rate"] == pytest.approx((second["edit_psnr_rgb"] + second["edit_ssimulacra2"]) / 2)
    assert list((tmp_path / "board").rglob("events.out.*"))


def test_an_identity_has_a_real_bd_rate_of_zero() -> None:
    callback = RealBDRate(list_pictures(PICTURES)[:1], {"psnr_y": 1.0}, qualities=(20, 40, 60, 80), size=176)
    found = callback.measure(lambda image, tables, strength: image)
    assert set(found.values()) == {0.0} and {"bd_rate", "bd_ms_ssim", "bd_ssimulacra2"} <= set(found)


@pytest.mark.slow
def test_run_resumes_where_it_stopped(
    tmp_path: Path, tiny_config: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    arguments = ["train", str(PICTURES), "-o", str(folder)]
    assert main([*arguments, "--config", tiny_config(), "--steps", "3"]) == 0
    assert capsys.readouterr().out == f"{folder / 'model.keras'}\n"
    first = keras.models.load_model(folder / "model.keras")
    assert main([*arguments, "--config", tiny_config()]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*arguments, "--resume", "--steps", "6"]) == 0
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [0, 1]
    second = keras.models.load_model(folder / "model.keras")
    weights = zip(first.get_weights(), second.get_weights(), strict=True)
    distance = max(float(np.abs(a - b).max()) for a, b in weights)
    # Three more Adam steps from the saved weights, not from fresh ones: weights moved, but only by steps * rate.
    assert 0 < distance < 3 * 2 * TrainConfig().optimizer.learning_rate
    assert load_config(folder / "config.json").run.steps == 6


def test_networks_that_learned_an_encoder_take_its_place() -> None:
    config = objective_config("smoke").with_fields(simulator="mozjpeg", rate="mozjpeg")
    assert not config.data.learns_tables and config.data.conditions.tuned_share is None
    trainer = run.build_trainer(config)
    assert trainer.simulator.encoder == trainer.rate.encoder == "mozjpeg" and trainer.tuned_tables is None
    assert len(trainer.trainable_variables) == len(trainer.preprocessor.trainable_variables)
    # The preprocessor decides for the tables that MozJPEG will use, not for libjpeg's.
    tables = np.asarray(trainer._tables_of_encoder(tf.constant([50.0])))[0]
    assert tables.shape == (2, 8, 8) and tables[0, 0].tolist() == [16, 16, 16, 18, 25, 37, 56, 85]


@pytest.mark.slow
def test_the_smoke_objective_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also by the option's old name."""
    out = tmp_path / "run"
    assert main(["train", str(PICTURES), "-o", str(out), "--profile", "smoke", "--steps", "20"]) == 0
    assert "--profile is now called --objective" in capsys.readouterr().err
    assert (out / "model.keras").exists() and (out / "tables.json").exists()


@pytest.mark.parametrize("has_network", [pytest.param(True, marks=pytest.mark.slow), False])
def test_tables_alone_are_learned_by_a_command(
    tmp_path: Path, has_network: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    model, tables = tmp_path / "model.keras", tmp_path / "tables.json"
    network = ["--no-network"]
    if has_network:
        network = ["--profile", str(model)]
        preprocessor = jpegpre_tf.Preprocessor(channels=8)
        for variable in preprocessor.trainable_variables:
            variable.assign_add(0.02 * tf.ones_like(variable))
        preprocessor.save(model)
    size = ["--steps", "4", "--crop-size", "64", "--batch-size", "2", "--metrics", "psnr_y=1"]
    assert main(["train-tables", str(PICTURES), "-o", str(tables), *network, *size, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["tables"] == str(tables) and np.isfinite(result["loss"])
    factors = TunedTables.read(tables).lift_limit().log_factors
    # Four of Adam's steps with a warm-up move an entry by up to the learning rate each.
    assert 0 < np.abs(factors).max() <= 4 * 0.011


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_model(
    tmp_path: Path,
    tiny_config: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class BrokenLater(RateDistortion):
        def parts(self, *arguments: tf.Tensor) -> dict[str, tf.Tensor]:
            parts = super().parts(*arguments)
            return {**parts, "loss": parts["loss"] + self.broken}

    broken = BrokenLater()
    broken.broken = tf.Variable(0.0)
    monkeypatch.setattr(run, "build_objective", lambda config: broken)

    class Break(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            broken.broken.assign(0.0 if epoch == 0 else np.nan)

    keep = run.KeepModel
    monkeypatch.setattr(run, "KeepModel", lambda *a: keras.callbacks.CallbackList([keep(*a), Break()]))
    out = tmp_path / "run"
    assert main(["train", str(PICTURES), "-o", str(out), "--config", tiny_config()]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "expected a finite loss, received nan in epoch 2, step 1" in error and "model.keras" in error
    assert np.all(np.isfinite(np.concatenate([w.ravel() for w in weights_of(out / "model.keras")])))
    assert len((out / "log.jsonl").read_text().splitlines()) == 1


def weights_of(path: Path) -> list[np.ndarray]:
    return keras.models.load_model(path).get_weights()


@pytest.fixture
def stopped_run(tmp_path: Path, tiny_config: Callable[..., str]) -> Path:
    """A folder as a run of the tiny configuration leaves it, but for the weights."""
    folder = tmp_path / "stopped"
    (folder / "checkpoint").mkdir(parents=True)
    load_config(Path(tiny_config())).save(folder / "config.json")
    return folder


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"channels": 16}, r"other weights than asked for: channels=16 \(the run: 8\)"),
        ({"tuned_share": 0.0}, "tuned_share=0.0"),
        ({"averaging": 0.9}, "averaging=0.9"),
    ],
)
def test_a_configuration_that_does_not_fit_the_run_leaves_it_as_it_is(
    stopped_run: Path,
    tiny_config: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    fields: dict[str, object],
    message: str,
) -> None:
    before = (stopped_run / "config.json").read_bytes()
    arguments = [
        "train",
        str(PICTURES),
        "-o",
        str(stopped_run),
        "--resume",
        "--config",
        tiny_config(**fields),
    ]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and re.search(message, error)
    assert (stopped_run / "config.json").read_bytes() == before


def test_a_checkpoint_that_cannot_be_restored_leaves_the_configuration(
    stopped_run: Path, tiny_config: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (stopped_run / "config.json").read_bytes()
    arguments = ["train", str(PICTURES), "-o", str(stopped_run), "--resume", "--steps", "9"]
    (stopped_run / "checkpoint" / "training_metadata.json").write_text('{"epoch": 1, "batch": 0}')
    (stopped_run / "checkpoint" / "latest.weights.h5").write_bytes(b"broken")
    assert main(arguments) == 1
    assert "expected a checkpoint of the configured model" in capsys.readouterr().err.splitlines()[-1]
    (stopped_run / "checkpoint" / "training_metadata.json").write_text("{")
    assert main(arguments) == 1
    assert "expected the state of a run" in capsys.readouterr().err.splitlines()[-1]
    assert (stopped_run / "config.json").read_bytes() == before


def test_nothing_to_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(PICTURES), "-o", str(tmp_path / "none"), "--resume"]) == 2
    assert "found no checkpoint" in capsys.readouterr().err


def test_missing_folder_and_missing_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "none"), "-o", str(tmp_path / "run")]) == 2
    assert "expected a folder" in capsys.readouterr().err
    start = str(tmp_path / "none.keras")
    assert main(["train", str(PICTURES), "-o", str(tmp_path / "run"), "--from", start]) == 2
    assert "none.keras" in capsys.readouterr().err
    assert main(["train", str(PICTURES), "-o", str(tmp_path / "run"), "--from", "balansed"]) == 2
    error = capsys.readouterr().err
    assert (
        error.count("\n") == 1
        and "--from: unknown preprocessor 'balansed': expected one of balanced" in error
    )
    assert not (tmp_path / "run").exists()


def test_evaluation_does_not_change_the_model() -> None:
    model = jpegpre_tf.Preprocessor(channels=8)
    trainer = jpegpre_tf.PreprocessorTrainer(model)
    trainer.compile(optimizer="adam", jit_compile=False)
    before = [np.array(weight) for weight in model.get_weights()]
    image = tf.zeros((1, 32, 32, 3), tf.uint8)
    trainer.test_step((image, tf.constant([50.0]), tf.constant([1.0])))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
