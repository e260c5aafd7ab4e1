"""A training run in a folder: model, tables, checkpoints, log; resumable."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from jpegpre_tf.errors import ModelError, first_line
from jpegpre_tf.jpeg.tuned_tables import TunedTables as StoredTables
from jpegpre_tf.layers.jpeg_simulator import JPEGSimulator
from jpegpre_tf.layers.rate_estimator import RateEstimator
from jpegpre_tf.layers.tuned_tables import TunedTables
from jpegpre_tf.losses.bd_rate import BDRate
from jpegpre_tf.losses.rate_distortion import RateDistortion
from jpegpre_tf.losses.step_error import StepError
from jpegpre_tf.models.loading import load_network
from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.training.averages import use_averages
from jpegpre_tf.training.callbacks import TABLES, KeepModel, StopIfNotFinite
from jpegpre_tf.training.checkpoint import CONFIG, epochs_done
from jpegpre_tf.training.config import DataConfig, ObjectiveConfig, TrainConfig
from jpegpre_tf.training.data.crops import Note, ReadablePictures, training_dataset, validation_dataset
from jpegpre_tf.training.preprocessor_trainer import PreprocessorTrainer
from jpegpre_tf.training.real_bd_rate import RealBDRate
from jpegpre_tf.training.run_checkpoint import RunCheckpoint

WARM_UP_STEPS = 200
# A run that keeps tables as they are still has them as variables.
_LEAST_GAIN = 1e-6


def build_objective(config: ObjectiveConfig) -> keras.layers.Layer:
    """What the configuration asks to minimize."""
    if config.metrics:
        return BDRate(
            config.metrics, harm_weight=config.harm_weight, given_metrics=config.given_metrics or None
        )
    distortion = StepError(config.masking_energy, config.chroma_weight, config.frequency_exponent)
    return RateDistortion(distortion, config.rate_weight)


def build_preprocessor(config: TrainConfig) -> Preprocessor:
    """A freshly initialized preprocessor."""
    return Preprocessor(
        channels=config.model.channels,
        spatial_blocks=config.model.spatial_blocks,
        mixing_blocks=config.model.mixing_blocks,
        chroma_mixing_blocks=config.model.chroma_mixing_blocks,
        zero_span=config.model.zero_span,
    )


def build_tables(config: TrainConfig, initial: StoredTables | None = None) -> TunedTables | None:
    """The tables that a run learns, from `initial` or from Annex K's; None if it learns none."""
    if not config.data.learns_tables:
        return None
    # One optimizer for both: its learning rate is the network's.
    gain = config.optimizer.tables_learning_rate / config.optimizer.learning_rate
    stored = (initial or TunedTables().to_stored()).lift_limit()
    tables = TunedTables.from_stored(stored, max(gain, _LEAST_GAIN), keeps_scale=True, name="tuned_tables")
    tables.trainable = config.optimizer.tables_learning_rate > 0
    return tables


def build_trainer(
    config: TrainConfig,
    *,
    preprocessor: keras.Model | None = None,
    has_network: bool = True,
    initial_tables: StoredTables | None = None,
) -> PreprocessorTrainer:
    """A compiled trainer.

    Args:
        config: What to train.
        preprocessor: The network; without one it is freshly initialized.
        has_network: False for tables alone.
        initial_tables: Tables to start from.
    """
    keras.utils.set_random_seed(config.run.seed)
    if preprocessor is None and has_network:
        preprocessor = build_preprocessor(config)
    trainer = PreprocessorTrainer(
        preprocessor,
        **_encoder(config.data),
        objective=build_objective(config.objective),
        tuned_tables=build_tables(config, initial_tables),
        huffman=config.data.huffman,
    )
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, config.run.steps - WARM_UP_STEPS),
        warmup_target=config.optimizer.learning_rate,
        warmup_steps=min(WARM_UP_STEPS, max(1, config.run.steps // 10)),
        alpha=0.01,
    )
    momentum = config.optimizer.averaging
    trainer.compile(
        optimizer=keras.optimizers.Adam(
            schedule, clipnorm=1.0, use_ema=momentum > 0, ema_momentum=momentum or 0.99
        ),
        jit_compile=config.run.jit_compile,
    )
    return trainer


def _encoder(config: DataConfig) -> dict[str, Any]:
    """Layers through which edited pixels go, where decisions can't be trained where they act."""
    if not config.edits_pixels:
        return {}
    return {
        "simulator": NeuralSimulator.from_preset(config.simulator)
        if config.simulator
        else JPEGSimulator(config.subsampling, jit_compile=True),
        "rate": NeuralRateEstimator.from_preset(config.rate)
        if config.rate
        else RateEstimator(config.huffman, config.subsampling, jit_compile=True),
    }


def copy_weights(path: Path, preprocessor: Preprocessor) -> None:
    """Takes the weights of a .keras file of the same architecture over.

    Raises:
        ModelError: If it is not one.
    """
    try:
        preprocessor.set_weights(load_network(path, Preprocessor).get_weights())
    except ValueError as error:
        raise ModelError(
            f"{path}: expected a .keras preprocessor of the configured architecture ({first_line(error)})"
        ) from error


def tables_beside(model: Path | None) -> StoredTables | None:
    """The tables that were learned with a model, from its folder; None if there are none."""
    path = model.parent / TABLES if model is not None else None
    return StoredTables.read(path) if path is not None and path.is_file() else None


def train(
    config: TrainConfig,
    paths: list[Path],
    validation_paths: list[Path],
    folder: Path,
    *,
    initial_model: Path | None = None,
    initial_tables: StoredTables | None = None,
    frozen: keras.Model | None = None,
    has_network: bool = True,
    last_step: int = 0,
    tensorboard: Path | None = None,
    verbose: int = 1,
    note: Note = warnings.warn,
) -> PreprocessorTrainer:
    """Trains until `config.run.steps`, from the last checkpoint in `folder` if there is one.

    Args:
        config: What to train.
        paths, validation_paths: Pictures to train with, and to measure on after every epoch (may be empty).
        folder: Gets config.json, model.keras and tables.json (after every epoch), log.jsonl and checkpoints; with
            validation pictures also best.keras and best-tables.json: those of the lowest real BD-rate if the
            configuration has it measured, else of the lowest validation loss.
        initial_model: A .keras file of the same architecture to start from (a checkpoint in `folder` goes first), with
            the tables beside it.
        initial_tables: Tables to start from instead.
        frozen: A preprocessor that stays as it is: tables alone are learned, for it.
        has_network: False to learn tables alone, for coefficients that are rounded.
        last_step: Stop at the end of the epoch that reaches it, on the way to `config.run.steps`; 0 for the end.
        tensorboard: Folder for TensorBoard's event files.
        verbose: `verbose` of `keras.Model.fit`.
        note: Receives one line for each picture that cannot be decoded, and is left out.

    Returns:
        The trainer, with the trained preprocessor and tables.

    Raises:
        ModelError: If `initial_model` or the checkpoint is of another architecture, or the loss is not finite.
        PictureError: If not one picture can be decoded.
    """
    pictures = ReadablePictures(paths, note)
    validation = ReadablePictures(validation_paths, note) if validation_paths else None
    if frozen is not None:
        frozen.trainable = False
    trainer = build_trainer(
        config,
        preprocessor=frozen,
        has_network=has_network,
        initial_tables=initial_tables or tables_beside(initial_model),
    )
    if initial_model is not None:
        copy_weights(initial_model, trainer.preprocessor)
    folder.mkdir(parents=True, exist_ok=True)
    steps_per_epoch = min(config.run.steps, config.run.steps_per_epoch)
    dataset = training_dataset(
        pictures,
        batch_size=config.data.batch_size,
        crop_size=config.data.crop_size,
        steps_per_epoch=steps_per_epoch,
        first_epoch=epochs_done(folder),
        drawn_share=config.data.drawn_share,
        conditions=config.data.conditions,
        seed=config.run.seed,
    )
    trainer.fit(
        dataset,
        epochs=math.ceil((last_step or config.run.steps) / steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        shuffle=False,  # the dataset shuffles
        validation_data=_validation(config, validation),
        callbacks=_callbacks(config, folder, len(paths), validation, tensorboard),
        verbose=verbose,
    )
    use_averages(trainer)
    return trainer


def _validation(config: TrainConfig, paths: ReadablePictures | None) -> Any:
    if paths is None:
        return None
    return validation_dataset(paths, batch_size=config.data.batch_size, crop_size=config.data.crop_size)


def measuring_callbacks(
    config: TrainConfig,
    folder: Path,
    pictures: int,
    validation_paths: Sequence[Path] | ReadablePictures | None,
) -> list[keras.callbacks.Callback]:
    """Those that add to the logs and keep the model, in the order in which they depend on each other.

    Args:
        config: Configuration of the run.
        folder: Folder of the run.
        pictures: How many pictures the run has.
        validation_paths: Pictures to measure the real BD-rate on.
    """
    callbacks: list[keras.callbacks.Callback] = []
    # Real files are libjpeg-turbo's: for another encoder the loss decides.
    is_exact = not (config.data.simulator or config.data.rate)
    every = config.run.bd_rate_every if validation_paths and is_exact else 0
    if every and validation_paths:
        metrics = config.objective.metrics or {"psnr_rgb": 1.0}
        callbacks.append(RealBDRate(validation_paths, metrics, every=every))
    callbacks.append(KeepModel(folder, "bd_rate" if every else "val_loss", f"{pictures} pictures"))
    return callbacks


def _callbacks(
    config: TrainConfig,
    folder: Path,
    pictures: int,
    validation_paths: ReadablePictures | None,
    tensorboard: Path | None,
) -> list[keras.callbacks.Callback]:
    """In the order in which they add to the logs and use them."""
    callbacks = [StopIfNotFinite(folder), *measuring_callbacks(config, folder, pictures, validation_paths)]
    if tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(tensorboard)))
    if validation_paths and config.run.patience:
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=config.run.patience, verbose=1))
    # Last: what the others wrote for an epoch is there when the checkpoint says that the epoch is done.
    callbacks.append(RunCheckpoint(folder, lambda: config.save(folder / CONFIG)))
    return callbacks
