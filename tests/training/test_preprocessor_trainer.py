"""What `PreprocessorTrainer` is given: wrong arguments are named, batches come in every shape that Keras has."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.uint8)
QUALITY = np.array([40.0, 70.0], np.float32)
STRENGTH = np.ones(2, np.float32)


def new_trainer() -> jpegpre_tf.PreprocessorTrainer:
    keras.utils.set_random_seed(0)
    trainer = jpegpre_tf.PreprocessorTrainer(jpegpre_tf.Preprocessor(channels=4))
    trainer.compile(optimizer="sgd", run_eagerly=True)
    return trainer


@pytest.mark.parametrize("preprocessor", ["balanced", 48, keras.layers.ReLU()])
def test_what_is_no_model_is_refused(preprocessor: Any) -> None:
    with pytest.raises(TypeError, match=r"`preprocessor` must be a Keras model\. Received: "):
        jpegpre_tf.PreprocessorTrainer(preprocessor)


@pytest.mark.parametrize("loss", ["mse", keras.losses.MeanSquaredError()])
def test_losses_of_two_pictures_are_refused(loss: Any) -> None:
    with pytest.raises(TypeError, match=r"`loss` must be a layer .*such as BDRate\. Received: "):
        new_trainer().compile(loss=loss)


def test_batches_may_be_a_dataset_or_arrays_and_qualities_a_column() -> None:
    batch = (IMAGES, QUALITY, STRENGTH)
    expected = new_trainer().evaluate(tf.data.Dataset.from_tensors(batch), verbose=0)
    columns = (IMAGES, QUALITY[:, None], STRENGTH[:, None])
    for arguments in (batch, columns):
        np.testing.assert_array_equal(new_trainer().evaluate(arguments, verbose=0), expected)


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        ((IMAGES,), "EagerTensor|SymbolicTensor"),
        ((IMAGES, QUALITY), "2 parts"),
        (({"image": IMAGES},), "dict"),
    ],
)
def test_other_batches_are_named(arguments: tuple[Any, ...], received: str) -> None:
    with pytest.raises(
        ValueError, match=rf"batches must be \(image, quality, strength\).*Received: ({received})"
    ):
        new_trainer().evaluate(*arguments, verbose=0)
