"""The interface of a full-reference metric."""

import functools
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

# Perfect pictures have infinite decibels; a finite stand-in keeps files readable. 1e-10 is far below what
# 8-bit pictures can differ by, unless they are equal.
LARGEST_DECIBELS = 100.0

# BT.601, the luma of JPEG (JFIF).
_LUMA = np.array([0.299, 0.587, 0.114])


class Frame:
    """A picture with what several metrics need of it, computed once.

    Args:
        rgb: uint8 `(height, width, 3)`, RGB, samples 0..255.
    """

    def __init__(self, rgb: NDArray[np.uint8]):
        self.rgb = rgb

    @functools.cached_property
    def luma(self) -> NDArray[np.float64]:
        """float64 `(height, width)`, BT.601 luma in levels, not rounded."""
        result: NDArray[np.float64] = self.rgb @ _LUMA
        return result


class Metric(ABC):
    """Scores a decoded picture against its original.

    Attributes:
        name: Key in results, for example "psnr_y".
        label: What a report calls it.
        unit: "dB", or "" for a scale of its own.
        higher_is_better: False for Butteraugli, a distance.
        core: Whether an evaluation computes it unless told otherwise.
        revision: Raised whenever the same pictures would give another value; part of the cache's key.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    unit: ClassVar[str] = "dB"
    higher_is_better: ClassVar[bool] = True
    core: ClassVar[bool] = True
    revision: ClassVar[int] = 1

    def version(self) -> str:
        """What decides the value besides the pictures: our revision, and the library's version."""
        return str(self.revision)

    def unavailable(self) -> str | None:
        """Says in one line why the metric cannot be computed here; None if it can."""
        return None

    def prepare(self, original: Frame) -> Any:
        """Does once what only depends on the original; the result is given to `score`."""
        return original

    @abstractmethod
    def score(self, prepared: Any, decoded: Frame) -> float | None:
        """Returns the value; None if it is not defined for pictures of this size."""


def decibels(ratio: float) -> float:
    """Returns -10 log10(ratio), at most `LARGEST_DECIBELS`."""
    return LARGEST_DECIBELS if ratio <= 0 else min(LARGEST_DECIBELS, float(-10 * np.log10(ratio)))
