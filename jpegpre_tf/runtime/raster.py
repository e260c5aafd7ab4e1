"""A decoded picture that hands out RGB rows, so that a large one never exists twice."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Rows: TypeAlias = npt.NDArray[np.uint8]
Converter: TypeAlias = Callable[[Image.Image], Image.Image | Rows]

_STRIP_ROWS = 128


class Raster:
    """Rows of a loaded picture as RGB levels.

    Args:
        image: The loaded picture.
        to_rgb: Turns a strip of it into RGB, see `rgb_converter`.
    """

    def __init__(self, image: Image.Image, to_rgb: Converter) -> None:
        self._image: Image.Image | None = image
        self._to_rgb = to_rgb
        self.width, self.height = image.size

    def rows(self, top: int, bottom: int) -> Rows:
        """Returns uint8 `(bottom - top, W, 3)` RGB, levels 0..255, a new array."""
        if self._image is None:
            raise ValueError("the raster was closed")
        result = np.empty((bottom - top, self.width, 3), np.uint8)
        for start in range(top, bottom, _STRIP_ROWS):
            end = min(start + _STRIP_ROWS, bottom)
            strip = self._image.crop((0, start, self.width, end))
            result[start - top : end - top] = np.asarray(self._to_rgb(strip), np.uint8)
        return result

    def pixels(self) -> Rows:
        """Returns the whole picture, uint8 `(H, W, 3)`."""
        return self.rows(0, self.height)

    def close(self) -> None:
        """Frees the picture; only its size can be asked for afterwards."""
        self._image = None
