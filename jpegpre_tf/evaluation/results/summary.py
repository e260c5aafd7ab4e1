"""Summary of BD-rates over pictures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jpegpre_tf.evaluation.bd_rate import BDRate

_RESAMPLES = 10_000
_SEED = 20240


@dataclass(frozen=True)
class Summary:
    """BD-rates of one candidate on one metric and range, over pictures, in percent (negative is smaller).

    Attributes:
        mean: Mean over the pictures that have a value.
        interval: 95 % percentile bootstrap interval of the mean, resampling pictures.
        win_rate: Share of pictures with a negative BD-rate.
        best, best_picture, worst, worst_picture: Extremes, with the picture's name.
        pictures: How many have a value.
        missing: How many have none: their reference has no part in the range, or the curves do not meet.
        coverage: Mean share of the reference's metric interval that the candidate's curve reaches.
    """

    mean: float
    interval: tuple[float, float]
    win_rate: float
    best: float
    best_picture: str
    worst: float
    worst_picture: str
    pictures: int
    missing: int
    coverage: float

    def to_json(self) -> dict[str, object]:
        """Plain types, as stored in results.json."""
        return asdict(self) | {"interval": list(self.interval)}

    @classmethod
    def from_json(cls, content: object) -> "Summary":
        """Reads what `to_json` gave."""
        fields: Any = content
        low, high = fields["interval"]
        return cls(**{**fields, "interval": (low, high)})


def summarize(by_picture: Mapping[str, BDRate]) -> Summary | None:
    """Summarizes BD-rates by picture name; None if no picture has a value."""
    values = {name: result.percent for name, result in by_picture.items() if result.percent is not None}
    if not values:
        return None
    percent = np.array(list(values.values()))
    best, worst = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return Summary(
        mean=float(percent.mean()),
        interval=bootstrap_interval(percent),
        win_rate=float((percent < 0).mean()),
        best=values[best],
        best_picture=best,
        worst=values[worst],
        worst_picture=worst,
        pictures=len(values),
        missing=len(by_picture) - len(values),
        coverage=float(np.mean([by_picture[name].coverage for name in values])),
    )


def bootstrap_interval(values: np.ndarray) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean; the same for the same values (fixed seed)."""
    generator = np.random.default_rng(_SEED)
    means = values[generator.integers(0, len(values), (_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
