import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jpegpre_tf.evaluation.bd_rate import RANGES, Range, bd_rate, frontier, log_rate_at

RATES = (0.15, 0.2, 0.3, 0.42, 0.55, 0.7, 0.85, 1.0, 1.3, 1.7, 2.3, 3.1)
# Roughly logarithmic, as PSNR over rate is.
VALUES = tuple(30 + 5 * np.log2(rate) + 0.3 * np.sin(9 * rate) for rate in RATES)


def scaled(factor):
    return [factor * rate for rate in RATES]


@pytest.mark.parametrize("limits", RANGES, ids=lambda limits: limits.name)
def test_ten_percent_less_rate_is_minus_ten(limits):
    result = bd_rate((RATES, VALUES), (scaled(0.9), VALUES), limits)
    # The metric interval is the same, so the difference of the logarithms is constant.
    assert result.percent == pytest.approx(-10, abs=1e-9)
    assert result.coverage == pytest.approx(1)


@settings(deadline=None)  # the first example imports bjontegaard, and with it matplotlib
@given(st.floats(0.5, 2.0))
def test_any_factor(factor):
    result = bd_rate((RATES, VALUES), (scaled(factor), VALUES), RANGES[0])
    assert result.percent == pytest.approx(100 * (factor - 1), abs=1e-9)


@pytest.mark.parametrize("limits", RANGES, ids=lambda limits: limits.name)
@settings(deadline=None)
@given(st.lists(st.floats(20, 50), min_size=12, max_size=12))
def test_equal_curves_give_exactly_zero_also_where_the_metric_is_not_monotone(limits, values):
    result = bd_rate((RATES, values), (RATES, values), limits)
    assert result.percent in (None, 0.0)


def test_known_difference_that_depends_on_the_rate():
    # Saves 20 % below 0.6 bpp and nothing above: each range must see its own part.
    test = [0.8 * rate if rate < 0.6 else rate for rate in RATES]
    low, high = bd_rate((RATES, VALUES), (test, VALUES), Range(0.2, 0.5)), None
    high = bd_rate((RATES, VALUES), (test, VALUES), Range(0.8, 1.5))
    assert low.percent == pytest.approx(-20, abs=1)
    assert high.percent == pytest.approx(0, abs=0.5)


def test_whole_curves_equal_the_package_itself():
    from bjontegaard import bd_rate as package

    test = (scaled(0.93), [value + 0.2 for value in VALUES])
    expected = package(RATES, VALUES, *test, method="akima")
    # Over all rates, and then only the package's own overlap counts.
    assert bd_rate((RATES, VALUES), test, Range(0.001, 100)).percent == pytest.approx(expected, abs=1e-9)


def test_range_ends_between_points_are_interpolated():
    # A straight line in log rate: Akima reproduces it, so any range gives the same.
    values = [10 * np.log10(rate) for rate in RATES]
    test = (scaled(0.8), values)
    for limits in (Range(0.25, 0.5), Range(0.21, 1.49), Range(0.2, 1.5)):
        assert bd_rate((RATES, values), test, limits).percent == pytest.approx(-20, abs=1e-9)


def test_coverage_is_the_shared_part():
    values = [10 * np.log10(rate) for rate in RATES]
    shorter = ([rate for rate in RATES if rate >= 0.42], [value for value in values if value >= values[3]])
    result = bd_rate((RATES, values), shorter, Range(0.2, 1.7))
    expected = np.log(1.7 / 0.42) / np.log(1.7 / 0.2)
    assert result.percent == pytest.approx(0, abs=1e-9)
    assert result.coverage == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reference", "test", "limits"),
    [
        ((RATES, VALUES), (RATES, [value + 100 for value in VALUES]), RANGES[0]),
        ((RATES, VALUES), (RATES, VALUES), Range(5, 9)),
        ((RATES, VALUES), (RATES, VALUES), Range(3.0, 9)),
        ((RATES[:3], VALUES[:3]), (RATES, VALUES), RANGES[0]),
        ((RATES, VALUES), ([], []), RANGES[0]),
        ((RATES, [30.0] * 12), (RATES, VALUES), RANGES[0]),
    ],
    ids=["no overlap", "range beyond", "sliver of a range", "too few points", "no points", "constant metric"],
)
def test_nothing_to_compare(reference, test, limits):
    assert bd_rate(reference, test, limits).percent is None


def test_order_of_points_does_not_matter():
    test = (scaled(0.9), VALUES)
    shuffled = tuple(tuple(reversed(part)) for part in test)
    assert bd_rate((RATES, VALUES), shuffled, RANGES[0]) == bd_rate((RATES, VALUES), test, RANGES[0])


def test_frontier_drops_points_that_another_beats():
    rates, values = frontier([1, 2, 3, 4, 4, 5], [10, 12, 11, 13, 14, 14])
    assert rates.tolist() == [1, 2, 4]
    assert values.tolist() == [10, 12, 14]


def test_rate_at_a_value():
    at_points = log_rate_at((RATES, VALUES), VALUES)
    assert at_points == pytest.approx(np.log10(RATES))
    outside = log_rate_at((RATES, VALUES), [VALUES[0] - 1, VALUES[-1] + 1])
    assert np.isnan(outside).all()
    continued = log_rate_at((RATES, VALUES), [VALUES[0] - 1, VALUES[-1] + 1], extrapolate=True)
    assert continued[0] < np.log10(RATES[0]) and continued[1] > np.log10(RATES[-1])
