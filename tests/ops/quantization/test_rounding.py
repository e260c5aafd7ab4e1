"""Surrogates: hard value, stated slope, limits, finite at ties."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.ops.quantization import rounding

TIES = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]
SURROGATES = list(rounding.SURROGATES)


def slope(x, surrogate):
    return rounding.surrogate_slope(tf.constant(x, tf.float32), surrogate).numpy()


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_finite_at_ties_and_integers(surrogate):
    x = np.array([*TIES, -3.0, 0.0, 1.0, 2000.0, -2000.5])
    assert np.all(np.isfinite(slope(x, surrogate)))


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_periodic_and_even(surrogate):
    # Quarters of 1/64 are exact in float32, so the fractions are equal, not only close.
    x = np.arange(-2, 2, 1 / 64)
    np.testing.assert_array_equal(slope(x, surrogate), slope(x + 1, surrogate))
    np.testing.assert_array_equal(slope(x, surrogate), slope(-x, surrogate))


@pytest.mark.parametrize(
    ("surrogate", "mean"), [("identity", 1), ("cubic", 1 / 4), ("soft", 1), ("dither", 1)]
)
def test_mean_over_a_step(surrogate, mean):
    # The midpoint rule with 20000 points; the box of "dither" may gain or lose two of them.
    x = (np.arange(20000) + 0.5) / 20000
    assert slope(x, surrogate).mean() == pytest.approx(mean, abs=4e-4)


@pytest.mark.parametrize(("surrogate", "at_integer", "at_tie"), [("identity", 1, 1), ("cubic", 0, 0.75)])
def test_limits(surrogate, at_integer, at_tie):
    assert slope([0.0, 3.0], surrogate).tolist() == [at_integer] * 2
    assert slope([0.5, -1.5], surrogate).tolist() == [at_tie] * 2


@pytest.mark.parametrize(
    ("surrogate", "name"), [("soft", "SOFT_TEMPERATURE"), ("dither", "DITHER_HALF_WIDTH")]
)
def test_limit_of_the_parameter_is_the_true_derivative(surrogate, name, monkeypatch):
    monkeypatch.setattr(rounding, name, 1e-3)
    x = (np.arange(20000) + 0.5) / 20000
    slopes = slope(x, surrogate)
    far = np.abs(x - 0.5) > 0.02
    assert np.all(slopes[far] < 1e-3)
    assert slopes.mean() == pytest.approx(1, abs=0.06)


def test_soft_becomes_identity_as_the_temperature_grows(monkeypatch):
    monkeypatch.setattr(rounding, "SOFT_TEMPERATURE", 1e2)
    np.testing.assert_allclose(slope(np.linspace(0, 1, 50), "soft"), 1, atol=1e-3)


def test_dither_of_half_a_step_is_identity(monkeypatch):
    monkeypatch.setattr(rounding, "DITHER_HALF_WIDTH", 0.5)
    np.testing.assert_array_equal(slope(np.linspace(0.01, 0.99, 50), "dither"), 1)


def test_dither_is_the_slope_of_the_expected_value():
    noise = (np.arange(100001) / 100000 * 2 - 1) * rounding.DITHER_HALF_WIDTH
    h = 1e-3
    for x in (0.1, 0.2, 0.3, 0.45, 0.6, 0.9):
        expected = (np.round(x + h + noise).mean() - np.round(x - h + noise).mean()) / (2 * h)
        assert slope([x], "dither")[0] == pytest.approx(expected, abs=0.02)  # 1 % of the noise per h


def test_soft_is_the_slope_of_a_sum_of_sigmoids():
    temperature = rounding.SOFT_TEMPERATURE
    mass = 2 / (1 + np.exp(-0.5 / temperature)) - 1

    def soft(x):  # within half a step of the tie at 0.5
        return 1 / (1 + np.exp(-(x - 0.5) / temperature)) / mass

    h = 1e-5
    x = np.linspace(0.05, 0.95, 19)
    np.testing.assert_allclose(slope(x, "soft"), (soft(x + h) - soft(x - h)) / (2 * h), rtol=1e-4)


def test_cubic_is_the_slope_of_the_cubic():
    def cubic(x):
        return np.round(x) + (x - np.round(x)) ** 3

    h = 1e-5
    x = np.linspace(-1.4, 1.4, 29) + 0.01  # away from ties
    numeric = (cubic(x + h) - cubic(x - h)) / (2 * h)
    np.testing.assert_allclose(slope(x, "cubic"), numeric, rtol=1e-4, atol=1e-6)


def test_floor_and_levels_have_hard_values_and_gradient_1():
    x = tf.constant([-7.2, 0.49, 0.51, 254.6, 300.0])
    for function, expected in (
        (rounding.floor_ste, [-8, 0, 0, 254, 300]),
        (rounding.to_levels, [0, 0, 1, 255, 255]),
    ):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        assert y.numpy().tolist() == expected
        assert tape.gradient(y, x).numpy().tolist() == [1] * 5


def test_unknown_surrogates_are_refused():
    for function in (rounding.check_surrogate, lambda name: rounding.surrogate_slope(tf.zeros([1]), name)):
        with pytest.raises(ValueError, match=r"`surrogate` must be one of .*identity.* Received: .*'ste'"):
            function("ste")
