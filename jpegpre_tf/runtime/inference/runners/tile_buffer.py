"""Samples of the tile that a network runs on, for runners that take them as one array."""

from typing import Any

import numpy as np
import numpy.typing as npt


class TileBuffer:
    """An array of RGB samples that is allocated anew only when the tile's shape changes.

    Args:
        dtype: float32 or uint8.

    Attributes:
        samples: `(height, width, 3)`, 0..255; empty before the first `resize`.
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self.samples: npt.NDArray[Any] = np.empty((0, 0, 3), dtype)

    def resize(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the array of this shape; what it holds is kept only where the shape is as before."""
        if self.samples.shape[:2] != (height, width):
            self.samples = np.empty((height, width, 3), self.samples.dtype)
        return self.samples
