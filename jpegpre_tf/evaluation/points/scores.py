"""Score and rate of each picture at each quality."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf.errors import PictureError
from jpegpre_tf.evaluation.candidates import Candidate
from jpegpre_tf.evaluation.metrics import get_metrics
from jpegpre_tf.evaluation.pictures import PictureFile
from jpegpre_tf.evaluation.points.operating_point import OperatingPoint
from jpegpre_tf.evaluation.points.runner import measure_points


class Scores(NamedTuple):
    """Of a candidate's files.

    Attributes:
        scores: float64 (pictures, qualities), of one metric.
        rates_bpp: float64 (pictures, qualities).
    """

    scores: NDArray[np.float64]
    rates_bpp: NDArray[np.float64]


def measure_scores(
    pictures: Sequence[PictureFile],
    candidates: Sequence[Candidate],
    qualities: Sequence[int],
    metric: str,
    *,
    cache: Path,
    jobs: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Scores]:
    """Scores and rates of each candidate, in their order.

    Args:
        pictures: Pictures to score.
        candidates: Candidates with one strength each.
        qualities: Qualities, 1..100.
        metric: Name of a metric.
        cache: Folder of the cache.
        jobs: Processes, >= 1.
        progress: Called with points done and points in total.

    Raises:
        PictureError: If a picture fails, or has no score.
    """
    (chosen,) = get_metrics([metric])
    versions = {chosen.name: chosen.version()}
    measured = measure_points(
        pictures, candidates, qualities, versions, cache=cache, jobs=jobs, progress=progress
    )
    if measured.failures:
        raise PictureError(f"{measured.failures[0].picture}: {measured.failures[0].error}")
    found = []
    for candidate in candidates:
        ats = [OperatingPoint(quality, candidate.strengths[0]) for quality in qualities]
        points = [[measured.points[picture.name][candidate.key][at] for at in ats] for picture in pictures]
        scores = [[point.metrics[chosen.name] for point in row] for row in points]
        if any(score is None for row in scores for score in row):
            raise PictureError(f"some pictures have no {chosen.label}: they are too small")
        pixels = np.array([[picture.width * picture.height] for picture in pictures])
        size_bytes = np.array([[point.size_bytes for point in row] for row in points])
        found.append(Scores(np.array(scores, np.float64), 8 * size_bytes / pixels))
    return found
