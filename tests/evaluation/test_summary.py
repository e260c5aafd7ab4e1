import numpy as np
import pytest

from jpegpre_tf.evaluation.bd_rate import BDRate
from jpegpre_tf.evaluation.results.summary import bootstrap_interval, summarize


def test_summary():
    results = {"a": BDRate(-4.0, 1.0), "b": BDRate(2.0, 0.5), "c": BDRate(-1.0, 0.9), "d": BDRate(None, 0.0)}
    summary = summarize(results)
    assert summary.mean == pytest.approx(-1)
    assert summary.win_rate == pytest.approx(2 / 3)
    assert (summary.best_picture, summary.best) == ("a", -4)
    assert (summary.worst_picture, summary.worst) == ("b", 2)
    assert (summary.pictures, summary.missing) == (3, 1)
    assert summary.coverage == pytest.approx(0.8)
    assert summary.interval[0] <= summary.mean <= summary.interval[1]


def test_nothing_to_summarize():
    assert summarize({"a": BDRate(None, 0.0)}) is None
    assert summarize({}) is None


def test_interval_of_equal_values_is_the_value():
    assert bootstrap_interval(np.zeros(5)) == (0.0, 0.0)


def test_interval_is_that_of_the_mean_and_repeatable():
    values = np.random.default_rng(1).normal(-5, 2, 200)
    low, high = bootstrap_interval(values)
    assert (low, high) == bootstrap_interval(values)
    # The normal approximation holds for 200 values; 10 000 resamples scatter by about 2 % of the width.
    half = 1.96 * values.std() / np.sqrt(200)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)
