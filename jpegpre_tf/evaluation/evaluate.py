"""The evaluation protocol, from folder to results."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jpegpre_tf._version import __version__
from jpegpre_tf.errors import PictureError, UsageError
from jpegpre_tf.evaluation.bd_rate import RANGES, BDRate, Range, bd_rates
from jpegpre_tf.evaluation.cache import Point, default_cache
from jpegpre_tf.evaluation.candidates import Candidate, reference
from jpegpre_tf.evaluation.envelope import best_strengths
from jpegpre_tf.evaluation.metrics import Metric, get_metrics
from jpegpre_tf.evaluation.pictures import PictureFile, describe_picture, find_pictures
from jpegpre_tf.evaluation.runner import Failure, Measurements, run_measurements
from jpegpre_tf.evaluation.statistics import summarise

# DESIGN: about 0.2 to 2.5 bits per pixel on photos.
QUALITIES = (8, 12, 16, 22, 30, 40, 50, 60, 70, 78, 84, 90)
SCHEMA = 1


@dataclass(frozen=True)
class EvaluationConfig:
    """What to evaluate.

    Attributes:
        inputs: Picture files and folders of them.
        candidates: Rows to compare with the reference.
        metrics: Names, or "core", "all".
        qualities: 1..100; at least 4, for the interpolation.
        ranges: Of the reference's rates, the headline first.
        cache: Folder of measured points.
        jobs: Worker processes, >= 1.
        limit: Only the first so many pictures; None for all.

    Raises:
        UsageError: If a value does not fit.
    """

    inputs: tuple[Path, ...]
    candidates: tuple[Candidate, ...]
    metrics: tuple[str, ...] = ("core",)
    qualities: tuple[int, ...] = QUALITIES
    ranges: tuple[Range, ...] = RANGES
    cache: Path = field(default_factory=default_cache)
    jobs: int = 1
    limit: int | None = None

    def __post_init__(self) -> None:
        if len(set(self.qualities)) < 4 or not all(1 <= quality <= 100 for quality in self.qualities):
            raise UsageError(
                f"qualities must be at least 4 different numbers in 1..100: {list(self.qualities)}"
            )
        if self.jobs < 1:
            raise UsageError(f"jobs must be at least 1: {self.jobs}")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit must be at least 1: {self.limit}")
        keys = [candidate.key for candidate in self.candidates]
        if len(set(keys)) < len(keys):
            raise UsageError(
                f"the same candidate twice: {', '.join(sorted(k for k in set(keys) if keys.count(k) > 1))}"
            )


def evaluate(
    config: EvaluationConfig, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Runs the protocol and returns the content of results.json (its schema: docs in `results.py`)."""
    started = datetime.datetime.now(datetime.UTC)
    metrics = get_metrics(config.metrics)
    versions = {metric.name: metric.version() for metric in metrics}
    pictures, failures = _read_all(config)
    plain = reference()
    measured = run_measurements(
        pictures,
        [plain, *config.candidates],
        config.qualities,
        versions,
        cache=config.cache,
        jobs=config.jobs,
        progress=progress,
    )
    failures += measured.failures
    return {
        "schema": SCHEMA,
        "jpegpre_tf": __version__,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.datetime.now(datetime.UTC) - started).total_seconds(), 2),
        "points_measured": measured.measured,
        "points_from_cache": measured.from_cache,
        "inputs": [path.name for path in config.inputs],
        "pictures": [
            {"name": p.name, "width": p.width, "height": p.height, "sha256": p.sha256} for p in pictures
        ],
        "qualities": list(config.qualities),
        "ranges": [asdict(limits) | {"name": limits.name} for limits in config.ranges],
        "metrics": [
            {
                "name": metric.name,
                "label": metric.label,
                "unit": metric.unit,
                "higher_is_better": metric.higher_is_better,
                "version": versions[metric.name],
            }
            for metric in metrics
        ],
        "reference": plain.describe() | {"points": _points(plain, pictures, measured)},
        "candidates": [
            _candidate(c, plain, pictures, metrics, config.ranges, measured) for c in config.candidates
        ],
        "failures": [asdict(failure) for failure in failures],
    }


def _read_all(config: EvaluationConfig) -> tuple[list[PictureFile], list[Failure]]:
    pictures = []
    failures = []
    for name, path in list(find_pictures(config.inputs).items())[: config.limit]:
        try:
            pictures.append(describe_picture(name, path))
        except PictureError as error:
            failures.append(Failure(name, None, " ".join(str(error).split())))
    return pictures, failures


def _candidate(
    candidate: Candidate,
    plain: Candidate,
    pictures: Sequence[PictureFile],
    metrics: Sequence[Metric],
    ranges: Sequence[Range],
    measured: Measurements,
) -> dict[str, Any]:
    """The entry of one candidate: what it is, its summaries, each picture's BD-rates, its points."""
    summaries: dict[str, dict[str, Any]] = {}
    by_picture: dict[str, dict[str, dict[str, float | None]]] = {}
    chosen: dict[str, dict[str, dict[str, float]]] = {}
    for metric in metrics:
        results: dict[str, dict[str, BDRate]] = {limits.name: {} for limits in ranges}
        for picture in pictures:
            points = measured.points.get(picture.name, {})
            if not points.get(plain.key) or not points.get(candidate.key):
                continue
            base = _curve(points[plain.key], metric, picture)
            if candidate.is_envelope:
                strengths = _envelope(points[plain.key], points[candidate.key], metric, picture)
                test = (
                    [rate for _, (rate, _) in strengths.values()],
                    [value for _, (_, value) in strengths.values()],
                )
                chosen.setdefault(picture.name, {})[metric.name] = {
                    str(q): s for q, (s, _) in strengths.items()
                }
            else:
                test = _curve(points[candidate.key], metric, picture)
            for limits, result in zip(ranges, bd_rates(base, test, ranges), strict=True):
                results[limits.name][picture.name] = result
        summaries[metric.name] = {}
        for limits in ranges:
            summary = summarise(results[limits.name])
            summaries[metric.name][limits.name] = summary.as_json() if summary else None
            for name, result in results[limits.name].items():
                by_picture.setdefault(name, {}).setdefault(metric.name, {})[limits.name] = result.percent
    entry = candidate.describe() | {"bd_rate": summaries, "bd_rate_by_picture": by_picture}
    if candidate.is_envelope:
        entry["chosen_strengths"] = chosen
    return entry | {"points": _points(candidate, pictures, measured)}


def _rd_point(point: Point, metric: Metric, picture: PictureFile) -> tuple[float, float] | None:
    """Rate in bits per pixel and value with higher is better."""
    value = point.metrics[metric.name]
    if value is None:
        return None
    return 8 * point.size_bytes / (
        picture.width * picture.height
    ), value if metric.higher_is_better else -value


def _curve(
    points: dict[tuple[int, float], Point], metric: Metric, picture: PictureFile
) -> tuple[list[float], list[float]]:
    found = [rd for point in points.values() if (rd := _rd_point(point, metric, picture)) is not None]
    return [rate for rate, _ in found], [value for _, value in found]


def _envelope(
    plain: dict[tuple[int, float], Point],
    points: dict[tuple[int, float], Point],
    metric: Metric,
    picture: PictureFile,
) -> dict[int, tuple[float, tuple[float, float]]]:
    untouched = {
        quality: rd
        for (quality, _), point in plain.items()
        if (rd := _rd_point(point, metric, picture)) is not None
    }
    by_quality: dict[int, dict[float, tuple[float, float]]] = {
        quality: {0.0: rd} for quality, rd in untouched.items()
    }
    for (quality, strength), point in points.items():
        rd = _rd_point(point, metric, picture)
        if rd is not None and quality in by_quality:
            by_quality[quality][strength] = rd
    return best_strengths(list(untouched.values()), by_quality)


def _points(
    candidate: Candidate, pictures: Sequence[PictureFile], measured: Measurements
) -> dict[str, list[dict[str, Any]]]:
    """Picture name -> measured files, by strength and quality."""
    result = {}
    for picture in pictures:
        points = measured.points.get(picture.name, {}).get(candidate.key, {})
        result[picture.name] = [
            {
                "quality": quality,
                "strength": strength,
                "size_bytes": point.size_bytes,
                "rate_bpp": round(8 * point.size_bytes / (picture.width * picture.height), 6),
                "metrics": point.metrics,
            }
            for (quality, strength), point in sorted(
                points.items(), key=lambda item: (item[0][1], item[0][0])
            )
        ]
    return result
