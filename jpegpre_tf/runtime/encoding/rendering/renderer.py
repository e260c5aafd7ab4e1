"""Encodes one picture again and again, at the settings that a search tries."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.encoding.rendering.rendered import Rendered

# Prepared for a picture's pixels once, then called with files of it.
Score = Callable[[npt.NDArray[np.uint8]], Callable[[bytes], float]]
PixelEditor = Callable[[npt.NDArray[np.uint8], float, float], npt.NDArray[np.uint8]]


class Renderer(Protocol):
    """One picture that can be encoded at any setting.

    Attributes:
        takes_fractions: Whether a quality may lie between two whole numbers.
        prefers_fractions: Whether that is better than another strength, to use bytes up.
    """

    takes_fractions: bool
    prefers_fractions: bool

    def render(self, quality: float, strength: float) -> Rendered:
        """Returns the JPEG file of the preprocessed picture."""

    def render_plain(self, quality: float) -> Rendered:
        """Returns the JPEG file of the picture as it is; the same object again for the quality asked for last."""

    def make_scorer(self, score: Score) -> Callable[[bytes], float]:
        """Returns what scores files of this picture."""
