"""Checks of what a session is called with."""

import functools
import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf import jpeg

# Pillow cuts the samples of the others ("I;16", "I", "F") off at 255, which makes most pictures white.
_PILLOW_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV")


def check_image(image: object, *, takes_gray: bool = False) -> npt.NDArray[np.uint8]:
    """Returns pixels `(H, W, 3)`, or `(H, W)` where grey is taken, of an array or a `PIL.Image.Image`.

    Raises:
        TypeError: If it is neither, or an array of another dtype than uint8.
        ValueError: If it is of another shape, or a picture of Pillow with samples of more than 8 bits.
    """
    if isinstance(image, Image.Image):
        image = _pillow_pixels(image, takes_gray)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        received = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"`image` must be a NumPy array of dtype uint8. Received: {received}")
    is_color = image.ndim == 3 and image.shape[2] == 3
    if not (is_color or (takes_gray and image.ndim == 2)) or 0 in image.shape:
        gray = " or (H, W)" if takes_gray else ""
        raise ValueError(
            f"`image` must have shape (H, W, 3){gray} with H, W >= 1. Received: shape={image.shape}"
        )
    return image


def _pillow_pixels(image: Image.Image, takes_gray: bool) -> npt.NDArray[np.uint8]:
    if image.mode not in _PILLOW_MODES:
        raise ValueError(
            f"`image` must have a mode of 8 bits ({', '.join(_PILLOW_MODES)}); `runtime.open_picture` reads files "
            f"of more. Received: mode={image.mode}"
        )
    if image.has_transparency_data:  # as `open_picture` does it
        with_alpha = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(with_alpha, mask=with_alpha.getchannel("A"))
    is_gray = takes_gray and image.mode in ("1", "L")
    return np.asarray(image.convert("L" if is_gray else "RGB"))


def check_number(name: str, value: object, low: int, high: int) -> None:
    """Raises TypeError or ValueError unless `value` is a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"`{name}` must be a number from {low} to {high}. Received: {name}={value!r}")
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"`{name}` must be from {low} to {high}. Received: {name}={value!r}")


def check_threads(threads: object) -> int:
    """Returns a number of threads; ValueError unless it is a whole number of at least 1."""
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 1:
        raise ValueError(f"`threads` must be a whole number >= 1. Received: threads={threads!r}")
    return int(threads)


def check_tables(name: str, tables: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Returns luma and chroma table as uint8 `(2, 8, 8)`; ValueError unless they are two of 1..255."""
    try:
        array = np.asarray(tables)
    except ValueError:  # of different shapes
        array = np.empty(0)
    is_whole = np.issubdtype(array.dtype, np.integer)
    if array.shape != (2, 8, 8) or not is_whole or array.min() < 1 or array.max() > 255:
        has_shape = array.shape == (2, 8, 8) and is_whole
        received = (
            f"{array.min()}..{array.max()}" if has_shape else f"shape={array.shape}, dtype={array.dtype}"
        )
        raise ValueError(f"`{name}` must be two tables of 8x8 whole numbers 1..255. Received: {received}")
    return array.astype(np.uint8)


def nearest_quality(tables: npt.NDArray[np.uint8]) -> int:
    """Returns the quality 1..100 whose libjpeg tables are nearest, by the mean difference of logarithms."""
    distances = np.abs(_logs_of_tables() - np.log(tables.astype(np.float64))).mean(axis=(1, 2, 3))
    return 1 + int(np.argmin(distances))


@functools.cache
def _logs_of_tables() -> npt.NDArray[np.float64]:
    """Logarithms of the entries of libjpeg's tables of qualities 1..100, (100, 2, 8, 8)."""
    return np.log(np.array([jpeg.quantization_tables(quality) for quality in range(1, 101)], np.float64))
