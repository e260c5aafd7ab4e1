"""What a training run is made of."""

import dataclasses
from pathlib import Path

from jpegpre_tf.errors import UsageError
from jpegpre_tf.losses.measures import check_measures
from jpegpre_tf.losses.step_error import MASKING_ENERGY
from jpegpre_tf.training.config_file import check_positive, check_qualities, read_config, save_config

PROFILES = Path(__file__).with_name("profiles")


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """One preprocessor training run; saved as JSON beside the model.

    Attributes:
        steps: Optimiser steps in all.
        steps_per_epoch: Steps between checkpoints and validation.
        batch_size, crop_size: Crops per step and their side in pixels (a multiple of 16).
        learning_rate: Peak of a cosine schedule with a short warm-up.
        averaging: Of the moving average of weights that is kept instead of the last step's, 0..1: 0.99 averages
            about a hundred steps; 0 for none.
        measures: Weights of the measures whose BD-rate is minimised, see `BDRate`. If empty, squared error in steps is
            weighed against bits instead, with the four fields that follow.
        harm_weight: Of measures that got worse on single pictures, see `BDRate`; 0 for none.
        rate_weight: Squared steps per pixel that one bit per pixel is worth, see `RateDistortion`.
        masking_energy, chroma_weight, frequency_exponent: See `StepError`.
        subsampling, huffman: The encoder that is simulated.
        quality_low, quality_high: Range of qualities, inclusive.
        drawn_share: Share of pictures that are drawn, text and line art, instead of read, 0..1.
        strength_low: Strengths are drawn from strength_low..1.
        channels, spatial_blocks, mixing_blocks, chroma_mixing_blocks, zero_span: See `Preprocessor`.
        bd_rate_every: Epochs between measurements of the real BD-rate on validation pictures; 0 for none.
        patience: Epochs without a lower validation loss after which the run stops; 0 for never.
        jit_compile: Compile simulator, rate and loss with XLA: costs time at the start, and saves it in every step.
        seed: Of initial weights and crops.
    """

    steps: int = 12_000
    steps_per_epoch: int = 250
    batch_size: int = 8
    crop_size: int = 256
    learning_rate: float = 2e-3
    averaging: float = 0.0
    measures: dict[str, float] = dataclasses.field(default_factory=dict)
    harm_weight: float = 0.0
    rate_weight: float = 1 / 19
    masking_energy: float = MASKING_ENERGY
    chroma_weight: float = 1.0
    frequency_exponent: float = 0.0
    subsampling: str = "4:2:0"
    huffman: str = "optimized"
    quality_low: int = 5
    quality_high: int = 95
    drawn_share: float = 0.0
    strength_low: float = 0.25
    channels: int = 64
    spatial_blocks: int = 1
    mixing_blocks: int = 2
    chroma_mixing_blocks: int = 2
    zero_span: float = 1.4
    bd_rate_every: int = 0
    patience: int = 0
    jit_compile: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        names = ("steps", "steps_per_epoch", "batch_size", "crop_size", "learning_rate", "rate_weight")
        check_positive(self, names)
        if not self.harm_weight >= 0:
            raise UsageError(f"`harm_weight` must be >= 0. Received: harm_weight={self.harm_weight}")
        if not 0 <= self.drawn_share <= 1:
            raise UsageError(f"`drawn_share` must be in 0..1. Received: drawn_share={self.drawn_share}")
        if not 0 <= self.averaging < 1:
            raise UsageError(f"`averaging` must be in 0..1, below 1. Received: averaging={self.averaging}")
        try:
            check_measures(list(self.measures))
        except ValueError as error:
            raise UsageError(str(error)) from error
        check_qualities(self.quality_low, self.quality_high)

    def save(self, path: Path) -> None:
        """Writes the configuration as JSON."""
        save_config(self, path)


def load_config(path: Path) -> TrainConfig:
    """Reads a JSON configuration; fields that are not named keep their defaults.

    Raises:
        UsageError: If the file is missing, not JSON, or names an unknown field or a wrong type.
    """
    return read_config(path, TrainConfig)


def profile_config(name: str) -> TrainConfig:
    """The configuration of a profile: "fidelity", "balanced", "perceptual" or "smoke", a minute to see that all works.

    Raises:
        UsageError: If there is no such profile.
    """
    path = PROFILES / f"{name}.json"
    if not path.is_file():
        known = sorted(file.stem for file in PROFILES.glob("*.json"))
        raise UsageError(f"no training profile {name!r}; there are: {', '.join(known)}")
    return load_config(path)
