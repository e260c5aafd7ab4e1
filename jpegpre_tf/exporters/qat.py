"""Quantization-aware training: the networks learn to live with int8, on the loss that they were trained on."""

from typing import Any

import numpy as np
import tensorflow as tf

from jpegpre_tf._optional import require
from jpegpre_tf.exporters.quantized import QuantizedPreprocessor
from jpegpre_tf.training.preprocessor_trainer import PreprocessorTrainer


def fine_tune(
    quantized: QuantizedPreprocessor,
    trainer: PreprocessorTrainer,
    batches: tf.data.Dataset,
    validation: tf.data.Dataset,
    *,
    steps: int,
    learning_rate: float,
) -> dict[str, float]:
    """Trains a calibrated preprocessor through JPEG, in place; keeps the result only if it is better.

    Args:
        quantized: Calibrated. Its activations' ranges stay as they are; weights and their ranges are trained.
        trainer: `PreprocessorTrainer` that gives the loss, for example from `training.run.build_trainer`.
        batches: (image, quality, strength) as for training, endless.
        validation: The same, finite, to judge by: hard decisions, as shipped.
        steps: Optimiser steps.
        learning_rate: At the start; falls to 0 along a cosine.

    Returns:
        "loss_before" and "loss_after" on `validation`, and "kept": 1.0 if training was kept, else 0.0.
    """
    tf_keras = require("tf_keras", extra="export", purpose="quantization-aware training")
    # Keras 3's optimisers take Keras 3's variables only; the networks are tf_keras models.
    schedule = tf_keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    optimizer = tf_keras.optimizers.Adam(schedule, clipnorm=1.0)
    variables = quantized.trainable_variables
    float_preprocessor, trainer.preprocessor = trainer.preprocessor, quantized

    @tf.function
    def step(data: Any) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss, _ = trainer.compute(data, training=True)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        quantized.set_weight_ranges()
        return loss

    @tf.function
    def judge(data: Any) -> tf.Tensor:
        return trainer.compute(data, training=False)[0]

    try:
        judged = list(validation)
        before = float(np.mean([judge(data) for data in judged]))
        weights = [variable.numpy() for variable in quantized.network_variables]
        for data in batches.take(steps):
            step(data)
        after = float(np.mean([judge(data) for data in judged]))
    finally:
        trainer.preprocessor = float_preprocessor
    kept = after < before
    if not kept:
        for variable, value in zip(quantized.network_variables, weights, strict=True):
            variable.assign(value)
    return {"loss_before": before, "loss_after": after, "kept": float(kept)}
