"""Dead-zone decisions: ranges, identity, and a threshold gradient that is the loss's true slope."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.ops.quantization.dead_zone import (
    CHANGE_UNIT,
    ONE_TARGET,
    RESIDUE,
    THRESHOLD_UNIT,
    hard_dead_zone,
)
from jpegpre_tf.ops.quantization.dead_zone import dead_zone as dead_zone_in_units


def constant(value: float, like: tf.Tensor) -> tf.Tensor:
    return tf.fill(tf.shape(like), value)


def dead_zone(steps: tf.Tensor, zero_below: tf.Tensor, one_below: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """All in steps."""
    return CHANGE_UNIT * dead_zone_in_units(
        steps, zero_below / THRESHOLD_UNIT, one_below / THRESHOLD_UNIT, amount
    )


def laplacian_steps(seed: int = 0, blocks: int = 64) -> tf.Tensor:
    """Magnitudes distributed as DCT coefficients are: (1, blocks, blocks, 64), in steps."""
    generator = np.random.default_rng(seed)
    return tf.constant(np.abs(generator.laplace(0, 0.6, (1, blocks, blocks, 64))).astype(np.float32))


def test_nothing_changes_where_thresholds_are_the_encoders_own_and_amount_is_zero() -> None:
    magnitude = laplacian_steps()
    change = dead_zone(magnitude, constant(0.0, magnitude), constant(1.5, magnitude), tf.constant(0.0))
    assert not np.any(change)


def test_outcomes_round_as_decided() -> None:
    magnitude = tf.constant([[[[0.3, 0.79, 0.81, 1.49, 1.55, 1.9, 2.4, 7.0]]]])
    result = magnitude - dead_zone(
        magnitude, constant(0.9, magnitude), constant(2.0, magnitude), tf.constant(1.0)
    )
    # 0.81 and 1.9 lie on the ramps (0.1 wide, below the thresholds); every other is decided.
    np.testing.assert_array_equal(np.round(result)[0, 0, 0], [0, 0, 0, 1, 1, 1, 2, 7])
    assert np.all(np.asarray(result) >= 0)


def test_changes_are_odd_in_the_coefficient() -> None:
    steps = laplacian_steps()
    thresholds = constant(0.9, steps), constant(1.9, steps), tf.constant(1.0)
    np.testing.assert_array_equal(dead_zone(-steps, *thresholds), -dead_zone(steps, *thresholds))


def test_result_is_continuous_in_the_magnitude() -> None:
    magnitude = tf.constant(np.linspace(0, 3, 60_001, dtype=np.float32).reshape(1, 1, 1, -1))
    result = magnitude - dead_zone(
        magnitude, constant(0.8, magnitude), constant(1.8, magnitude), tf.constant(1.0)
    )
    # The steepest ramp takes 0.8 * (1 - RESIDUE) over 0.1 steps: slope 6.4 + 1.
    assert np.abs(np.diff(np.asarray(result)[0, 0, 0])).max() < 8 * 3 / 60_000


def test_hard_decisions_leave_a_residue_with_the_sign() -> None:
    magnitude = tf.constant([[[[0.7, 1.7, 0.9]]]])
    result = magnitude - hard_dead_zone(magnitude, constant(0.8, magnitude), constant(1.8, magnitude))
    np.testing.assert_allclose(result[0, 0, 0], [0.7 * RESIDUE, ONE_TARGET, 0.9], rtol=1e-6)


@pytest.mark.parametrize("rate_weight", [0.05, 0.3])
@pytest.mark.parametrize("threshold", [0.7, 0.9])
def test_threshold_gradient_is_the_slope_of_the_loss(threshold: float, rate_weight: float) -> None:
    """Against a finite difference of the true loss: squared error after rounding + rate_weight * non-zeros."""
    magnitude = laplacian_steps(blocks=128)

    def loss(level: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.square(level - magnitude) + rate_weight * kept)

    def true_loss(t: float) -> float:
        result = magnitude - hard_dead_zone(magnitude, constant(t, magnitude), constant(1.5, magnitude))
        level = tf.round(result)
        return float(loss(level, tf.minimum(level, 1.0)))

    t = tf.Variable(threshold)
    with tf.GradientTape() as tape:
        thresholds = tf.zeros_like(magnitude) + t
        result = magnitude - hard_dead_zone(magnitude, thresholds, constant(1.5, magnitude))
        # Straight-through, as JPEGSimulator and RateEstimator have it.
        level = result + tf.stop_gradient(tf.round(result) - result)
        kept = result + tf.stop_gradient(tf.minimum(tf.round(result), 1.0) - result)
        value = loss(level, kept)
    received = float(tape.gradient(value, t))
    expected = (true_loss(threshold + 0.02) - true_loss(threshold - 0.02)) / 0.04
    # The kernel is 0.15 steps wide, so the slope is one of the neighbourhood: 15 % or a small absolute rest.
    assert received == pytest.approx(expected, rel=0.15, abs=0.005)


def test_no_gradient_where_the_encoder_rounds_both_outcomes_alike() -> None:
    magnitude = tf.fill((1, 8, 8, 64), 0.45)
    t = tf.Variable(tf.fill((1, 8, 8, 64), 0.5))
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(hard_dead_zone(magnitude, t, constant(1.5, magnitude)))
    assert not np.any(tape.gradient(value, t))
