"""Encodes one picture again and again, at the settings that a search tries."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

# Prepared for a picture's pixels once, then called with files of it.
Score = Callable[[npt.NDArray[np.uint8]], Callable[[bytes], float]]
Preprocess = Callable[[npt.NDArray[np.uint8], float, float], npt.NDArray[np.uint8]]


class Renderer(Protocol):
    """One picture that can be encoded at any setting.

    Attributes:
        takes_fractions: Whether a quality may lie between two whole numbers.
    """

    takes_fractions: bool

    def edited(self, quality: float, strength: float) -> bytes:
        """Returns the JPEG file of the edited picture, without metadata."""

    def plain(self, quality: float) -> bytes:
        """Returns the JPEG file of the picture as it is."""

    def psnr_db(self, jpeg: bytes) -> float:
        """Returns the PSNR-RGB of a file of this picture, in decibels."""

    def scorer(self, score: Score) -> Callable[[bytes], float]:
        """Returns what scores files of this picture."""
