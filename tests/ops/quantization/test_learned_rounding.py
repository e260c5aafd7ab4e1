"""Learned thresholds: hard values, expectations, and slopes against finite differences."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.ops.quantization.learned_rounding import (
    GRADIENT_TEMPERATURE,
    Decisions,
    choose_quantized,
    expect_quantized,
    logits,
    with_gradient_of,
)


def decisions(steps, zero_below=0.5, shift=0.0, temperature=0.2):
    steps = tf.convert_to_tensor(steps, tf.float64)
    return Decisions(
        steps, *(tf.fill(steps.shape, tf.constant(v, tf.float64)) for v in (zero_below, shift, temperature))
    )


def as_float32(made):
    return Decisions(*(tf.cast(part, tf.float32) for part in made))


def test_without_learning_it_rounds():
    steps = np.linspace(-20, 20, 4001)
    steps = steps[np.abs(steps % 1 - 0.5) > 1e-3]
    np.testing.assert_array_equal(choose_quantized(as_float32(decisions(steps))), np.rint(steps))


@pytest.mark.parametrize(
    ("x", "zero_below", "shift", "quantized"),
    [
        (0.9, 1.0, 0.0, 0),
        (1.3, 1.2, 0.0, 1),
        (1.3, 1.4, 0.0, 0),
        (2.6, 0.5, 0.2, 2),
        (2.8, 0.5, 0.2, 3),
        (0.7, 0.5, -0.6, 1),
    ],
)
def test_thresholds(x, zero_below, shift, quantized):
    made = as_float32(decisions([x, -x], zero_below, shift))
    np.testing.assert_array_equal(choose_quantized(made), [quantized, -quantized])


def test_expectation_approaches_the_hard_level_as_temperature_falls():
    steps = np.random.default_rng(0).uniform(-6, 6, 500)
    steps = steps[np.abs(np.abs(steps) % 1 - 0.5) > 0.05]
    made = as_float32(decisions(steps, temperature=0.004))
    magnitude, nonzero = expect_quantized(made)
    # 0.05 / 0.004 = 12.5 temperatures from the nearest threshold: sigmoid is within 4e-6 of 0 or 1.
    np.testing.assert_allclose(magnitude, np.abs(np.rint(steps)), atol=1e-4)
    np.testing.assert_allclose(nonzero, np.rint(steps) != 0, atol=1e-4)


@pytest.mark.parametrize("function", [choose_quantized, lambda made: expect_quantized(made)[0]])
@pytest.mark.parametrize("temperature", [GRADIENT_TEMPERATURE, 0.2])
def test_slope_is_that_of_the_expectation(function, temperature):
    # Away from integers, where the staircase changes its pair of neighbours.
    steps = np.array([0.3, 0.5, 0.62, 1.2, 1.5, 1.8, 2.45, 7.55])
    made = as_float32(decisions(steps, 0.6, 0.05, temperature))

    def value(x):
        return expect_quantized(decisions(x, 0.6, 0.05, temperature))[0].numpy()

    with tf.GradientTape() as tape:
        tape.watch(made.steps)
        total = tf.reduce_sum(function(made))
    expected = (value(steps + 1e-5) - value(steps - 1e-5)) / 2e-5
    np.testing.assert_allclose(tape.gradient(total, made.steps), expected, rtol=1e-3, atol=1e-4)


def test_slopes_average_one_and_are_finite_everywhere():
    steps = np.arange(-6.0, 6.0, 0.01)  # integers and ties among them
    made = as_float32(decisions(steps, temperature=0.02))
    with tf.GradientTape() as tape:
        tape.watch(made.steps)
        total = tf.reduce_sum(choose_quantized(made))
    slope = tape.gradient(total, made.steps).numpy()
    assert np.isfinite(slope).all() and slope.min() > -1e-6
    assert slope.max() < 1 / (4 * GRADIENT_TEMPERATURE) + 1.0
    # From -6 to 6 the level rises by 12; sigmoids are cut off at integers, which costs a few percent.
    assert slope.mean() == pytest.approx(1.0, abs=0.06)


def test_thresholds_are_learned_from_the_expectation():
    made = as_float32(decisions([0.7, 2.55], temperature=0.2))
    with tf.GradientTape() as tape:
        tape.watch([made.zero_below, made.shift])
        total = tf.reduce_sum(choose_quantized(made))
    zero_below, shift = tape.gradient(total, [made.zero_below, made.shift])
    assert zero_below[0] < 0 and shift[1] < 0  # a higher threshold is a lower level


def test_logits_are_distances_in_temperatures():
    keep, up = logits(as_float32(decisions([0.7, -2.7], zero_below=0.6, shift=0.1, temperature=0.1)))
    np.testing.assert_allclose(keep, [1.0, 21.0], rtol=1e-5)
    np.testing.assert_allclose(up[1], 1.0, rtol=1e-5)


def test_a_borrowed_gradient_leaves_the_value_alone():
    value, surrogate = tf.constant([1e8, 3.0]), tf.constant([0.1, 0.2])
    with tf.GradientTape() as tape:
        tape.watch([value, surrogate])
        result = with_gradient_of(value, surrogate)
        total = tf.reduce_sum(result * [2.0, 3.0])
    to_value, to_surrogate = tape.gradient(total, [value, surrogate])
    np.testing.assert_array_equal(result, [1e8, 3.0])
    np.testing.assert_array_equal(to_surrogate, [2.0, 3.0])
    assert to_value is None
