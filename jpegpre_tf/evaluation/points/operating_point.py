"""Where on its scales an encoding was made."""

from typing import NamedTuple


class OperatingPoint(NamedTuple):
    """A quality and a strength.

    Attributes:
        quality: 1..100, on the encoder's own scale; of tuned tables: plain libjpeg-turbo's of the same look.
        strength: 0..1; 0 leaves the picture untouched.
    """

    quality: int
    strength: float
