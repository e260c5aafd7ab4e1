"""Training runs of the networks in a folder: pairs, model, checkpoints, log; resumable."""

import functools
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf.errors import ModelError
from jpegpre_tf.models.loading import load_network
from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.ops.blocks import ARITHMETICS, coefficients_of
from jpegpre_tf.storage.atomic import replace_atomically
from jpegpre_tf.training.averages import averaged, use_averages
from jpegpre_tf.training.checkpoint import CONFIG, epochs_done
from jpegpre_tf.training.neural.config import NeuralTrainConfig
from jpegpre_tf.training.neural.datasets import pairs_dataset
from jpegpre_tf.training.neural.edits import PixelEditor
from jpegpre_tf.training.neural.kept_pairs import KeptPairs
from jpegpre_tf.training.neural.pairs import (
    UNKNOWN,
    Encode,
    Pairs,
    load_pairs,
    make_pairs,
    tables_of_encoder,
)
from jpegpre_tf.training.neural.rate_trainer import RateTrainer
from jpegpre_tf.training.neural.simulator_trainer import SimulatorTrainer
from jpegpre_tf.training.run_checkpoint import RunCheckpoint
from jpegpre_tf.training.tracked_model import TrackedModel

_LEAST_RATE_SHARE = 0.02  # of the peak learning rate, at the end
_ARITHMETIC_PAIRS = 32


class NeuralRun:
    """One folder of a run: what the two kinds of training share.

    Args:
        config: Configuration of the run.
        encode: The encoder: `(image uint8 (height, width, 3), quality) -> bytes of the file`.
        encoder: Name of the encoder.
        paths, validation_paths: Pictures to learn from, and to measure the loss on after every epoch (may be
            empty).
        folder: Gets config.json, pairs, model.keras (after every epoch), log.jsonl and checkpoints. Pairs that
            are there already are used as they are.
        preprocess: Add preprocessed pictures to the edits, see `edits.random_edit`.
        verbose: `verbose` of `keras.Model.fit`.
    """

    def __init__(
        self,
        config: NeuralTrainConfig,
        encode: Encode,
        encoder: str,
        paths: list[Path],
        validation_paths: list[Path],
        folder: str | Path,
        *,
        preprocess: Sequence[PixelEditor] = (),
        verbose: int = 1,
    ) -> None:
        self.config = config
        self.encode = encode
        self.encoder = encoder
        self.paths = paths
        self.validation_paths = validation_paths
        self.folder = Path(folder)
        self.preprocess = preprocess
        self.verbose = verbose
        self.folder.mkdir(parents=True, exist_ok=True)
        keras.utils.set_random_seed(config.seed)

    def train_simulator(self, initial: Path | None = None) -> NeuralSimulator:
        """Trains a `NeuralSimulator`, from the weights in the .keras file `initial` if given.

        Raises:
            ModelError: If `initial` is not a simulator of the configured architecture.
        """
        pairs = self._pairs("pairs", self.paths, self.config.pairs, self.config.crop_size, seed=1)
        simulator = NeuralSimulator(
            self.config.channels,
            self.config.spatial_blocks,
            arithmetic_of(pairs, self._tables),
            self.encoder,
        )
        if initial is not None:
            _copy_weights(initial, NeuralSimulator, simulator)
        simulator.quantizer.set_tables(self._tables)
        self._fit(SimulatorTrainer(simulator), simulator, pairs)
        return simulator

    def train_rate(self, simulator: NeuralSimulator, initial: Path | None = None) -> NeuralRateEstimator:
        """Trains a `NeuralRateEstimator` whose decisions are, or begin as, those of `simulator`.

        Args:
            simulator: Simulator of the same encoder.
            initial: A .keras rate estimator to start from; its decisions are replaced unless they are trained too.

        Raises:
            ModelError: If `initial` is not a rate estimator of the configured architecture.
        """
        config = self.config
        pairs = self._pairs("pairs", self.paths, config.pairs, config.crop_size, seed=1, with_quantized=False)
        large = self._pairs(
            "large", self.paths, config.large_pairs, config.large_size, seed=2, with_quantized=False
        )
        rate = NeuralRateEstimator(
            simulator.channels,
            simulator.spatial_blocks,
            simulator.arithmetic,
            config.width,
            config.context_width,
            self.encoder,
            config.symbols,
        )
        if initial is not None:
            _copy_weights(initial, NeuralRateEstimator, rate)
        if initial is None or not config.train_decisions:
            rate.quantizer.set_weights(simulator.quantizer.get_weights())
        self._fit(RateTrainer(rate, config.train_decisions), rate, pairs, large)
        return rate

    @functools.cached_property
    def _tables(self) -> Any:
        return tables_of_encoder(self.encode)

    def _pairs(
        self, name: str, paths: list[Path], count: int, size: int, *, seed: int, with_quantized: bool = True
    ) -> Pairs:
        path = self.folder / f"{name}.npz"
        if not path.exists():
            tables = self._tables
            options: dict[str, Any] = {
                "size": size,
                "seed": self.config.seed * 10 + seed,
                "quality_range": [self.config.quality_low, self.config.quality_high],
                "quality_skew": self.config.quality_skew,
                "with_quantized": with_quantized,
            }
            about = {
                **options,
                "encoder": self.encoder,
                "tables": hashlib.sha256(tables.tobytes()).hexdigest(),
            }
            about |= {"pictures": [str(picture) for picture in paths], "preprocess": len(self.preprocess)}
            kept = KeptPairs(self.folder / f"{name}.partial", about)
            made = make_pairs(
                self.encode,
                paths,
                count=count,
                preprocess=self.preprocess,
                tables=tables,
                kept=kept,
                **options,
            )
            made.save(path)
            kept.remove()
        return load_pairs(path)

    def _fit(
        self, trainer: TrackedModel, model: keras.Model, pairs: Pairs, large: Pairs | None = None
    ) -> None:
        config = self.config
        steps_per_epoch = min(config.steps, config.steps_per_epoch)
        dataset = pairs_dataset(
            pairs,
            batch_pairs=config.batch_pairs,
            seed=config.seed,
            large=large,
            first_batch=epochs_done(self.folder) * steps_per_epoch,
        )
        validation = None
        if self.validation_paths:
            validation_pairs = self._pairs(
                "validation",
                self.validation_paths,
                config.validation_pairs,
                config.crop_size,
                seed=3,
                with_quantized=isinstance(trainer, SimulatorTrainer),
            )
            validation = pairs_dataset(validation_pairs, batch_pairs=config.batch_pairs)
        schedule = keras.optimizers.schedules.CosineDecay(
            config.learning_rate, decay_steps=config.steps, alpha=_LEAST_RATE_SHARE
        )
        averaging = {"use_ema": True, "ema_momentum": config.averaging} if config.averaging else {}
        trainer.compile(optimizer=keras.optimizers.Adam(schedule, clipnorm=1.0, **averaging))
        trainer.fit(
            dataset,
            epochs=math.ceil(config.steps / steps_per_epoch),
            steps_per_epoch=steps_per_epoch,
            shuffle=False,  # the dataset shuffles
            validation_data=validation,
            callbacks=[
                _Keep(self.folder, model),
                RunCheckpoint(self.folder, lambda: config.save(self.folder / CONFIG)),
            ],
            verbose=self.verbose,
        )
        use_averages(trainer)


def arithmetic_of(pairs: Pairs, tables: npt.ArrayLike) -> str:
    """Which of `ops.blocks.ARITHMETICS` explains an encoder's quantized coefficients better.

    Counts large AC coefficients that are the nearest integer: those that decisions seldom touch.
    """
    best, most = ARITHMETICS[0], -1.0
    image = tf.cast(pairs.image[:_ARITHMETIC_PAIRS, 0], tf.float32)
    quantized = pairs.luma[:_ARITHMETIC_PAIRS, 0]
    table = np.asarray(tables, np.float32)[pairs.quality[:_ARITHMETIC_PAIRS].astype(int) - 1, 0]
    for arithmetic in ARITHMETICS:
        steps = np.asarray(coefficients_of(image, arithmetic)[0]) / table[:, None, None, :]
        nearest = np.sign(steps) * np.floor(np.abs(steps) + 0.5)
        telling = (np.abs(steps) > 1.6) & (quantized != UNKNOWN)
        telling[..., 0] = False
        share = float(np.mean((nearest == quantized)[telling])) if telling.any() else 0.0
        if share > most:
            best, most = arithmetic, share
    return best


class _Keep(keras.callbacks.Callback):
    """Appends one JSON line per epoch and keeps the current network."""

    def __init__(self, folder: Path, network: keras.Model) -> None:
        super().__init__()
        self.folder = folder
        self.network = network

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        record = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        with averaged(self.model), replace_atomically(self.folder / "model.keras") as partial:
            self.network.save(partial)


def _copy_weights(path: Path, kind: type[keras.Model], network: keras.Model) -> None:
    try:
        weights = load_network(path, kind).get_weights()
        # A rate without `symbols` lacks the last ones, which change nothing as they begin.
        network.set_weights(weights + network.get_weights()[len(weights) :])
    except ValueError as error:
        raise ModelError(f"{path}: expected a {kind.__name__} of the configured architecture") from error
