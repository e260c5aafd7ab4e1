"""What `quality` means with tuned tables: the look of plain libjpeg-turbo's, on average.

A family of tables has a quality of its own (`TunedTables` without calibration). Files of quality q, as a user asks for
it, shall have the mean score of plain libjpeg-turbo's at q; `fit_calibration` finds the family's quality for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf.jpeg.tuned_tables import log_scale

# Of a Gaussian over ln(scale) of the tables: rounded entries make the score's curve uneven where neighboring qualities
# differ by few levels; where they differ by much, at the lowest and the highest, nothing is smoothed.
_WIDTH = 0.1
# Qualities that mean themselves: the ends of every scale.
_LOWEST, _HIGHEST = 1.0, 100.0


@dataclass(frozen=True)
class Calibration:
    """Qualities asked for and the family's own qualities that they mean, both ascending."""

    quality: tuple[float, ...]
    at: tuple[float, ...]


def fit_calibration(
    qualities: Sequence[float],
    plain: Sequence[float],
    family: Sequence[float],
    start: Calibration | None = None,
) -> Calibration:
    """Fits the calibration, ascending; from nothing also smooth.

    Args:
        qualities: Qualities at which both were scored, ascending.
        plain: Mean scores of plain files, higher is better.
        family: Mean scores of the family's files at the same qualities.
        start: Calibration that the family's files were made with; None for none. The result replaces it, and corrects
            each quality by itself.

    Raises:
        ValueError: If the scores do not rise with the quality.
    """
    asked = np.asarray(qualities, np.float64)
    wanted, reached = (np.maximum.accumulate(np.asarray(scores, np.float64)) for scores in (plain, family))
    if wanted[-1] <= wanted[0] or reached[-1] <= reached[0]:
        raise ValueError("expected mean scores that rise with the quality")
    rising = np.concatenate([[True], np.diff(reached) > 0])
    meant = np.interp(wanted, reached[rising], asked[rising])
    inside = (wanted >= reached[0]) & (wanted <= reached[-1])
    shifts = (meant - asked)[inside] if inside.any() else np.zeros(1)
    below = wanted < reached[0]
    meant[below] = asked[below] + min(0.0, shifts[0])  # as far off as at the nearest score that was reached
    # Where the family's score is highest before its end, as carriers' is at the finest steps, more bits give nothing.
    is_limited = not rising[-1]
    if not is_limited:
        meant[wanted > reached[-1]] = asked[wanted > reached[-1]] + max(0.0, shifts[-1])
    if start is not None:
        meant = np.interp(meant, start.quality, start.at)
    highest = float(meant[-1]) if is_limited else _HIGHEST
    if start is None:
        meant = asked + _smooth(asked, meant - asked)
    at = np.clip(np.maximum.accumulate(meant), _LOWEST, highest)
    ends = [(_LOWEST, min(_LOWEST, float(at[0])))] if asked[0] > _LOWEST else []
    pairs = [*ends, *zip(asked.tolist(), np.round(at, 2).tolist(), strict=True)]
    if asked[-1] < _HIGHEST:
        pairs.append((_HIGHEST, round(highest, 2)))
    return Calibration(tuple(quality for quality, _ in pairs), tuple(meant for _, meant in pairs))


def _smooth(qualities: NDArray[np.float64], shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Local straight lines, so that a straight line stays one."""
    positions = log_scale(qualities)
    smooth = np.empty_like(shifts)
    for i, position in enumerate(positions):
        weights = np.exp(-0.5 * ((positions - position) / _WIDTH) ** 2)
        near = weights > 1e-6
        degree = min(1, int(near.sum()) - 1)
        line = np.polyfit(positions[near] - position, shifts[near], degree, w=np.sqrt(weights[near]))
        smooth[i] = line[-1]
    return smooth
