"""Curves out of a results object: per picture, their mean, and the change of size along the rate."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf.evaluation.bd_rate import log_rate_at
from jpegpre_tf.evaluation.results import CandidateResult, FilePoint, Results

# One point of a curve: quality, rate in bits per pixel, metric value as measured.
CurvePoint = tuple[int, float, float]

# A mean over few of the pictures jumps where one of them ends.
_SMALLEST_SHARE = 0.75


def collect_curves(results: Results, entry: CandidateResult, metric: str) -> dict[str, list[CurvePoint]]:
    """Returns picture -> points by rate; an envelope gives its best strength at every quality.

    Args:
        results: The results of `evaluate`.
        entry: Their reference or one of their candidates.
        metric: Name of a metric.
    """
    found = {}
    for picture in entry.pictures:
        points = [
            (point.quality, point.rate_bpp, value)
            for point in _list_chosen(results, entry, picture, metric)
            if (value := point.metrics[metric]) is not None
        ]
        if points:
            found[picture] = sorted(points, key=lambda point: point[1])
    return found


def _list_chosen(results: Results, entry: CandidateResult, picture: str, metric: str) -> Sequence[FilePoint]:
    result = entry.pictures[picture]
    if not entry.is_envelope:
        return result.points
    edited = {(point.quality, point.strength): point for point in result.points}
    untouched = {point.quality: point for point in results.reference.pictures[picture].points}
    return [
        untouched[quality] if strength == 0 else edited[quality, strength]
        for quality, strength in result.chosen_strengths.get(metric, {}).items()
    ]


def average_curve(by_picture: Mapping[str, Sequence[CurvePoint]]) -> list[CurvePoint]:
    """Averages the points of each quality over pictures: rate (bits per pixel) and metric value."""
    by_quality: dict[int, list[tuple[float, float]]] = {}
    for points in by_picture.values():
        for quality, rate, value in points:
            by_quality.setdefault(quality, []).append((rate, value))
    most = max((len(found) for found in by_quality.values()), default=0)
    means = [
        (quality, float(np.mean([rate for rate, _ in found])), float(np.mean([value for _, value in found])))
        for quality, found in by_quality.items()
        if len(found) == most
    ]
    return sorted(means, key=lambda point: point[1])


def average_size_change(
    reference: Mapping[str, Sequence[CurvePoint]],
    test: Mapping[str, Sequence[CurvePoint]],
    rates: NDArray[np.float64],
    *,
    higher_is_better: bool,
) -> NDArray[np.float64]:
    """Returns the mean change of file size at equal metric, in percent, at each of the reference's `rates`.

    NaN where fewer than three quarters of the pictures have both curves.
    """
    sign = 1.0 if higher_is_better else -1.0
    rows = []
    for picture in reference.keys() & test.keys():
        base = _rates_and_values(reference[picture], sign)
        other = _rates_and_values(test[picture], sign)
        # The reference's metric value at each rate: interpolated between its points, which are dense enough.
        order = np.argsort(base[0])
        log_rates, values = np.log10(np.array(base[0]))[order], np.array(base[1])[order]
        wanted = np.interp(np.log10(rates), log_rates, values, left=np.nan, right=np.nan)
        finite = np.isfinite(wanted)
        row = np.full(rates.shape, np.nan)
        # Both sides through the same interpolant, so that equal curves give exactly 0.
        row[finite] = log_rate_at(other, wanted[finite]) - log_rate_at(base, wanted[finite])
        rows.append(100 * (10**row - 1))
    if not rows:
        return np.full(rates.shape, np.nan)
    table = np.array(rows)
    counts = np.isfinite(table).sum(axis=0)
    totals = np.nansum(table, axis=0)
    enough = counts >= _SMALLEST_SHARE * len(reference)
    mean: NDArray[np.float64] = np.where(enough, totals / np.maximum(counts, 1), np.nan)
    return mean


def _rates_and_values(points: Sequence[CurvePoint], sign: float) -> tuple[list[float], list[float]]:
    return [rate for _, rate, _ in points], [sign * value for _, _, value in points]
