"""Training end to end, small: the loss falls, runs resume, usage errors are one line."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import UsageError
from jpegpre_tf.training.config import TrainConfig, load_config
from jpegpre_tf.training.data import list_pictures, validation_dataset

PICTURES = Path(__file__).parent.parent / "pictures"
TINY = {
    "steps": 6,
    "steps_per_epoch": 3,
    "batch_size": 2,
    "crop_size": 64,
    "channels": 8,
    "mixing_blocks": 1,
    "chroma_mixing_blocks": 1,
}


def tiny_config(folder: Path, **fields: object) -> str:
    path = folder / "tiny.json"
    path.write_text(json.dumps({**TINY, **fields}))
    return str(path)


@pytest.mark.slow
def test_fit_lowers_the_loss() -> None:
    keras.utils.set_random_seed(0)
    data = validation_dataset(list_pictures(PICTURES), batch_size=6, crop_size=128, qualities=(30, 60))
    trainer = jpegpre_tf.PreprocessorTrainer(
        jpegpre_tf.Preprocessor(channels=16, mixing_blocks=1, chroma_mixing_blocks=1), rate_weight=0.1
    )
    trainer.compile(optimizer=keras.optimizers.Adam(3e-3))
    before = trainer.evaluate(data, verbose=0, return_dict=True)["loss"]
    trainer.fit(data.repeat(), steps_per_epoch=40, epochs=1, verbose=0)
    after = trainer.evaluate(data, verbose=0, return_dict=True)["loss"]
    identity = trainer.evaluate(data.map(lambda *x: (x[0], x[1], 0 * x[2])), verbose=0, return_dict=True)
    assert after < before
    assert after < identity["distortion"] + 0.1 * identity["rate_bpp"]


def test_trainer_rejects_a_rate_weight_that_trades_nothing() -> None:
    with pytest.raises(ValueError, match="rate_weight"):
        jpegpre_tf.PreprocessorTrainer(jpegpre_tf.Preprocessor(channels=8), rate_weight=0)


@pytest.mark.slow
def test_run_resumes_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    arguments = ["train", str(PICTURES), "-o", str(run)]
    assert main([*arguments, "--config", tiny_config(tmp_path), "--steps", "3"]) == 0
    first = keras.models.load_model(run / "model.keras")
    assert main([*arguments, "--config", tiny_config(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*arguments, "--resume", "--steps", "6"]) == 0
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [0, 1]
    second = keras.models.load_model(run / "model.keras")
    weights = zip(first.get_weights(), second.get_weights(), strict=True)
    distance = max(float(np.abs(a - b).max()) for a, b in weights)
    # Three more Adam steps from the saved weights, not from fresh ones: weights moved, but only by steps * rate.
    assert 0 < distance < 3 * 2 * TrainConfig().learning_rate
    assert TrainConfig(**json.loads((run / "config.json").read_text())).steps == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "expected a JSON"), ('{"stepz": 3}', "stepz"), ("[1]", "list"), ('{"steps": 0}', "steps")],
)
def test_bad_configurations(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        load_config(path)


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
