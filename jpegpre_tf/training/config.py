"""What a training run is made of, in sections."""

import dataclasses
from pathlib import Path

from jpegpre_tf.errors import UsageError
from jpegpre_tf.jpeg.transform.resample import FACTORS
from jpegpre_tf.losses.metric_names import MASKING_ENERGY, check_metrics, check_side
from jpegpre_tf.training.config_file import (
    LAST_SEED,
    check_positive,
    check_qualities,
    check_range,
    check_weights,
    read_json,
    sections_of,
    write_config,
)
from jpegpre_tf.training.data.conditions import Conditions

HUFFMAN_MODES = ("optimized", "standard")  # of ops.entropy, which needs TensorFlow
OBJECTIVES = Path(__file__).with_name("objectives")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The networks; see `Preprocessor`."""

    channels: int = 48
    spatial_blocks: int = 1
    mixing_blocks: int = 1
    chroma_mixing_blocks: int = 1
    zero_span: float = 1.4

    def __post_init__(self) -> None:
        check_range(self, ("channels",), 1, 4096)
        check_range(self, ("spatial_blocks", "mixing_blocks", "chroma_mixing_blocks"), 0, 64)
        check_range(self, ("zero_span",), 0.9, 1.9)


@dataclasses.dataclass(frozen=True)
class ObjectiveConfig:
    """What is minimized.

    Attributes:
        metrics: Weights of the metrics whose BD-rate is minimized, see `BDRate`. If empty, squared error in steps is
            weighed against bits instead, with the four fields from `rate_weight` on.
        given_metrics: The same as `metrics` for crops of Annex K's tables, as edited pixels meet them; if empty, the
            same. Crops of other given tables are weighed like those of learned ones.
        harm_weight: Weight of metrics that got worse on single pictures, see `BDRate`; 0 for none.
        rate_weight: Squared steps per pixel that one bit per pixel is worth, see `RateDistortion`.
        masking_energy, chroma_weight, frequency_exponent: See `StepError`.
    """

    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    given_metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    harm_weight: float = 0.0
    rate_weight: float = 1 / 19
    masking_energy: float = MASKING_ENERGY
    chroma_weight: float = 1.0
    frequency_exponent: float = 0.0

    def __post_init__(self) -> None:
        check_positive(self, ("rate_weight", "masking_energy"))
        check_range(self, ("harm_weight", "chroma_weight"), 0)
        check_range(self, ("frequency_exponent",), -10, 10)
        check_weights("metrics", self.metrics)
        try:
            check_metrics([*self.metrics, *self.given_metrics])
        except ValueError as error:
            raise UsageError(str(error)) from error


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Crops, what they are trained for, and the encoder.

    Attributes:
        batch_size, crop_size: Crops per step and their side in pixels (a multiple of 16).
        quality_low, quality_high: Range of qualities, inclusive.
        strength_low: Lower end of strengths, which are drawn evenly up to 1.
        full_strength_share: Share of crops at strength 1, beside those, 0..1.
        tuned_share: Share of crops for the tables that are learned with the network, 0..1; the others are for Annex
            K's, MozJPEG's, jpegli's and random tables. At 0 no tables are learned.
        foreign_tables: Those tables of one kind alone: "annex-k", "mozjpeg" or "jpegli", instead of "any".
        drawn_share: Share of pictures that are drawn, text and line art, instead of read, 0..1.
        subsampling, huffman: The encoder. Anything but 4:2:0 is trained through edited pixels, without tables.
        simulator, rate: Networks that learned another encoder, as names or paths that `from_preset` takes; empty for
            the exact layers. With one of them, too, pixels are edited and no tables are learned.
    """

    batch_size: int = 8
    crop_size: int = 256
    quality_low: int = 6
    quality_high: int = 94
    strength_low: float = 0.25
    full_strength_share: float = 0.7
    tuned_share: float = 0.7
    foreign_tables: str = "any"
    drawn_share: float = 0.0
    subsampling: str = "4:2:0"
    huffman: str = "optimized"
    simulator: str = ""
    rate: str = ""

    def __post_init__(self) -> None:
        check_positive(self, ("batch_size", "crop_size"))
        if self.crop_size % 16:
            raise UsageError(f"`crop_size` must be a multiple of 16. Received: crop_size={self.crop_size}")
        check_range(self, ("strength_low", "full_strength_share", "tuned_share", "drawn_share"), 0, 1)
        if self.subsampling not in FACTORS or self.huffman not in HUFFMAN_MODES:
            raise UsageError(
                f"`subsampling` must be one of {sorted(FACTORS)}, `huffman` one of {sorted(HUFFMAN_MODES)}. "
                f"Received: subsampling={self.subsampling!r}, huffman={self.huffman!r}"
            )
        check_qualities(self.quality_low, self.quality_high)
        try:
            _ = self.conditions
        except ValueError as error:
            raise UsageError(str(error)) from error

    @property
    def learns_tables(self) -> bool:
        """Whether the run learns tables beside the network."""
        return self.tuned_share > 0 and not self.edits_pixels

    @property
    def edits_pixels(self) -> bool:
        """Whether the encoder is given edited pixels, instead of decisions for the tables of the file."""
        return self.subsampling != "4:2:0" or bool(self.simulator or self.rate)

    @property
    def conditions(self) -> Conditions:
        """What crops are trained for."""
        return Conditions(
            (self.quality_low, self.quality_high),
            (self.strength_low, 1.0),
            self.full_strength_share,
            None if self.edits_pixels else self.tuned_share,
            self.foreign_tables,
        )


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """Adam with a cosine schedule after a short warm-up.

    Attributes:
        learning_rate: Peak, of the networks' weights.
        tables_learning_rate: Peak, of the logarithms of the tables' factors; 0 keeps tables as they are.
        averaging: Momentum of the moving average of weights that is kept instead of the last step's, 0..1: 0.99
            averages about a hundred steps; 0 for none.
    """

    learning_rate: float = 1.5e-3
    tables_learning_rate: float = 1e-2
    averaging: float = 0.99

    def __post_init__(self) -> None:
        check_positive(self, ("learning_rate",))
        check_range(self, ("tables_learning_rate",), 0)
        if not 0 <= self.averaging < 1:
            raise UsageError(f"`averaging` must be in 0..1, below 1. Received: averaging={self.averaging}")


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """How long, how often, how.

    Attributes:
        steps: Optimizer steps in all.
        steps_per_epoch: Steps between checkpoints and validation.
        bd_rate_every: Epochs between measurements of the real BD-rate on validation pictures; 0 for none.
        patience: Epochs without a lower validation loss after which the run stops; 0 for never.
        jit_compile: Compile the whole step with XLA: costs a minute at the start, and saves it in every step.
        seed: Seed of initial weights and crops.
    """

    steps: int = 12_000
    steps_per_epoch: int = 250
    bd_rate_every: int = 0
    patience: int = 0
    jit_compile: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "steps_per_epoch"))
        check_range(self, ("bd_rate_every", "patience"), 0)
        check_range(self, ("seed",), 0, LAST_SEED)


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """One training run; saved as JSON beside the model.

    A file holds sections; one with all fields side by side, as version 4 and before wrote them, is read as well. Field
    names are unique over all sections.
    """

    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    objective: ObjectiveConfig = dataclasses.field(default_factory=ObjectiveConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    run: RunConfig = dataclasses.field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        metrics = (self.objective.metrics, self.objective.given_metrics)
        weighed = [name for weights in metrics for name, weight in weights.items() if weight]
        try:
            check_side(weighed, self.data.crop_size)
        except ValueError as error:
            raise UsageError(f"`crop_size`: {error}") from error

    def with_fields(self, **fields: object) -> "TrainConfig":
        """A configuration with some fields changed, by their names in the sections."""
        return parse_config({**flat_fields(self), **fields}, "fields")

    def save(self, path: Path) -> None:
        """Writes the configuration as JSON."""
        write_config(self, path)


def flat_fields(config: TrainConfig) -> dict[str, object]:
    """Name -> value of all fields of all sections."""
    sections = dataclasses.asdict(config).values()
    return {name: value for section in sections for name, value in section.items()}


def check_resumable(config: TrainConfig, kept: TrainConfig, where: str) -> None:
    """Raises UsageError if a run's checkpoint cannot fit a configuration that is to go on from it.

    Args:
        config: What is wanted.
        kept: What the run was made with.
        where: File of `kept`, for the message.
    """
    asked, has = flat_fields(config), flat_fields(kept)
    names = [field.name for field in dataclasses.fields(ModelConfig)]
    wrong = [f"{name}={asked[name]} (the run: {has[name]})" for name in names if asked[name] != has[name]]
    if config.data.learns_tables != kept.data.learns_tables:
        wrong.append(f"tuned_share={config.data.tuned_share} (the run: {kept.data.tuned_share})")
    if bool(config.optimizer.averaging) != bool(kept.optimizer.averaging):
        wrong.append(f"averaging={config.optimizer.averaging} (the run: {kept.optimizer.averaging})")
    if wrong:
        raise UsageError(f"{where}: the run to resume has other weights than asked for: {', '.join(wrong)}")


def changed_fields(config: TrainConfig) -> dict[str, dict[str, object]]:
    """Section -> fields whose values are not the defaults; sections without any are left out."""
    defaults, given = dataclasses.asdict(TrainConfig()), dataclasses.asdict(config)
    changed = {
        section: {name: value for name, value in fields.items() if value != defaults[section][name]}
        for section, fields in given.items()
    }
    return {section: fields for section, fields in changed.items() if fields}


def parse_config(given: object, where: str) -> TrainConfig:
    """Reads what a JSON file held, in sections or side by side; fields that are not named keep their defaults.

    Raises:
        UsageError: If a field is unknown, of a wrong type or out of range; `where` begins the message.
    """
    return sections_of(given, TrainConfig, where, renamed={"measures": "metrics"})


def load_config(path: Path) -> TrainConfig:
    """Reads a JSON configuration; fields that are not named keep their defaults.

    Raises:
        UsageError: If the file is missing, not JSON, or names an unknown field or a wrong type.
    """
    return parse_config(read_json(path), str(path))


def objective_config(name: str) -> TrainConfig:
    """The configuration for what is wanted: "fidelity", "balanced" or "perceptual"; "smoke" is a minute's trial.

    Raises:
        UsageError: If there is no such objective.
    """
    path = OBJECTIVES / f"{name}.json"
    if not path.is_file():
        known = sorted(file.stem for file in OBJECTIVES.glob("*.json"))
        raise UsageError(f"no training objective {name!r}; there are: {', '.join(known)}")
    return load_config(path)
