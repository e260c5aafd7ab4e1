"""Fake quantisation through tensorflow-model-optimization, and fine-tuning with it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf import Preprocessor
from jpegpre_tf.exporters.qat import fine_tune
from jpegpre_tf.exporters.quantized import QuantizedPreprocessor
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data.crops import list_pictures, training_dataset, validation_dataset
from jpegpre_tf.training.run import build_trainer

PICTURES = Path(__file__).parent.parent / "pictures"
TABLES = np.stack(quantization_tables(50)).astype(np.float32)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_twin_has_the_same_weights(model: Preprocessor, quantized: QuantizedPreprocessor) -> None:
    for name in ("luma", "chroma"):
        original = getattr(model, f"{name}_network").get_weights()
        for first, second in zip(original, quantized.float_networks[name].get_weights(), strict=True):
            np.testing.assert_array_equal(first, second)
    assert sum(v.shape.num_elements() for v in quantized.trainable_variables) == model.count_params()


def test_it_is_the_float_model_but_for_rounding(model, quantized, crops) -> None:
    image = crops[1][np.newaxis].astype(np.float32)
    expected = np.asarray(model(image, TABLES))
    received = np.asarray(quantized(image, TABLES, np.float32(1.0)))
    assert 0 < np.abs(received - expected).mean() < 0.1 * np.abs(expected - image).mean()


def test_calibration_needs_pictures(model: Preprocessor, quantized) -> None:
    with pytest.raises(ValueError, match="`batches`"):
        quantized.calibrate([])


def test_every_weight_receives_a_gradient(quantized, crops) -> None:
    image = crops[1][np.newaxis].astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(quantized(image, TABLES, np.float32(1.0), training=True) - image))
    gradients = tape.gradient(loss, quantized.trainable_variables)
    assert all(gradient is not None and np.all(np.isfinite(gradient)) for gradient in gradients)


@pytest.mark.slow
def test_fine_tuning_is_on_the_trainers_loss_and_never_makes_it_worse(model: Preprocessor) -> None:
    pictures = list_pictures(PICTURES)
    config = TrainConfig().with_fields(channels=8, mixing_blocks=1, chroma_mixing_blocks=1, rate_weight=0.1)
    trainer = build_trainer(config)
    before = trainer.preprocessor
    quantized = QuantizedPreprocessor(before)
    batches = training_dataset(pictures, batch_size=2, crop_size=64, seed=1)
    quantized.calibrate([(image, np.stack([TABLES] * 2), strength) for image, _, strength in batches.take(2)])
    weights = [variable.numpy() for variable in quantized.trainable_variables]
    judged = validation_dataset(pictures, batch_size=3, crop_size=64, qualities=(40,))
    for learning_rate in (1e-3, 1e3):
        result = fine_tune(quantized, trainer, batches, judged, steps=4, learning_rate=learning_rate)
        changed = any(
            np.any(variable.numpy() != value)
            for variable, value in zip(quantized.trainable_variables, weights, strict=True)
        )
        assert changed == bool(result["kept"]) == (result["loss_after"] < result["loss_before"])
        weights = [variable.numpy() for variable in quantized.trainable_variables]
    assert trainer.preprocessor is before
