"""A training run in a folder: model, checkpoints, log; resumable."""

import math
from collections.abc import Sequence
from pathlib import Path

import keras

from jpegpre_tf.errors import ModelError
from jpegpre_tf.layers.jpeg_simulator import JPEGSimulator
from jpegpre_tf.layers.rate_estimator import RateEstimator
from jpegpre_tf.losses.bd_rate import BDRate
from jpegpre_tf.losses.rate_distortion import RateDistortion
from jpegpre_tf.losses.step_error import StepError
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.training.averages import use_averages
from jpegpre_tf.training.callbacks import KeepModel, RealBDRate
from jpegpre_tf.training.checkpoint import CHECKPOINT, epochs_done
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data.crops import training_dataset, validation_dataset
from jpegpre_tf.training.preprocessor_trainer import PreprocessorTrainer

WARM_UP_STEPS = 200


def build_objective(config: TrainConfig) -> keras.layers.Layer:
    """What the configuration asks to minimise."""
    if config.measures:
        return BDRate(config.measures, jit_compile=config.jit_compile, harm_weight=config.harm_weight)
    distortion = StepError(config.masking_energy, config.chroma_weight, config.frequency_exponent)
    return RateDistortion(distortion, config.rate_weight)


def build_trainer(config: TrainConfig) -> PreprocessorTrainer:
    """A compiled trainer with a freshly initialised preprocessor."""
    keras.utils.set_random_seed(config.seed)
    preprocessor = Preprocessor(
        channels=config.channels,
        spatial_blocks=config.spatial_blocks,
        mixing_blocks=config.mixing_blocks,
        chroma_mixing_blocks=config.chroma_mixing_blocks,
        zero_span=config.zero_span,
    )
    trainer = PreprocessorTrainer(
        preprocessor,
        simulator=JPEGSimulator(config.subsampling, jit_compile=config.jit_compile),
        rate=RateEstimator(config.huffman, config.subsampling, jit_compile=config.jit_compile),
        objective=build_objective(config),
    )
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, config.steps - WARM_UP_STEPS),
        warmup_target=config.learning_rate,
        warmup_steps=min(WARM_UP_STEPS, config.steps),
        alpha=0.01,
    )
    momentum = config.averaging
    trainer.compile(
        optimizer=keras.optimizers.Adam(
            schedule, clipnorm=1.0, use_ema=momentum > 0, ema_momentum=momentum or 0.99
        )
    )
    return trainer


def copy_weights(path: Path, preprocessor: Preprocessor) -> None:
    """Takes the weights of a .keras file of the same architecture over.

    Raises:
        ModelError: If it is not one.
    """
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
    last_step: int = 0,
    tensorboard: Path | None = None,
    verbose: int = 1,
) -> keras.Model:
    """Trains until `config.steps`, from the last checkpoint in `folder` if there is one.

    Args:
        paths, validation_paths: Pictures to train with, and to measure the loss on after every epoch (may be empty).
        folder: Gets config.json, model.keras (after every epoch), log.jsonl and checkpoints; with validation pictures
            also best.keras, the model of the lowest validation loss.
        initial_model: A .keras file of the same architecture to start from (a checkpoint in `folder` goes first).
        last_step: Stop at the end of the epoch that reaches it, on the way to `config.steps`; 0 for the end.
        tensorboard: Folder for TensorBoard's event files.
        verbose: As in `keras.Model.fit`.

    Returns:
        The trained preprocessor.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config.save(folder / "config.json")
    trainer = build_trainer(config)
    if initial_model is not None:
        copy_weights(initial_model, trainer.preprocessor)
    steps_per_epoch = min(config.steps, config.steps_per_epoch)
    dataset = training_dataset(
        paths,
        batch_size=config.batch_size,
        crop_size=config.crop_size,
        steps_per_epoch=steps_per_epoch,
        first_epoch=epochs_done(folder),
        drawn_share=config.drawn_share,
        quality_range=(config.quality_low, config.quality_high),
        strength_range=(config.strength_low, 1.0),
        seed=config.seed,
    )
    validation = (
        validation_dataset(validation_paths, batch_size=config.batch_size, crop_size=config.crop_size)
        if validation_paths
        else None
    )
    trainer.fit(
        dataset,
        epochs=math.ceil((last_step or config.steps) / steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        shuffle=False,  # the dataset shuffles
        validation_data=validation,
        callbacks=_callbacks(config, folder, validation_paths, tensorboard),
        verbose=verbose,
    )
    use_averages(trainer)
    return trainer.preprocessor


def _callbacks(
    config: TrainConfig, folder: Path, validation_paths: Sequence[Path], tensorboard: Path | None
) -> list[keras.callbacks.Callback]:
    """In the order in which they add to the logs and use them."""
    callbacks: list[keras.callbacks.Callback] = []
    if validation_paths and config.bd_rate_every:
        callbacks.append(
            RealBDRate(validation_paths, config.measures or {"psnr_rgb": 1.0}, every=config.bd_rate_every)
        )
    callbacks.append(KeepModel(folder))
    if tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(tensorboard)))
    if validation_paths and config.patience:
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=config.patience, verbose=1))
    # Last: what the others wrote for an epoch is there when the checkpoint says that the epoch is done.
    callbacks.append(keras.callbacks.BackupAndRestore(str(folder / CHECKPOINT), delete_checkpoint=False))
    return callbacks
