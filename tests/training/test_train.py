"""Training end to end, small: the loss falls, runs resume, usage errors are one line."""

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import UsageError
from jpegpre_tf.losses import RateDistortion
from jpegpre_tf.training import run
from jpegpre_tf.training.callbacks import RealBDRate
from jpegpre_tf.training.config import TrainConfig, load_config, profile_config
from jpegpre_tf.training.data.crops import list_pictures, validation_dataset
from jpegpre_tf.training.run import train

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.mark.slow
def test_fit_lowers_the_loss() -> None:
    keras.utils.set_random_seed(0)
    data = validation_dataset(list_pictures(PICTURES), batch_size=6, crop_size=128, qualities=(30, 60))
    trainer = jpegpre_tf.PreprocessorTrainer(
        jpegpre_tf.Preprocessor(channels=16, mixing_blocks=1, chroma_mixing_blocks=1),
        objective=RateDistortion(rate_weight=0.1),
    )
    trainer.compile(optimizer=keras.optimizers.Adam(3e-3))
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
    tmp_path: Path, tiny_config: Callable[..., str], averaging: float
) -> None:
    """Seeds of every epoch, Adam's moments and the schedule's position: what is not restored changes the curve."""

    def curve(run: Path) -> list[dict[str, float]]:
        return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]

    config = load_config(Path(tiny_config(steps=6, steps_per_epoch=2, averaging=averaging)))
    paths = list_pictures(PICTURES)
    train(config, paths, [], tmp_path / "whole", verbose=0)

    class InterruptedRunError(Exception):
        pass

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch == 1:
                raise InterruptedRunError

    keep, run.KeepModel = run.KeepModel, lambda folder: keras.callbacks.CallbackList([keep(folder), Stop()])
    try:
        with pytest.raises(InterruptedRunError):
            train(config, paths, [], tmp_path / "parts", verbose=0)
    finally:
        run.KeepModel = keep
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
    measures = {"psnr_rgb": 1.0, "ssimulacra2": 1.0}
    config = tiny_config(measures=measures, crop_size=176, bd_rate_every=2, strength_low=0.9)
    arguments = ["train", str(PICTURES), "-o", str(tmp_path / "run"), "--validation", str(PICTURES)]
    assert main([*arguments, "--config", config, "--tensorboard", str(tmp_path / "board")]) == 0
    first, second = (json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines())
    assert "bd_rate" not in first
    assert second["bd_rate"] == pytest.approx((second["bd_psnr_rgb"] + second["bd_ssimulacra2"]) / 2)
    assert (tmp_path / "run/best.keras").exists()
    assert list((tmp_path / "board").rglob("events.out.*"))


def test_an_identity_has_a_real_bd_rate_of_zero() -> None:
    callback = RealBDRate(list_pictures(PICTURES)[:1], {"psnr_y": 1.0}, qualities=(20, 40, 60, 80), size=176)
    found = callback.measure(lambda image, quality, strength: image)
    assert set(found.values()) == {0.0} and {"bd_rate", "bd_ms_ssim", "bd_ssimulacra2"} <= set(found)


@pytest.mark.slow
def test_run_resumes_where_it_stopped(
    tmp_path: Path, tiny_config: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    arguments = ["train", str(PICTURES), "-o", str(folder)]
    assert main([*arguments, "--config", tiny_config(), "--steps", "3"]) == 0
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
    assert 0 < distance < 3 * 2 * TrainConfig().learning_rate
    assert TrainConfig(**json.loads((folder / "config.json").read_text())).steps == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected a JSON"),
        ('{"stepz": 3}', "stepz"),
        ("[1]", "list"),
        ('{"steps": 0}', "steps"),
        ('{"steps": "9"}', "`steps` must be int"),
        ('{"measures": ["ssim"]}', "`measures` must be dict"),
    ],
)
def test_bad_configurations(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        load_config(path)


def test_profiles_are_configurations_of_the_declared_measures() -> None:
    for name in ("fidelity", "balanced", "perceptual", "smoke"):
        config = profile_config(name)
        assert config.measures and config.crop_size >= 176
    with pytest.raises(UsageError, match="fidelity"):
        profile_config("sharpest")


@pytest.mark.slow
def test_the_smoke_profile_trains(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(["train", str(PICTURES), "-o", str(out), "--profile", "smoke", "--steps", "20"]) == 0
    assert (out / "model.keras").exists()


def test_nothing_to_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(PICTURES), "-o", str(tmp_path / "none"), "--resume"]) == 2
    assert "found no checkpoint" in capsys.readouterr().err


def test_missing_folder_and_missing_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "none"), "-o", str(tmp_path / "run")]) == 2
    assert "expected a folder" in capsys.readouterr().err
    start = str(tmp_path / "none.keras")
    assert main(["train", str(PICTURES), "-o", str(tmp_path / "run"), "--from", start]) == 2
    assert "none.keras" in capsys.readouterr().err


def test_evaluation_does_not_change_the_model() -> None:
    model = jpegpre_tf.Preprocessor(channels=8, mixing_blocks=1, chroma_mixing_blocks=1)
    trainer = jpegpre_tf.PreprocessorTrainer(model)
    trainer.compile(optimizer="adam")
    before = [np.array(weight) for weight in model.get_weights()]
    image = tf.zeros((1, 32, 32, 3), tf.uint8)
    trainer.test_step((image, tf.constant([50.0]), tf.constant([1.0])))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
