"""One candidate over all pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jpegpre_tf.evaluation.results.picture_result import FilePoint, PictureResult
from jpegpre_tf.evaluation.results.summary import Summary


@dataclass(frozen=True)
class FilterRecord:
    """A filter as it was run.

    Attributes:
        name: One of `filter_names()`.
        library: Name and version of the library that does the work.
        parameters: Strength -> the library's own parameters, readable by a person.
    """

    name: str
    library: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class CandidateResult:
    """What was run, and what it reached; the reference is one too.

    Attributes:
        key: Unique within an evaluation.
        label: What a report calls it.
        kind: "reference", "profile", "tables", "filter" or "encoder".
        encoder: `name`, `version` and `flags` of the encoder that wrote the files.
        strengths: Strengths that were run, increasing.
        is_envelope: Whether the best of several strengths counts.
        path: How a model's decisions reached the files; None for all that is no model, and in old results.
        model: Hashes of a model's files and of the code that ran it; empty for all that is no model.
        filter: The filter, None where there is none.
        bd_rate: Metric -> range -> summary, None where no picture has a value; empty for the reference.
        pictures: Picture name -> what was reached on it.
    """

    key: str
    label: str
    kind: str
    encoder: Mapping[str, str]
    strengths: tuple[float, ...]
    is_envelope: bool
    path: str | None = None
    model: Mapping[str, str] = field(default_factory=dict)
    filter: FilterRecord | None = None
    bd_rate: Mapping[str, Mapping[str, Summary | None]] = field(default_factory=dict)
    pictures: Mapping[str, PictureResult] = field(default_factory=dict)

    def percent(self, picture: str, metric: str, range_name: str) -> float | None:
        """Returns the BD-rate on one picture; None if there is none."""
        result = self.pictures.get(picture)
        return result.bd_rate.get(metric, {}).get(range_name) if result else None

    def to_json(self) -> dict[str, object]:
        """Plain types, as stored in results.json."""
        content: dict[str, object] = {
            "key": self.key,
            "label": self.label,
            "kind": self.kind,
            "encoder": dict(self.encoder),
            "strengths": list(self.strengths),
            "envelope": self.is_envelope,
        }
        if self.model:
            content |= {"path": self.path, "model": dict(self.model)}
        if self.filter:
            parameters = dict(self.filter.parameters)
            content["filter"] = {
                "name": self.filter.name,
                "library": self.filter.library,
                "parameters": parameters,
            }
        pictures = self.pictures
        if self.kind != "reference":
            content["bd_rate"] = {
                metric: {name: summary and summary.to_json() for name, summary in ranges.items()}
                for metric, ranges in self.bd_rate.items()
            }
            content["bd_rate_by_picture"] = {
                name: {metric: dict(ranges) for metric, ranges in result.bd_rate.items()}
                for name, result in pictures.items()
                if result.bd_rate
            }
        if self.is_envelope:
            content["chosen_strengths"] = {
                name: {
                    metric: {str(quality): strength for quality, strength in strengths.items()}
                    for metric, strengths in result.chosen_strengths.items()
                }
                for name, result in pictures.items()
                if result.chosen_strengths
            }
        points = {name: [point.to_json() for point in result.points] for name, result in pictures.items()}
        return content | {"points": points}

    @classmethod
    def from_json(cls, content: object) -> "CandidateResult":
        """Reads what `to_json` gave."""
        fields: Any = content
        chosen = fields.get("chosen_strengths", {})
        by_picture = fields.get("bd_rate_by_picture", {})
        pictures = {
            name: PictureResult(
                tuple(FilePoint.from_json(point) for point in points),
                by_picture.get(name, {}),
                {
                    metric: {int(quality): strength for quality, strength in strengths.items()}
                    for metric, strengths in chosen.get(name, {}).items()
                },
            )
            for name, points in fields["points"].items()
        }
        return cls(
            key=fields["key"],
            label=fields["label"],
            kind=fields["kind"],
            encoder=fields["encoder"],
            strengths=tuple(fields["strengths"]),
            is_envelope=fields["envelope"],
            path=fields.get("path"),
            model=fields.get("model", {}),
            filter=FilterRecord(**fields["filter"]) if "filter" in fields else None,
            bd_rate={
                metric: {name: summary and Summary.from_json(summary) for name, summary in ranges.items()}
                for metric, ranges in fields.get("bd_rate", {}).items()
            },
            pictures=pictures,
        )
