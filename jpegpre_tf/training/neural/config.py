"""What a training run of a neural simulator or rate estimator is made of."""

import dataclasses
import json
from pathlib import Path

from jpegpre_tf.errors import UsageError


@dataclasses.dataclass(frozen=True)
class NeuralTrainConfig:
    """One run; saved as JSON beside the model. A pair is a crop as it is and the same crop edited.

    Attributes:
        steps: Optimiser steps in all.
        steps_per_epoch: Steps between checkpoints and validation.
        batch_pairs, crop_size: Pairs per step, and the side of their crops in pixels (a multiple of 16).
        pairs: How many are encoded in all.
        large_size, large_pairs: The rate also learns from these larger crops, every other step: headers and
            Huffman tables weigh differently there.
        validation_pairs: Encoded from the validation pictures, at `crop_size`.
        learning_rate: Peak of a cosine schedule.
        quality_low, quality_high: Range of qualities, inclusive.
        quality_skew: 1 draws qualities evenly; above 1 low ones more often (a power of an even draw), where headers
            and rare symbols weigh most.
        channels, spatial_blocks: See `EncoderQuantizer`.
        width, context_width: See `RateNetwork`.
        train_decisions: Whether the rate's training changes the decisions too, see `RateTrainer`.
        seed: Of initial weights and crops.
    """

    steps: int = 2000
    steps_per_epoch: int = 100
    batch_pairs: int = 4
    crop_size: int = 256
    pairs: int = 800
    large_size: int = 512
    large_pairs: int = 400
    validation_pairs: int = 48
    learning_rate: float = 2e-3
    quality_low: int = 3
    quality_high: int = 95
    quality_skew: float = 1.0
    channels: int = 64
    spatial_blocks: int = 2
    width: int = 96
    context_width: int = 32
    train_decisions: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name not in ("seed", "spatial_blocks", "train_decisions") and not value > 0:
                raise UsageError(f"`{field.name}` must be > 0. Received: {field.name}={value}")
        for name in ("crop_size", "large_size"):
            if getattr(self, name) % 16:
                raise UsageError(f"`{name}` must be a multiple of 16. Received: {name}={getattr(self, name)}")
        if self.pairs < self.batch_pairs:
            raise UsageError(
                "`pairs` must be at least `batch_pairs`. "
                f"Received: pairs={self.pairs}, batch_pairs={self.batch_pairs}"
            )
        if not 1 <= self.quality_low <= self.quality_high <= 100:
            raise UsageError(
                "`quality_low` and `quality_high` must be in 1..100 and in order. "
                f"Received: quality_low={self.quality_low}, quality_high={self.quality_high}"
            )

    def save(self, path: Path) -> None:
        """Writes the configuration as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")


def load_neural_config(path: Path) -> NeuralTrainConfig:
    """Reads a JSON configuration; fields that are not named keep their defaults.

    Raises:
        UsageError: If the file is missing, not JSON, or names an unknown field or a wrong type.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a JSON training configuration ({error})") from error
    defaults = {field.name: field.default for field in dataclasses.fields(NeuralTrainConfig)}
    if not isinstance(given, dict) or not set(given) <= set(defaults):
        unknown = sorted(set(given) - set(defaults)) if isinstance(given, dict) else type(given).__name__
        raise UsageError(f"{path}: unknown fields {unknown}; expected some of {sorted(defaults)}")
    for name, value in given.items():
        wanted = (int, float) if isinstance(defaults[name], float) else (type(defaults[name]),)
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(defaults[name], bool):
            kind = " or ".join(kind.__name__ for kind in wanted)
            raise UsageError(f"{path}: `{name}` must be {kind}. Received: {value!r}")
    return NeuralTrainConfig(**given)
