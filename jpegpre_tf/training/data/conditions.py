"""What a crop is trained for: a quality, a strength and tables, drawn at random."""

import dataclasses

import numpy as np
import numpy.typing as npt

from jpegpre_tf.training.data.foreign_tables import KINDS, draw_tables

TUNED = np.zeros((2, 8, 8), np.float32)  # stands for the tables that are being learned


@dataclasses.dataclass(frozen=True)
class Conditions:
    """How conditions are drawn, each crop its own.

    Attributes:
        quality_range: Lowest and highest quality, inclusive, drawn evenly.
        strength_range: Drawn evenly, but for `full_strength_share`.
        full_strength_share: Share of crops at the highest strength, 0..1.
        tuned_share: Share of crops for the learned tables, 0..1; the others are for foreign ones (`draw_tables`). None
            leaves tables out: batches end with the strength.
        foreign_tables: Which those are, one of `foreign_tables.KINDS`.

    Raises:
        ValueError: If one is out of range.
    """

    quality_range: tuple[int, int] = (5, 95)
    strength_range: tuple[float, float] = (0.25, 1.0)
    full_strength_share: float = 0.0
    tuned_share: float | None = None
    foreign_tables: str = "any"

    def __post_init__(self) -> None:
        for name, least, most in (("quality_range", 1, 100), ("strength_range", 0, 1)):
            pair = getattr(self, name)
            if np.shape(pair) != (2,) or not least <= pair[0] <= pair[1] <= most:
                raise ValueError(
                    f"`{name}` must be a lowest and a highest number within {least}..{most}. "
                    f"Received: {name}={pair!r}"
                )
        for name in ("full_strength_share", "tuned_share"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"`{name}` must be in 0..1. Received: {name}={value}")
        if self.foreign_tables not in KINDS:
            raise ValueError(
                f"`foreign_tables` must be one of {KINDS}. Received: foreign_tables={self.foreign_tables!r}"
            )

    def draw(self, generator: np.random.Generator) -> tuple[np.float32 | npt.NDArray[np.float32], ...]:
        """float32 quality, float32 strength and, unless `tuned_share` is None, float32 (2, 8, 8) tables."""
        low, high = self.quality_range
        quality = np.float32(generator.integers(low, high + 1))
        strength = np.float32(generator.uniform(*self.strength_range))
        if self.full_strength_share and generator.random() < self.full_strength_share:
            strength = np.float32(self.strength_range[1])
        if self.tuned_share is None:
            return quality, strength
        tables: npt.NDArray[np.float32] = TUNED
        if generator.random() >= self.tuned_share:
            tables = draw_tables(float(quality), generator, self.foreign_tables)
        return quality, strength, tables
