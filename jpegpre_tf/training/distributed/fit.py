"""Training by several workers: the mathematics of `PreprocessorTrainer.train_step`, in a loop of its own.

Keras 3's `fit` does not run under `MultiWorkerMirroredStrategy` (3.15: it takes a `PerReplica` for a tensor).
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jpegpre_tf.errors import UsageError
from jpegpre_tf.training.callbacks import check_finite
from jpegpre_tf.training.checkpoint import CHECKPOINT
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data.crops import validation_dataset
from jpegpre_tf.training.data.shards import PictureSource
from jpegpre_tf.training.distributed.checkpoint import WorkerCheckpoint
from jpegpre_tf.training.distributed.global_batches import GlobalBatches
from jpegpre_tf.training.distributed.workers import Workers
from jpegpre_tf.training.preprocessor_trainer import PreprocessorTrainer
from jpegpre_tf.training.run import build_trainer, copy_weights, measuring_callbacks, tables_beside


def train_distributed(
    config: TrainConfig,
    source: PictureSource,
    validation_paths: list[Path],
    folder: Path,
    workers: Workers,
    *,
    initial_model: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> keras.Model:
    """Trains together with the other workers, each calling this with the same arguments.

    `batch_size` and `learning_rate` of the configuration belong to the global batch: more workers make a step
    faster, and change nothing else. The first worker writes model.keras, best.keras and log.jsonl; all keep a
    checkpoint after every epoch, and go on from the latest that any of them has.

    Args:
        config: What to train.
        source: Pictures; every worker reads its share.
        validation_paths: Pictures for validation, by the first worker only.
        folder: Folder of the run; shared between workers, or each worker's own.
        workers: The workers.
        initial_model: A .keras file of the same architecture to start from, where there is no checkpoint.
        report: Receives a line after every epoch, on the first worker only.

    Returns:
        The trained preprocessor.

    Raises:
        UsageError: If `batch_size` cannot be shared out evenly.
        LostWorkerError: If another worker is gone.
    """
    if config.data.batch_size % workers.replicas:
        raise UsageError(
            f"`batch_size` is of all workers together, and must be a multiple of their {workers.replicas} "
            f"devices. Received: batch_size={config.data.batch_size}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    trainer = build_trainer(config, initial_tables=tables_beside(initial_model))
    if initial_model is not None:
        copy_weights(initial_model, trainer.preprocessor)
    trainer.optimizer.build(trainer.trainable_variables)
    try:
        _run(config, source, validation_paths, folder, workers, trainer, report)
    except tf.errors.OpError as error:
        lost = workers.lost(error)
        if lost is None:
            raise
        raise lost from error
    return trainer.preprocessor


def _run(
    config: TrainConfig,
    source: PictureSource,
    validation_paths: list[Path],
    folder: Path,
    workers: Workers,
    trainer: PreprocessorTrainer,
    report: Callable[[str], None],
) -> None:
    checkpoint = WorkerCheckpoint(folder / CHECKPOINT, workers.index)
    first_epoch = _agree(workers, checkpoint, trainer)
    steps_per_epoch = min(config.run.steps, config.run.steps_per_epoch)
    callbacks: list[keras.callbacks.Callback] = []
    validation = None
    if workers.index == 0:
        config.save(folder / "config.json")
        _forget_later_epochs(folder, first_epoch)
        callbacks = measuring_callbacks(config, folder, len(source.files), validation_paths)
        for callback in callbacks:
            callback.set_model(trainer)
        if validation_paths:
            validation = validation_dataset(
                validation_paths, batch_size=config.data.batch_size, crop_size=config.data.crop_size
            )
    step = _step(workers, trainer, config)
    batches = GlobalBatches(
        source,
        config,
        worker=workers.index,
        workers=workers.count,
        first_epoch=first_epoch,
        steps_per_epoch=steps_per_epoch,
    )
    try:
        for epoch in range(first_epoch, math.ceil(config.run.steps / steps_per_epoch)):
            logs = _epoch(step, batches, config, [tracker.name for tracker in trainer.trackers])
            check_finite(logs["loss"], folder, epoch, steps_per_epoch - 1)
            if validation is not None:
                measured = trainer.evaluate(validation, verbose=0, return_dict=True)
                logs |= {f"val_{name}": float(value) for name, value in measured.items()}
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs)
            # Last: what the others wrote for an epoch is there when the checkpoint says that the epoch is done.
            checkpoint.save(epoch + 1, [np.asarray(variable) for variable in _state(trainer)])
            if workers.index == 0:
                numbers = " - ".join(f"{name}: {value:.4g}" for name, value in logs.items())
                report(f"epoch {epoch + 1}: {numbers}")
            if config.run.patience:
                # Only the first worker has a validation loss; all have to stop at the same epoch.
                is_stale = workers.index == 0 and _is_stale(folder, config.run.patience)
                if workers.sum([np.array(float(is_stale))])[0] > 0:
                    break
    finally:
        batches.close()


def _is_stale(folder: Path, patience: int) -> bool:
    """Whether the lowest validation loss of the log is `patience` epochs old."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    losses = [json.loads(line).get("val_loss", math.inf) for line in lines]
    return bool(min(losses) < math.inf and len(losses) - 1 - int(np.argmin(losses)) >= patience)


def _step(workers: Workers, trainer: PreprocessorTrainer, config: TrainConfig) -> Any:
    count = len(trainer.trainable_variables)
    names = [tracker.name for tracker in trainer.trackers]
    gradients_of = tf.function(trainer.gradients, jit_compile=config.run.jit_compile)

    def on_device(*data: Any) -> list[tf.Tensor]:
        gradients, values = gradients_of(data)
        return [*gradients, *(tf.reduce_mean(values[name]) for name in names)]

    @tf.function
    def step(*data: Any) -> list[tf.Tensor]:
        means = workers.mean(on_device, data)
        # After the mean over all: the optimizer clips the norm of the whole batch's gradient, as on one worker.
        trainer.apply(means[:count])
        return means[count:]

    return step


def _epoch(step: Any, batches: GlobalBatches, config: TrainConfig, names: list[str]) -> dict[str, float]:
    """One epoch; returns the means that `fit` would log, and how the input kept up."""
    steps = min(config.run.steps, config.run.steps_per_epoch)
    start, waited = time.monotonic(), batches.waited_seconds
    sums = np.zeros(len(names))
    for _ in range(steps):
        sums += [float(value) for value in step(*(tf.constant(part) for part in batches.take()))]
    seconds = time.monotonic() - start
    logs = dict(zip(names, (float(value) for value in sums / steps), strict=True))
    logs["data_wait_share"] = (batches.waited_seconds - waited) / seconds
    logs["crops_per_second"] = config.data.batch_size * steps / seconds
    if batches.unreadable:
        logs["unreadable_pictures"] = float(batches.unreadable)
    return logs


def _state(trainer: PreprocessorTrainer) -> list[Any]:
    tables = [] if trainer.tuned_tables is None else trainer.tuned_tables.variables
    return [*trainer.preprocessor.variables, *tables, *trainer.optimizer.variables]


def _agree(workers: Workers, checkpoint: WorkerCheckpoint, trainer: PreprocessorTrainer) -> int:
    """Gives all workers the state of the one that got furthest; returns the epochs that it has done."""
    epoch, state = checkpoint.load()
    mine = np.zeros(workers.count)
    mine[workers.index] = epoch
    (epochs,) = workers.sum([mine])
    leader = int(np.argmax(epochs))
    variables = _state(trainer)
    if leader == workers.index and epoch:
        _check_state(state, variables)
    else:
        state = [np.asarray(variable) for variable in variables]
    given = [array.astype(np.float64) * (leader == workers.index) for array in state]
    for variable, value in zip(variables, workers.sum(given), strict=True):
        variable.assign(value.astype(np.asarray(variable).dtype))
    return int(epochs[leader])


def _check_state(state: Sequence[np.ndarray[Any, Any]], variables: Sequence[Any]) -> None:
    kept, needed = [array.shape for array in state], [tuple(variable.shape) for variable in variables]
    if kept != needed:
        raise UsageError(
            "the checkpoint is of a model of another architecture: give the configuration that it was made with"
        )


def _forget_later_epochs(folder: Path, epoch: int) -> None:
    """Takes lines of epochs out of the log that no checkpoint has: they are done again."""
    log = folder / "log.jsonl"
    if log.exists():
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        log.write_text("".join(line for line in lines if json.loads(line)["epoch"] < epoch), encoding="utf-8")
