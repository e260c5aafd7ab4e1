"""What a training run of a neural simulator or rate estimator is made of."""

import dataclasses
from pathlib import Path

from jpegpre_tf.errors import UsageError
from jpegpre_tf.training.config_file import (
    LAST_SEED,
    check_positive,
    check_qualities,
    check_range,
    parse_fields,
    read_config,
    write_config,
)


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
        width, context_width, symbols: See `RateNetwork`.
        averaging: Share of the weights' moving average that a step leaves, 0..1: the average is what is kept. 0: none.
        train_decisions: Whether the rate's training changes the decisions too, see `RateTrainer`.
        seed: Seed of initial weights and crops.
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
    symbols: bool = True
    averaging: float = 0.0
    train_decisions: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        may_be_zero = ("averaging", "symbols", "seed", "spatial_blocks", "train_decisions")
        check_positive(self, [name for name in vars(self) if name not in may_be_zero])
        for name in ("crop_size", "large_size"):
            if getattr(self, name) % 16:
                raise UsageError(f"`{name}` must be a multiple of 16. Received: {name}={getattr(self, name)}")
        if self.pairs < self.batch_pairs:
            raise UsageError(
                "`pairs` must be at least `batch_pairs`. "
                f"Received: pairs={self.pairs}, batch_pairs={self.batch_pairs}"
            )
        if not 0 <= self.averaging < 1:
            raise UsageError(
                f"`averaging` must be at least 0 and below 1. Received: averaging={self.averaging}"
            )
        check_range(self, ("spatial_blocks",), 0, 64)
        check_range(self, ("seed",), 0, LAST_SEED)
        check_qualities(self.quality_low, self.quality_high)

    def with_fields(self, **fields: object) -> "NeuralTrainConfig":
        """A configuration with some fields changed.

        Raises:
            UsageError: If a field is unknown or of a wrong type or range.
        """
        return parse_fields({**dataclasses.asdict(self), **fields}, NeuralTrainConfig, "fields")

    def save(self, path: Path) -> None:
        """Writes the configuration as JSON."""
        write_config(self, path)


def load_neural_config(path: Path) -> NeuralTrainConfig:
    """Reads a JSON configuration; fields that are not named keep their defaults.

    Raises:
        UsageError: If the file is missing, not JSON, or names an unknown field or a wrong type.
    """
    return read_config(path, NeuralTrainConfig)
