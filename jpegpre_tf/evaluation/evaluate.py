"""The evaluation protocol, from folder to results."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jpegpre_tf._version import __version__
from jpegpre_tf.errors import PictureError, UsageError
from jpegpre_tf.evaluation.bd_rate import RANGES, BDRate, Range, bd_rates
from jpegpre_tf.evaluation.cache import Point, default_cache
from jpegpre_tf.evaluation.candidates import REFERENCE_ENCODER, Candidate, reference
from jpegpre_tf.evaluation.envelope import RDPoint, choose_strengths
from jpegpre_tf.evaluation.metrics import Metric, get_metrics
from jpegpre_tf.evaluation.pictures import PictureFile, describe_picture, find_pictures
from jpegpre_tf.evaluation.points.operating_point import OperatingPoint
from jpegpre_tf.evaluation.points.runner import MeasuredPoints, measure_points
from jpegpre_tf.evaluation.reading import Reading
from jpegpre_tf.evaluation.results import (
    CandidateResult,
    Failure,
    FilePoint,
    FilterRecord,
    MetricRecord,
    PictureRecord,
    PictureResult,
    Results,
    Summary,
    summarize,
)
from jpegpre_tf.filters import get_filter

# DESIGN: about 0.2 to 2.5 bits per pixel on photos.
QUALITIES = (8, 12, 16, 22, 30, 40, 50, 60, 70, 78, 84, 90)


@dataclass(frozen=True)
class EvaluationConfig:
    """What to evaluate.

    Attributes:
        inputs: Picture files and folders of them.
        candidates: Rows to compare with the reference.
        metrics: Names, or "core", "all".
        qualities: 1..100; at least 4, for the interpolation.
        ranges: Ranges of the reference's rates, the headline first.
        cache: Folder of measured points.
        jobs: Worker processes, >= 1.
        limit: Only the first so many pictures; None for all.
        reading: How the pictures are read.
        reference_encoder: The encoder that is compared with, on untouched pixels.

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
    reading: Reading = field(default_factory=Reading)
    reference_encoder: str = REFERENCE_ENCODER

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
) -> Results:
    """Runs the protocol."""
    started = datetime.datetime.now(datetime.UTC)
    metrics = get_metrics(config.metrics)
    versions = {metric.name: metric.version() for metric in metrics}
    pictures, failures = _read_all(config)
    plain = reference(config.reference_encoder)
    measured = measure_points(
        pictures,
        [plain, *config.candidates],
        config.qualities,
        versions,
        cache=config.cache,
        jobs=config.jobs,
        progress=progress,
    )
    return Results(
        package_version=__version__,
        started=started.isoformat(timespec="seconds"),
        seconds=round((datetime.datetime.now(datetime.UTC) - started).total_seconds(), 2),
        points_measured=measured.measured,
        points_from_cache=measured.from_cache,
        inputs=tuple(path.name for path in config.inputs),
        pictures=tuple(PictureRecord(p.name, p.width, p.height, p.sha256) for p in pictures),
        qualities=config.qualities,
        ranges=config.ranges,
        metrics=tuple(
            MetricRecord(
                metric.name, metric.label, metric.unit, metric.higher_is_better, versions[metric.name]
            )
            for metric in metrics
        ),
        reference=_describe(
            plain, {}, {p.name: PictureResult(_list_points(plain, p, measured)) for p in pictures}
        ),
        candidates=tuple(
            _compare(c, plain, pictures, metrics, config.ranges, measured) for c in config.candidates
        ),
        failures=(*failures, *measured.failures),
    )


def _read_all(config: EvaluationConfig) -> tuple[list[PictureFile], list[Failure]]:
    pictures = []
    failures: list[Failure] = []

    def note(error: OSError) -> None:
        failures.append(Failure(str(error.filename), None, f"cannot read folder: {error.strerror or error}"))

    for name, path in list(find_pictures(config.inputs, note).items())[: config.limit]:
        try:
            pictures.append(describe_picture(name, path, config.reading))
        except PictureError as error:
            failures.append(Failure(name, None, " ".join(str(error).split())))
    return pictures, failures


def _compare(
    candidate: Candidate,
    plain: Candidate,
    pictures: Sequence[PictureFile],
    metrics: Sequence[Metric],
    ranges: Sequence[Range],
    measured: MeasuredPoints,
) -> CandidateResult:
    """What a candidate is, its summaries, each picture's BD-rates and points."""
    summaries: dict[str, dict[str, Summary | None]] = {}
    by_picture: dict[str, dict[str, dict[str, float | None]]] = {}
    strengths: dict[str, dict[str, dict[int, float]]] = {}
    for metric in metrics:
        rates: dict[str, dict[str, BDRate]] = {limits.name: {} for limits in ranges}
        for picture in pictures:
            points = measured.points.get(picture.name, {})
            if not points.get(plain.key) or not points.get(candidate.key):
                continue
            base = _to_curve(points[plain.key], metric, picture)
            test = _to_curve(points[candidate.key], metric, picture)
            if candidate.is_envelope:
                chosen = _choose_strengths(points[plain.key], points[candidate.key], metric, picture)
                test = (
                    [rate for _, (rate, _) in chosen.values()],
                    [value for _, (_, value) in chosen.values()],
                )
                strengths.setdefault(picture.name, {})[metric.name] = {q: s for q, (s, _) in chosen.items()}
            for limits, rate in zip(ranges, bd_rates(base, test, ranges), strict=True):
                rates[limits.name][picture.name] = rate
                found = by_picture.setdefault(picture.name, {}).setdefault(metric.name, {})
                found[limits.name] = rate.percent
        summaries[metric.name] = {name: summarize(found) for name, found in rates.items()}
    return _describe(
        candidate,
        summaries,
        {
            p.name: PictureResult(
                _list_points(candidate, p, measured), by_picture.get(p.name, {}), strengths.get(p.name, {})
            )
            for p in pictures
        },
    )


def _describe(
    candidate: Candidate,
    bd_rate: Mapping[str, Mapping[str, Summary | None]],
    pictures: Mapping[str, PictureResult],
) -> CandidateResult:
    """Returns a result that says what was run."""
    record = None
    if not candidate.has_model and candidate.source != "identity":
        chosen = get_filter(candidate.source)
        parameters = {str(strength): chosen.describe(strength) for strength in candidate.strengths}
        record = FilterRecord(chosen.name, chosen.library(), parameters)
    return CandidateResult(
        key=candidate.key,
        label=candidate.label,
        kind=candidate.kind,
        encoder=candidate.encoder_identity(),
        strengths=candidate.strengths,
        is_envelope=candidate.is_envelope,
        path=candidate.path if candidate.has_model else None,
        model=candidate.preprocessor_identity() if candidate.has_model else {},
        filter=record,
        bd_rate=bd_rate,
        pictures=pictures,
    )


def _to_rd_point(point: Point, metric: Metric, picture: PictureFile) -> RDPoint | None:
    """Rate in bits per pixel and value with higher is better."""
    value = point.metrics[metric.name]
    if value is None:
        return None
    rate_bpp = 8 * point.size_bytes / (picture.width * picture.height)
    return rate_bpp, value if metric.higher_is_better else -value


def _to_curve(
    points: Mapping[OperatingPoint, Point], metric: Metric, picture: PictureFile
) -> tuple[list[float], list[float]]:
    found = [rd for point in points.values() if (rd := _to_rd_point(point, metric, picture)) is not None]
    return [rate for rate, _ in found], [value for _, value in found]


def _choose_strengths(
    plain: Mapping[OperatingPoint, Point],
    points: Mapping[OperatingPoint, Point],
    metric: Metric,
    picture: PictureFile,
) -> dict[int, tuple[float, RDPoint]]:
    untouched = {
        at.quality: rd
        for at, point in plain.items()
        if (rd := _to_rd_point(point, metric, picture)) is not None
    }
    by_quality: dict[int, dict[float, RDPoint]] = {quality: {0.0: rd} for quality, rd in untouched.items()}
    for at, point in points.items():
        rd = _to_rd_point(point, metric, picture)
        if rd is not None and at.quality in by_quality:
            by_quality[at.quality][at.strength] = rd
    return choose_strengths(list(untouched.values()), by_quality)


def _list_points(
    candidate: Candidate, picture: PictureFile, measured: MeasuredPoints
) -> tuple[FilePoint, ...]:
    """Measured files by strength and quality."""
    points = measured.points.get(picture.name, {}).get(candidate.key, {})
    pixels = picture.width * picture.height
    return tuple(
        FilePoint(
            at.quality,
            at.strength,
            point.size_bytes,
            round(8 * point.size_bytes / pixels, 6),
            point.metrics,
        )
        for at, point in sorted(points.items(), key=lambda item: (item[0].strength, item[0].quality))
    )
