"""Entries of which a picture holds zeros alone: pulled finer where that pays, and only there."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf import PreprocessorTrainer
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.jpeg.tuned_tables import TunedTables as StoredTables
from jpegpre_tf.layers.tuned_tables import TunedTables
from jpegpre_tf.losses import RateDistortion
from jpegpre_tf.models.decision_graph import rounding_graph
from jpegpre_tf.models.preprocessor import split_tables
from jpegpre_tf.training.decided_file import decode_decisions, rate_of_decisions

ENTRY = (3, 4)
LARGEST = 60.0  # levels, of the coefficients there


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """float32 (1, 64, 64, 3): gray, each block with one frequency, up to `LARGEST`."""
    at = np.arange(8) + 0.5
    wave = np.outer(np.cos(np.pi / 8 * ENTRY[0] * at), np.cos(np.pi / 8 * ENTRY[1] * at))
    strength = np.linspace(0.7, 1.0, 64).reshape(8, 8)
    gray = 128 + LARGEST / 4 * np.kron(strength, wave)  # 4: the DCT's own factor for two frequencies above 0
    return np.repeat(gray[None, ..., None], 3, axis=3).astype(np.float32)


def tables_with(entry: float) -> tf.Tensor:
    tables = np.stack(quantization_tables(50)).astype(np.float32)
    tables[0][ENTRY] = entry
    return tf.constant(tables[None])


def loss_and_gradient(picture: np.ndarray, tables: tf.Tensor, rate_weight: float) -> tuple[float, float]:
    """Squared error plus weighted bits, and its gradient for the logarithm of the entry."""
    with tf.GradientTape() as tape:
        tape.watch(tables)
        decisions = rounding_graph().decide(
            picture, *split_tables(tables), tf.ones([1, 1, 1, 1]), training=True
        )
        error = tf.reduce_mean(tf.square(decode_decisions(decisions, tables) - picture))
        loss = error + rate_weight * rate_of_decisions(decisions, tables)[0]
    return float(loss), float(tape.gradient(loss, tables)[0, 0][ENTRY] * tables[0, 0][ENTRY])


def test_the_gradient_is_the_secant_to_where_the_first_coefficient_is_kept(picture):
    here, there = tables_with(200.0), tables_with(LARGEST)
    before, gradient = loss_and_gradient(picture, here, 1.0)
    after, _ = loss_and_gradient(picture, there, 1.0)
    expected = -(after - before) / np.log(200 / LARGEST)
    # Bits are what one coefficient costs with the Huffman tables as they are, not sixty-four of them with new ones.
    assert before > after and gradient == pytest.approx(expected, rel=0.3)


def test_where_a_finer_step_does_not_pay_nothing_pulls(picture):
    assert loss_and_gradient(picture, tables_with(200.0), 1e4)[1] == 0.0
    flat = np.full_like(picture, 128.0)
    assert loss_and_gradient(flat, tables_with(200.0), 1.0)[1] == 0.0


class SquaredError(keras.layers.Layer):
    def call(self, original, decoded, quality):
        return tf.reduce_mean(tf.square(original - decoded), axis=[1, 2, 3])


@pytest.mark.parametrize(("rate_weight", "moves"), [(1.0, True), (1e4, False)])
def test_training_moves_an_entry_that_became_too_coarse(picture, rate_weight, moves):
    factors = np.zeros((4, 2, 8, 8), np.float32)
    factors[:, 0, ENTRY[0], ENTRY[1]] = np.log(200 / 51)  # 51: Annex K's
    layer = TunedTables.from_stored(StoredTables(factors))
    trainer = PreprocessorTrainer(None, tuned_tables=layer)
    trainer.compile(optimizer=keras.optimizers.SGD(1e-2), loss=RateDistortion(SquaredError(), rate_weight))
    before = int(layer(quality=[50.0])[0, 0][ENTRY])
    batch = (picture, np.array([50.0], np.float32), np.ones(1, np.float32))
    for _ in range(3):
        trainer.train_step(batch)
    after = int(layer(quality=[50.0])[0, 0][ENTRY])
    assert before == 200 and (after < 190 if moves else after == 200)
