"""The interface of a prefilter: the same call as the preprocessing network."""

import hashlib
import inspect
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf._types import RGBImage


class Filter(ABC):
    """Edits a picture before it is encoded.

    Subclasses set the class attributes and write `apply`, for strengths above 0 only.

    Attributes:
        name: One of `filter_names()`.
        strengths: Those that an evaluation tries, increasing, each > 0; the best at every quality counts.
        label: What a report calls it.
        uses_quality: Whether the result depends on `quality`; if not, one run serves all qualities.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    strengths: ClassVar[tuple[float, ...]] = (1.0,)
    uses_quality: ClassVar[bool] = False

    def __call__(self, image: RGBImage, quality: int, strength: float = 1.0) -> RGBImage:
        """Filters `image`.

        Args:
            image: uint8 `(height, width, 3)`, RGB, samples 0..255.
            quality: 1..100, the quality that the picture will be encoded at.
            strength: 0..1; 0 returns the picture untouched.

        Raises:
            ValueError: If `strength` is outside 0..1.
        """
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"`strength` must be within 0..1. Received: strength={strength}")
        return image if strength == 0.0 else self.apply(image, quality, strength)

    @abstractmethod
    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        """Filters `image` with `strength` above 0."""

    @abstractmethod
    def describe(self, strength: float) -> str:
        """The library's own parameters at `strength`, readable by a person."""

    def library(self) -> str:
        """Name and version of the library that does the work."""
        return ""

    def identity(self) -> dict[str, str]:
        """What decides the pixels besides picture, quality and strength: the cache's key."""
        # The whole module: its constants count too.
        source = hashlib.sha256(Path(inspect.getfile(type(self))).read_bytes()).hexdigest()
        return {"name": self.name, "library": self.library(), "source": source[:16]}


def to_uint8(levels: NDArray[np.floating]) -> RGBImage:
    """Rounds float levels to uint8, clipped to 0..255."""
    result: RGBImage = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return result
