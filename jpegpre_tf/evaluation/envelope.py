"""Best strength at each quality: the most favorable fair measurement of a filter with a strength to choose.

At every quality, and for each metric on its own, the strength is taken whose point lies furthest left of
the reference's curve (smallest file for the metric value it reached). "Untouched" is always one of the
choices. An oracle: whoever uses the filter does not know the best strength beforehand. For the choice only,
the reference's curve is continued straight beyond its ends: at the lowest quality every filter falls below
it, and would otherwise never be chosen there.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from jpegpre_tf.evaluation.bd_rate import log_rate_at

# (rate in bits per pixel, metric value with higher is better)
RDPoint = tuple[float, float]


def choose_strengths(
    reference: Sequence[RDPoint], by_quality: Mapping[int, Mapping[float, RDPoint]]
) -> dict[int, tuple[float, RDPoint]]:
    """Chooses a strength for every quality.

    Args:
        reference: The reference's points.
        by_quality: Quality -> strength -> point. Must hold strength 0 for every quality; it is taken where no
            other point can be compared with the reference.

    Returns:
        Quality -> chosen strength and its point.
    """
    curve = ([rate for rate, _ in reference], [value for _, value in reference])
    chosen = {}
    for quality, by_strength in by_quality.items():
        strengths = sorted(by_strength)
        points = [by_strength[strength] for strength in strengths]
        plain = log_rate_at(curve, [value for _, value in points], extrapolate=True)
        gains = np.log10([rate for rate, _ in points]) - plain
        # Strength 0 lies on the reference's curve: 0 by definition, also where rounding or a
        # non-monotone metric would say otherwise.
        gains[0] = 0.0
        best = int(np.nanargmin(gains))
        chosen[quality] = (strengths[best], points[best])
    return chosen
