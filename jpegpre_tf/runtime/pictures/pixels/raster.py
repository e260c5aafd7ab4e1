"""A decoded picture that hands out RGB rows, so that a large one never exists twice."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Rows: TypeAlias = npt.NDArray[np.uint8]
Converter: TypeAlias = Callable[[Image.Image], Image.Image | Rows]

# Pictures of up to this many pixels are held and encoded whole, which is faster.
WHOLE_PIXELS = 24_000_000
_STRIP_ROWS = 128


class Croppable(Protocol):
    """What gives parts of a picture; a loaded `PIL.Image.Image` does."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""

    def crop(self, box: tuple[int, int, int, int], /) -> Image.Image:
        """Returns the part from (left, top) to just before (right, bottom)."""


class Raster:
    """Rows of a loaded picture as RGB levels.

    Args:
        image: The loaded picture, or what gives parts of it.
        to_rgb: Turns a strip of it into RGB, see `rgb_converter`.
    """

    def __init__(self, image: Croppable, to_rgb: Converter) -> None:
        self._image: Croppable | None = image
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
