"""Mean score and mean rate of a candidate at each quality, over pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from jpegpre_tf.errors import PictureError
from jpegpre_tf.evaluation.candidates import Candidate
from jpegpre_tf.evaluation.metrics import get_metrics
from jpegpre_tf.evaluation.pictures import PictureFile
from jpegpre_tf.evaluation.points.operating_point import OperatingPoint
from jpegpre_tf.evaluation.points.runner import measure_points


def measure_mean_scores(
    pictures: Sequence[PictureFile],
    candidates: Sequence[Candidate],
    qualities: Sequence[int],
    metric: str,
    *,
    cache: Path,
    jobs: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[int, tuple[float, float]]]:
    """Returns for each candidate: quality -> mean score and mean bits per pixel.

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
    means = []
    for candidate in candidates:
        by_quality = {}
        for quality in qualities:
            at = OperatingPoint(quality, candidate.strengths[0])
            points = [measured.points[picture.name][candidate.key][at] for picture in pictures]
            scores = [value for point in points if (value := point.metrics[chosen.name]) is not None]
            if len(scores) < len(points):
                raise PictureError(f"some pictures have no {chosen.label}: they are too small")
            rates = [8 * p.size_bytes / (f.width * f.height) for p, f in zip(points, pictures, strict=True)]
            by_quality[quality] = (float(np.mean(scores)), float(np.mean(rates)))
        means.append(by_quality)
    return means
