"""Pixels of four bytes each behind ordinary RGB arrays: Pillow holds pictures so, and encodes such arrays uncopied."""

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def empty_pixels(height: int, width: int, *, padded: bool) -> Pixels:
    """Returns an array uint8 `(H, W, 3)` of any content.

    Args:
        height: Rows, >= 1.
        width: Columns, >= 1.
        padded: Whether it shall be a view of pixels of four bytes.
    """
    return (
        np.empty((height, width, 4), np.uint8)[..., :3] if padded else np.empty((height, width, 3), np.uint8)
    )


def padded_pixels(pixels: Pixels) -> Pixels | None:
    """Returns the array uint8 `(H, W, 4)` that `pixels` is a view of, all but its fourth bytes; None if of none."""
    base = pixels.base
    if not isinstance(base, np.ndarray) or base.dtype != np.uint8 or not base.flags.c_contiguous:
        return None
    is_all = pixels.shape[2:] == (3,) and base.shape == (*pixels.shape[:2], 4)
    is_same = pixels.ctypes.data == base.ctypes.data and pixels.strides == base.strides
    return base if is_all and is_same else None


def pillow_image(pixels: Pixels) -> Image.Image:
    """Returns the picture, which shares the memory of padded pixels and copies all others.

    Args:
        pixels: uint8 `(H, W, 3)` RGB.
    """
    padded = padded_pixels(pixels)
    if padded is None:
        return Image.fromarray(pixels)
    height, width = pixels.shape[:2]
    return Image.frombuffer("RGBX", (width, height), padded, "raw", "RGBX", 0, 1)
