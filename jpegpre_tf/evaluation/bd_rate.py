"""Bjontegaard delta rate of one picture: how much smaller or larger the files are at equal metric.

Both curves, log10(rate) as a function of the metric, are the Akima interpolants of the `bjontegaard`
package, over all their points. The range of rates only sets the limits of the integral: the metric values
at which the *reference* passes the range's ends, read off its interpolant. So a range never changes a
curve, and equal curves give exactly 0 on every range. Where the range is wider than the reference, the
reference's own ends count; nothing is extrapolated.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf._optional import require

# Akima needs neighbours; with fewer points an "interpolant" is a guess.
_FEWEST_POINTS = 4
# A reference that only touches a range (less than 10 % between its rates there) says nothing about it.
_NARROWEST_DECADES = float(np.log10(1.1))


@dataclass(frozen=True)
class Range:
    """A range of the reference's rates, in bits per pixel."""

    low_bpp: float
    high_bpp: float

    @property
    def name(self) -> str:
        return f"{self.low_bpp}-{self.high_bpp}"


HEADLINE = Range(0.2, 1.5)
RANGES = (HEADLINE, Range(0.2, 0.6), Range(0.6, 1.5), Range(1.0, 2.5))


@dataclass(frozen=True)
class BDRate:
    """One picture's result.

    Attributes:
        percent: Change of file size at equal metric, negative is smaller; None if the curves do not meet.
        coverage: 0..1, the share of the reference's metric interval that the test curve reaches.
    """

    percent: float | None
    coverage: float


def frontier(
    rates: Sequence[float], values: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sorts points by rate and drops those that another beats: no larger, and at least as good.

    Metrics are not always monotone in rate, and an interpolant of rate over metric needs them to be. Nobody
    would choose a dropped point, a smaller and better file exists.

    Args:
        rates: Bits per pixel, > 0.
        values: The metric, higher is better.

    Returns:
        Rates and values, both strictly increasing.
    """
    kept: list[tuple[float, float]] = []
    for rate, value in sorted(zip(rates, values, strict=True), key=lambda point: (point[0], -point[1])):
        if not kept or value > kept[-1][1]:
            kept.append((rate, value))
    array = np.asarray(kept, dtype=np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def bd_rate(
    reference: tuple[Sequence[float], Sequence[float]],
    test: tuple[Sequence[float], Sequence[float]],
    limits: Range,
) -> BDRate:
    """Compares two curves of one picture on one range; see `bd_rates`."""
    return bd_rates(reference, test, [limits])[0]


def bd_rates(
    reference: tuple[Sequence[float], Sequence[float]],
    test: tuple[Sequence[float], Sequence[float]],
    ranges: Sequence[Range],
) -> list[BDRate]:
    """Compares two curves of one picture on several ranges.

    Args:
        reference: Rates in bits per pixel and metric values (higher is better) of the reference.
        test: The same of the candidate.
        ranges: Ranges of the reference's rates.

    Returns:
        One result for each range.
    """
    reference_rates, reference_values = frontier(*reference)
    test_rates, test_values = frontier(*test)
    if min(len(reference_rates), len(test_rates)) < _FEWEST_POINTS:
        return [BDRate(None, 0.0) for _ in ranges]
    curve_reference, curve_test = _interpolants(reference_rates, reference_values, test_rates, test_values)
    first, last = np.log10(reference_rates[[0, -1]])
    results = []
    for limits in ranges:
        begin, end = max(first, np.log10(limits.low_bpp)), min(last, np.log10(limits.high_bpp))
        if end - begin < _NARROWEST_DECADES:
            results.append(BDRate(None, 0.0))
            continue
        low = reference_values[0] if begin == first else _value_at(curve_reference, begin)[0]
        high = reference_values[-1] if end == last else _value_at(curve_reference, end)[-1]
        common_low, common_high = max(low, test_values[0]), min(high, test_values[-1])
        if common_high <= common_low:
            results.append(BDRate(None, 0.0))
            continue
        span = common_high - common_low
        areas = [curve.integrate(common_low, common_high) for curve in (curve_reference, curve_test)]
        percent = 100 * (10 ** ((areas[1] - areas[0]) / span) - 1)
        results.append(BDRate(float(percent), float(span / (high - low))))
    return results


def _interpolants(
    reference_rates: NDArray[np.float64],
    reference_values: NDArray[np.float64],
    test_rates: NDArray[np.float64],
    test_values: NDArray[np.float64],
) -> tuple[Any, Any]:
    package = require("bjontegaard", extra="evaluate", purpose="BD-rate")
    with warnings.catch_warnings():
        # It warns about small overlap, which `coverage` reports.
        warnings.simplefilter("ignore")
        _, reference, test = package.bd_rate(
            reference_rates,
            reference_values,
            test_rates,
            test_values,
            method="akima",
            require_matching_points=False,
            interpolators=True,
            min_overlap=0,
        )
    return reference, test


def _value_at(curve: Any, log_rate: float) -> NDArray[np.float64]:
    """Metric values at which `curve` passes `log_rate` (more than one where it overshoots)."""
    roots: NDArray[np.float64] = np.sort(curve.solve(log_rate, discontinuity=False, extrapolate=False))
    return roots


def log_rate_at(
    curve_points: tuple[Sequence[float], Sequence[float]],
    values: Sequence[float],
    *,
    extrapolate: bool = False,
) -> NDArray[np.float64]:
    """Returns log10 of the rate at which a curve reaches each of `values`.

    Args:
        curve_points: Rates in bits per pixel and metric values (higher is better).
        values: Metric values.
        extrapolate: Whether to continue the curve straight beyond its ends, instead of NaN there.
    """
    rates, metric = frontier(*curve_points)
    wanted = np.asarray(values, dtype=np.float64)
    if len(rates) < _FEWEST_POINTS:
        return np.full(wanted.shape, np.nan)
    curve, _ = _interpolants(rates, metric, rates, metric)
    inside = np.clip(wanted, metric[0], metric[-1])
    result: NDArray[np.float64] = np.asarray(curve(inside))
    if not extrapolate:
        return np.where(inside == wanted, result, np.nan)
    slopes = np.diff(np.log10(rates)) / np.diff(metric)
    result += (wanted - inside) * np.where(wanted < metric[0], slopes[0], slopes[-1])
    return result
