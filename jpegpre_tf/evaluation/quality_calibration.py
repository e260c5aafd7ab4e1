"""What `quality` means with tuned tables: the look of plain libjpeg-turbo's, on average.

A family of tables has a quality of its own (`TunedTables` without calibration). Files of quality q, as a user asks for
it, shall have the score of plain libjpeg-turbo's at q; `fit_calibration` finds the family's quality for that. Pictures
differ: single ones score ten points more or less than the others. So a fit takes the trimmed mean over pictures, which
a few of them cannot move.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jpegpre_tf.jpeg.tuned_tables import log_scale

# Of a Gaussian over ln(scale) of the tables: rounded entries make the score's curve uneven where neighboring qualities
# differ by few levels; where they differ by much, at the lowest and the highest, nothing is smoothed.
_WIDTH = 0.1
# Share of the pictures left out at either end, where the family is farthest behind plain files and farthest ahead.
TRIMMED = 0.2
# Qualities between those that were scored at which scores are looked up, for each of them.
_LOOKUPS = 20
# Qualities that mean themselves: the ends of every scale.
_LOWEST, _HIGHEST = 1.0, 100.0


@dataclass(frozen=True)
class Calibration:
    """Qualities asked for and the family's own qualities that they mean, both ascending."""

    quality: tuple[float, ...]
    at: tuple[float, ...]


def trimmed_mean(values: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
    """Mean over an axis without the lowest and the highest `TRIMMED` of the values."""
    ordered = np.moveaxis(np.sort(np.asarray(values, np.float64), axis), axis, 0)
    left_out = int(TRIMMED * len(ordered))
    return np.asarray(ordered[left_out : len(ordered) - left_out].mean(0))


def fit_calibration(
    qualities: Sequence[float],
    plain: ArrayLike,
    family: ArrayLike,
    start: Calibration | None = None,
) -> Calibration:
    """Fits the calibration, ascending and smooth.

    Args:
        qualities: Qualities at which both were scored, ascending.
        plain: Scores of plain files, (pictures, qualities), higher is better.
        family: Scores of the family's files of the same pictures at the same qualities.
        start: Calibration that the family's files were made with; None for none. The result replaces it.

    Raises:
        ValueError: If the mean scores do not rise with the quality.
    """
    asked = np.asarray(qualities, np.float64)
    wanted, reached = (np.asarray(scores, np.float64) for scores in (plain, family))
    if any(scores.mean(0).max() <= scores.mean(0)[0] for scores in (wanted, reached)):
        raise ValueError("expected mean scores that rise with the quality")
    best = np.maximum.accumulate(trimmed_mean(reached))
    # Where the family's score is highest before its end, as carriers' is at the finest steps, more bits give nothing.
    is_limited = bool(best[-1] == best[-2])
    nodes = np.arange(len(asked))
    found = np.interp(np.linspace(0, nodes[-1], _LOOKUPS * nodes[-1] + 1), nodes, asked)
    looked_up = np.array([np.interp(found, asked, scores) for scores in reached])
    meant = np.empty_like(asked)
    below, above = np.zeros((2, len(asked)), bool)
    for node in nodes:
        ahead = np.maximum.accumulate(trimmed_mean(looked_up - wanted[:, node, np.newaxis]))
        rising = np.concatenate([[True], np.diff(ahead) > 0])
        meant[node] = np.interp(0, ahead[rising], found[rising])
        below[node], above[node] = ahead[0] > 0, ahead[-1] < 0 and not is_limited
    shifts = (meant - asked)[~below & ~above]
    # As far off as at the nearest score that was reached.
    first, last = (shifts[0], shifts[-1]) if len(shifts) else (0.0, 0.0)
    meant = np.where(below, asked + min(0.0, first), np.where(above, asked + max(0.0, last), meant))
    if start is not None:
        meant = np.interp(meant, start.quality, start.at)
    highest = float(meant[-1]) if is_limited else _HIGHEST
    smooth = asked + _smooth(asked, meant - asked)
    at = np.clip(np.maximum.accumulate(smooth), _LOWEST, highest)
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
