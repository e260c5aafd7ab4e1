"""Tuned tables: NumPy's and the layer's are the same, the file survives, and training can move them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.jpeg.tuned_tables import TunedTables as StoredTables
from jpegpre_tf.layers.tuned_tables import SCALE_WEIGHTS, TunedTables

CALIBRATION = ((10.0, 50.0, 95.0), (6.5, 41.0, 93.0))


@pytest.fixture
def stored() -> StoredTables:
    factors = np.random.default_rng(0).normal(0, 0.4, (4, 2, 8, 8))
    return StoredTables(factors, calibration=CALIBRATION, provenance={"data": "none", "date": "2026-01-01"})


def test_the_layer_and_numpy_agree_on_every_entry_at_every_quality(stored: StoredTables) -> None:
    qualities = [*range(1, 101), 33.3, 71.25]
    expected = np.stack([stored.tables(quality) for quality in qualities])
    layer = TunedTables.from_stored(stored)
    np.testing.assert_array_equal(layer(quality=qualities), expected)
    compiled = tf.function(layer, jit_compile=True)
    np.testing.assert_array_equal(compiled(tf.constant(qualities)), expected)


def test_untrained_tables_are_annex_ks() -> None:
    stored = TunedTables().to_stored()
    for quality in (1, 25, 50, 75, 100):
        # libjpeg rounds the scale to percents first, and has 1 at 100 where this has 0.02.
        np.testing.assert_allclose(stored.tables(quality), np.stack(quantization_tables(quality)), atol=1)


def test_factors_are_interpolated_between_nodes_and_constant_beyond() -> None:
    factors = np.zeros((4, 2, 8, 8))
    factors[:, 0, 0, 0] = np.log([1, 2, 4, 8])
    stored = StoredTables(factors)
    plain = StoredTables(np.zeros_like(factors))
    for quality, factor in ((5, 1), (10, 1), (30, 2), (60, 4)):
        ratio = stored.tables(quality)[0, 0, 0] / plain.tables(quality)[0, 0, 0]
        assert ratio == pytest.approx(factor, rel=0.05)  # entries are integers of 13 and more
    between = stored.tables(17)[0, 0, 0] / plain.tables(17)[0, 0, 0]
    assert 1.2 < between < 1.8


def test_tables_get_coarser_with_falling_quality_and_stay_in_range(stored: StoredTables) -> None:
    steps = np.stack([stored.tables(quality).mean() for quality in range(1, 101)])
    assert np.all(np.diff(steps) <= 0)
    assert stored.tables(1).dtype == np.uint8 and stored.tables(1).min() >= 1


def test_a_file_reads_back_as_it_was(stored: StoredTables, tmp_path: Path) -> None:
    stored.write(tmp_path / "tables.json")
    again = StoredTables.read(tmp_path / "tables.json")
    np.testing.assert_array_equal(again.log_factors, stored.log_factors)
    assert again.calibration == CALIBRATION
    assert again.provenance == stored.provenance
    assert again.to_json() == stored.to_json() == TunedTables.from_stored(again).to_json(**stored.provenance)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"format": 2}', '{"format": 1, "node_qualities": [10, 90], "log_factors": [[1, 2], [3, 4]]}',
     '{"format": 1, "node_qualities": "x", "log_factors": []}', '{"format": 1}'],
)  # fmt: skip
def test_another_file_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "tables.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"tables.json: expected") as caught:
        StoredTables.read(path)
    assert "\n" not in str(caught.value)


def test_arguments_out_of_range_are_refused(stored: StoredTables) -> None:
    with pytest.raises(ValueError, match="quality"):
        stored.tables(0)
    with pytest.raises(ValueError, match="node_qualities"):
        TunedTables((60, 30))
    with pytest.raises(ValueError, match="calibration"):
        TunedTables(calibration=((1, 2), (2, 1)))


def test_factors_receive_the_gradient_of_the_unrounded_tables() -> None:
    layer = TunedTables()
    layer.build()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(quality=[40.0]))
    gradient = np.asarray(tape.gradient(total, layer.scaled_factors))
    unrounded = np.stack(quantization_tables(50)) * 50 / 40
    # Between the nodes at 30 and 60 both share what the entry is worth; an entry at 255 would have none.
    np.testing.assert_allclose(gradient.sum(axis=0), unrounded, rtol=1e-5)
    assert np.all(gradient[[0, 3]] == 0) and np.all(gradient[[1, 2]] > 0)


def test_the_gain_is_a_factor_on_what_a_step_changes(stored: StoredTables) -> None:
    one, six = (TunedTables.from_stored(stored, gain=gain) for gain in (1.0, 6.0))
    np.testing.assert_allclose(six.log_factors, one.log_factors, rtol=1e-6)
    for layer in (one, six):
        before = np.asarray(layer.log_factors)
        layer.scaled_factors.assign_add(0.01 * np.ones((4, 2, 8, 8)))
        np.testing.assert_allclose(layer.log_factors - before, 0.01 * layer.gain, rtol=1e-3)
        np.testing.assert_array_equal(layer(quality=[60.0])[0], layer.to_stored().tables(60))


def test_the_scale_is_kept_where_training_asks_for_it():
    layer = TunedTables(keeps_scale=True)
    layer.build()
    layer.scaled_factors.assign(np.random.default_rng(0).normal(0.5, 0.3, (4, 2, 8, 8)).astype(np.float32))
    factors = np.asarray(layer.log_factors)
    np.testing.assert_allclose((SCALE_WEIGHTS * factors[:, 0]).sum(axis=(1, 2)), 0, atol=1e-6)
    # Shapes, and chroma against luma, are what was assigned.
    assigned = np.asarray(layer.scaled_factors)
    np.testing.assert_allclose(factors[:, 1] - factors[:, 0], assigned[:, 1] - assigned[:, 0], atol=1e-6)


def test_the_scale_that_is_kept_is_that_of_the_tables_to_start_from():
    """Tables that were shifted stay as they are, and training moves all but their scale."""
    factors = np.random.default_rng(1).normal(0.3, 0.2, (4, 2, 8, 8)).astype(np.float32)
    layer = TunedTables.from_stored(StoredTables(factors), gain=5.0, keeps_scale=True)
    np.testing.assert_allclose(layer.log_factors, factors, atol=1e-6)
    assert [weight.name for weight in layer.trainable_weights] == ["scaled_factors"]
    layer.scaled_factors.assign_add(np.random.default_rng(2).normal(0.1, 0.1, factors.shape))
    scales = [
        (SCALE_WEIGHTS * np.asarray(values)[:, 0]).sum(axis=(1, 2)) for values in (layer.log_factors, factors)
    ]
    np.testing.assert_allclose(*scales, atol=1e-6)
