"""One candidate on one picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FilePoint:
    """One measured file.

    Attributes:
        quality: 1..100, on the encoder's own scale.
        strength: 0..1.
        size_bytes: Size of the whole file.
        rate_bpp: Bits of the whole file per pixel.
        metrics: Metric name -> value; None where a metric is not defined for the picture.
    """

    quality: int
    strength: float
    size_bytes: int
    rate_bpp: float
    metrics: Mapping[str, float | None]

    def to_json(self) -> dict[str, object]:
        """Plain types, as stored in results.json."""
        return {
            "quality": self.quality,
            "strength": self.strength,
            "size_bytes": self.size_bytes,
            "rate_bpp": self.rate_bpp,
            "metrics": dict(self.metrics),
        }

    @classmethod
    def from_json(cls, content: object) -> "FilePoint":
        """Reads what `to_json` gave."""
        fields: Any = content
        names = ("quality", "strength", "size_bytes", "rate_bpp", "metrics")
        return cls(**{name: fields[name] for name in names})


@dataclass(frozen=True)
class PictureResult:
    """What a candidate reached on one picture.

    Attributes:
        points: Measured files by strength and quality.
        bd_rate: Metric -> range -> BD-rate in percent, None where there is none; empty for the reference.
        chosen_strengths: Metric -> quality -> best strength; empty where there is one strength.
    """

    points: tuple[FilePoint, ...] = ()
    bd_rate: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    chosen_strengths: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
