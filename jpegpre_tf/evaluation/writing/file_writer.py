"""From a picture to the file of a candidate."""

from typing import Protocol

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoded


class FileWriter(Protocol):
    """Makes the files of one candidate."""

    def write(self, image: RGBImage, quality: int, strength: float) -> Encoded:
        """Returns the file of a picture, decoded again.

        Args:
            image: uint8 `(height, width, 3)`, RGB, samples 0..255.
            quality: 1..100.
            strength: 0..1.
        """
        ...
