"""Everything that an evaluation found out.

As results.json (schema 2; schema 1 is read too), one object:
    schema, jpegpre_tf, started, seconds, points_measured, points_from_cache
    inputs: names of the folders and files given
    pictures: [{name, width, height, sha256 of size and RGB samples}]
    qualities, ranges: [{low_bpp, high_bpp, name}], the headline range first
    metrics: [{name, label, unit, higher_is_better, version}]
    reference: {key, label, kind, encoder: {name, version, flags}, strengths, envelope, points}
    candidates: [as reference, and
        path and model: {file -> sha256}, or filter: {name, library, parameters: {strength -> text}}
        bd_rate: {metric -> {range -> summary or null}}; a summary is {mean, interval: [low, high], win_rate,
            best, best_picture, worst, worst_picture, pictures, missing, coverage}, rates in percent, negative
            is smaller (see summary.py)
        bd_rate_by_picture: {picture -> {metric -> {range -> percent or null}}}
        chosen_strengths: {picture -> {metric -> {quality -> strength}}}, envelopes only
        points: {picture -> [{quality, strength, size_bytes, rate_bpp, metrics: {name -> value or null}}]}]
    failures: [{picture, candidate or null, error}]
"""

from dataclasses import asdict, dataclass

from jpegpre_tf.evaluation.bd_rate import Range
from jpegpre_tf.evaluation.results.candidate_result import CandidateResult

SCHEMA = 2
_READABLE = (1, 2)


@dataclass(frozen=True)
class PictureRecord:
    """A picture that was evaluated: its name, its size in pixels, and the sha256 of size and RGB samples."""

    name: str
    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class MetricRecord:
    """A metric as it was run; attributes as of `Metric`, with its `version`."""

    name: str
    label: str
    unit: str
    higher_is_better: bool
    version: str


@dataclass(frozen=True)
class Failure:
    """Something that could not be measured.

    Attributes:
        picture: Name of the picture.
        candidate: Key of the candidate; None if the picture itself cannot be read.
        error: One line.
    """

    picture: str
    candidate: str | None
    error: str


@dataclass(frozen=True)
class Results:
    """What an evaluation returns.

    Attributes:
        package_version: Version of jpegpre_tf.
        started: Start, ISO 8601 with time zone.
        seconds: Duration.
        points_measured, points_from_cache: How many files were measured, and how many were known.
        inputs: Names of the folders and files given.
        pictures: Pictures that could be read.
        qualities: Qualities of every curve.
        ranges: Ranges of the reference's rates, the headline range first.
        metrics: Metrics in the usual order.
        reference: The untouched pictures through the reference encoder.
        candidates: What was compared with it; a report is about the first one.
        failures: What is left out, and why.
    """

    package_version: str
    started: str
    seconds: float
    points_measured: int
    points_from_cache: int
    inputs: tuple[str, ...]
    pictures: tuple[PictureRecord, ...]
    qualities: tuple[int, ...]
    ranges: tuple[Range, ...]
    metrics: tuple[MetricRecord, ...]
    reference: CandidateResult
    candidates: tuple[CandidateResult, ...]
    failures: tuple[Failure, ...]

    @property
    def headline(self) -> str:
        """Name of the headline range."""
        return self.ranges[0].name

    def to_json(self) -> dict[str, object]:
        """Plain types, as stored in results.json."""
        return {
            "schema": SCHEMA,
            "jpegpre_tf": self.package_version,
            "started": self.started,
            "seconds": self.seconds,
            "points_measured": self.points_measured,
            "points_from_cache": self.points_from_cache,
            "inputs": list(self.inputs),
            "pictures": [asdict(picture) for picture in self.pictures],
            "qualities": list(self.qualities),
            "ranges": [asdict(limits) | {"name": limits.name} for limits in self.ranges],
            "metrics": [asdict(metric) for metric in self.metrics],
            "reference": self.reference.to_json(),
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "failures": [asdict(failure) for failure in self.failures],
        }

    @classmethod
    def from_json(cls, content: object) -> "Results":
        """Reads what `to_json` gave, of this schema or an earlier one.

        Raises:
            ValueError: If it is something else.
        """
        if not isinstance(content, dict) or content.get("schema") not in _READABLE:
            raise ValueError(f'expected an object with "schema": one of {_READABLE}')
        try:
            return cls(
                package_version=content["jpegpre_tf"],
                started=content["started"],
                seconds=content["seconds"],
                points_measured=content["points_measured"],
                points_from_cache=content["points_from_cache"],
                inputs=tuple(content["inputs"]),
                pictures=tuple(PictureRecord(**picture) for picture in content["pictures"]),
                qualities=tuple(content["qualities"]),
                ranges=tuple(Range(limits["low_bpp"], limits["high_bpp"]) for limits in content["ranges"]),
                metrics=tuple(MetricRecord(**metric) for metric in content["metrics"]),
                reference=CandidateResult.from_json(content["reference"]),
                candidates=tuple(CandidateResult.from_json(entry) for entry in content["candidates"]),
                failures=tuple(Failure(**failure) for failure in content["failures"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"expected the results of an evaluation ({error!r})") from error
