"""What `PreprocessorTrainer` is given: wrong arguments are named, batches come in every shape that Keras has."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.errors import ModelError
from jpegpre_tf.layers import TunedTables
from jpegpre_tf.losses import BDRate
from jpegpre_tf.training.callbacks import StopIfNotFinite
from jpegpre_tf.training.data.foreign_tables import draw_tables

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


class Weighing(keras.layers.Layer):
    """An objective that keeps what it is told of the tables."""

    weighs_given = True

    def call(self, original, decoded, quality, rate_bpp, strength, is_given):
        self.is_given = is_given
        return rate_bpp


def test_only_annex_ks_tables_are_weighed_as_given() -> None:
    kinds = ("annex-k", "mozjpeg", "jpegli")
    generator = np.random.default_rng(0)
    qualities = (5, 20, 60, 90, 95)
    tables = [draw_tables(quality, generator, kind) for kind in kinds for quality in qualities]
    tables.append(np.zeros((2, 8, 8), np.float32))  # stands for the learned ones
    count = len(tables)
    trainer, objective = new_trainer(), Weighing()
    trainer.compile(optimizer="sgd", loss=objective, run_eagerly=True)
    images = np.repeat(IMAGES[:1], count, axis=0)
    batch = (images, np.full(count, 50, np.float32), np.ones(count, np.float32), np.stack(tables))
    trainer.evaluate(tf.data.Dataset.from_tensors(batch), verbose=0)
    np.testing.assert_array_equal(
        objective.is_given, [True] * len(qualities) + [False] * (count - len(qualities))
    )


def test_a_step_that_breaks_the_tables_ends_the_run(tmp_path: Path) -> None:
    tables = TunedTables()
    trainer = jpegpre_tf.PreprocessorTrainer(None, tuned_tables=tables)
    tables.build()
    stop = StopIfNotFinite(tmp_path)
    stop.set_model(trainer)
    stop.on_train_batch_end(0, {"loss": 1.0})
    tables.scaled_factors.assign(np.full((4, 2, 8, 8), np.nan))
    with pytest.raises(
        ModelError, match=r"expected a finite loss, received nan in epoch 1, step 2; no model kept"
    ):
        stop.on_train_batch_end(1, {"loss": 1.0})


@pytest.mark.parametrize(
    ("arguments", "options", "named"),
    [
        ((keras.Sequential([keras.layers.ReLU()]),), {}, "`preprocessor` must have `decide`"),
        ((jpegpre_tf.Preprocessor(channels=4), "mozjpeg"), {}, "`simulator` must be a Keras layer"),
        ((jpegpre_tf.Preprocessor(channels=4), None, 3), {}, "`rate` must be a Keras layer"),
        ((None,), {"tuned_tables": np.ones((2, 8, 8))}, "`tuned_tables` must be .*from_stored.* ndarray"),
        ((jpegpre_tf.Preprocessor(channels=4),), {"huffman": "opt"}, "`huffman` must be one of .*'opt'"),
        ((jpegpre_tf.Preprocessor(channels=4),), {"objective": BDRate}, "`loss` must be a layer"),
    ],
)
def test_wrong_parts_are_named_when_they_are_given(
    arguments: tuple[Any, ...], options: dict[str, Any], named: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=named):
        jpegpre_tf.PreprocessorTrainer(*arguments, **options)


@pytest.mark.parametrize(
    ("loss", "received"),
    [
        (lambda original, decoded, *_: tf.reduce_mean(tf.abs(decoded - original)), r"\(\)"),
        (lambda original, decoded, *_: tf.abs(decoded - original), r"\(2, 16, 16, 3\)"),
    ],
)
def test_a_loss_that_is_not_one_number_a_picture_is_named(loss: Any, received: str) -> None:
    trainer = new_trainer()
    trainer.compile(optimizer="sgd", loss=loss, run_eagerly=True)
    message = rf"`loss` must return one number for each picture.*Received: shape={received}"
    with pytest.raises(ValueError, match=message):
        trainer.evaluate((IMAGES, QUALITY, STRENGTH), verbose=0)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((IMAGES, QUALITY + 60, STRENGTH), r"`quality` must be in 1\.\.100\. Received: 100\.0\.\.130\.0"),
        ((IMAGES, QUALITY, STRENGTH, np.ones((2, 2, 64))), r"`tables` must have shape \(batch, 2, 8, 8\)"),
    ],
)
def test_values_of_a_batch_are_checked(batch: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        new_trainer().evaluate(batch, verbose=0)


def test_saving_the_trainer_says_what_to_save_and_leaves_no_file(tmp_path: Path) -> None:
    keep = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras")
    with pytest.raises(NotImplementedError, match=r"save `trainer\.preprocessor`.*save_weights_only"):
        new_trainer().fit((IMAGES, QUALITY, STRENGTH), callbacks=[keep], verbose=0)
    assert not any(tmp_path.iterdir())


def test_the_best_weights_are_kept_by_keras_own_callback(tmp_path: Path) -> None:
    def with_tables() -> jpegpre_tf.PreprocessorTrainer:
        trainer = jpegpre_tf.PreprocessorTrainer(
            jpegpre_tf.Preprocessor(channels=4), tuned_tables=TunedTables()
        )
        trainer.compile(optimizer="sgd", run_eagerly=True)
        return trainer

    trainer, batch = with_tables(), (IMAGES, QUALITY, STRENGTH)
    path = tmp_path / "best.weights.h5"
    keep = keras.callbacks.ModelCheckpoint(path, save_weights_only=True, save_best_only=True)
    trainer.fit(batch, validation_data=(batch,), callbacks=[keep], verbose=0)
    other = with_tables()
    other.load_weights(path)
    for mine, theirs in zip(trainer.variables, other.variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.any(np.asarray(other.tuned_tables.scaled_factors))  # they were trained
