"""A training run in a folder: model, checkpoints, log; resumable."""

import json
import math
from pathlib import Path

import keras

from jpegpre_tf.errors import ModelError
from jpegpre_tf.layers.jpeg_simulator import JPEGSimulator
from jpegpre_tf.layers.rate_estimator import RateEstimator
from jpegpre_tf.losses.step_error import StepError
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data import training_dataset, validation_dataset
from jpegpre_tf.training.preprocessor_trainer import PreprocessorTrainer

WARM_UP_STEPS = 200


def build_trainer(config: TrainConfig) -> PreprocessorTrainer:
    """A compiled trainer with a freshly initialised preprocessor."""
    keras.utils.set_random_seed(config.seed)
    preprocessor = Preprocessor(
        channels=config.channels,
        spatial_blocks=config.spatial_blocks,
        mixing_blocks=config.mixing_blocks,
        chroma_mixing_blocks=config.chroma_mixing_blocks,
    )
    trainer = PreprocessorTrainer(
        preprocessor,
        simulator=JPEGSimulator(config.subsampling, jit_compile=True),
        rate=RateEstimator(config.huffman, config.subsampling, jit_compile=True),
        distortion=StepError(config.masking_energy, config.chroma_weight, config.frequency_exponent),
        rate_weight=config.rate_weight,
    )
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, config.steps - WARM_UP_STEPS),
        warmup_target=config.learning_rate,
        warmup_steps=min(WARM_UP_STEPS, config.steps),
        alpha=0.01,
    )
    trainer.compile(optimizer=keras.optimizers.Adam(schedule, clipnorm=1.0))
    return trainer


class _Log(keras.callbacks.Callback):
    """Appends one JSON line per epoch and keeps the current model."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        record = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        partial = self.folder / "model.partial.keras"
        self.model.preprocessor.save(partial)
        partial.replace(self.folder / "model.keras")


def _copy_weights(path: Path, preprocessor: Preprocessor) -> None:
    try:
        weights = keras.models.load_model(path).get_weights()
        preprocessor.set_weights(weights)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{path}: expected a .keras preprocessor of the configured architecture ({error})"
        ) from error


def train(
    config: TrainConfig,
    paths: list[Path],
    validation_paths: list[Path],
    folder: Path,
    *,
    initial_model: Path | None = None,
    verbose: int = 1,
) -> keras.Model:
    """Trains until `config.steps`, from the last checkpoint in `folder` if there is one.

    Args:
        paths, validation_paths: Pictures to train with, and to measure the loss on after every epoch (may be empty).
        folder: Gets config.json, model.keras (after every epoch), log.jsonl and checkpoints.
        initial_model: A .keras file of the same architecture to start from (a checkpoint in `folder` goes first).
        verbose: As in `keras.Model.fit`.

    Returns:
        The trained preprocessor.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config.save(folder / "config.json")
    trainer = build_trainer(config)
    if initial_model is not None:
        _copy_weights(initial_model, trainer.preprocessor)
    dataset = training_dataset(
        paths,
        batch_size=config.batch_size,
        crop_size=config.crop_size,
        quality_range=(config.quality_low, config.quality_high),
        strength_range=(config.strength_low, 1.0),
        seed=config.seed,
    )
    validation = (
        validation_dataset(validation_paths, batch_size=config.batch_size, crop_size=config.crop_size)
        if validation_paths
        else None
    )
    steps_per_epoch = min(config.steps, config.steps_per_epoch)
    trainer.fit(
        dataset,
        epochs=math.ceil(config.steps / steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        shuffle=False,  # the dataset shuffles
        validation_data=validation,
        callbacks=[
            _Log(folder),
            keras.callbacks.BackupAndRestore(str(folder / "checkpoint"), delete_checkpoint=False),
        ],
        verbose=verbose,
    )
    return trainer.preprocessor
