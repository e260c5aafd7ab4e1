"""A loaded preprocessing model: a callable from picture to picture."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.inference.backends import Tiles, check_backend
from jpegpre_tf.runtime.inference.litert_tiles import LiteRTTiles
from jpegpre_tf.runtime.inference.onnx_tiles import OnnxTiles
from jpegpre_tf.runtime.inference.tiling import cut, plan_tiles

# Pixels in one tile. CPU time per pixel of the network was flat from 256x256 to 2048x2048; memory was not:
# 60 MB at 256x256, 190 MB at 1024x1024, 550 MB at 2048x2048 for the process (LiteRT, fp32, 96 channels at 1/8
# resolution). Smaller tiles than this pay more for overlap, larger ones were no faster on 12 megapixels.
_TILE_PIXELS = 1 << 19


class Session:
    """Edits pictures of any size with one model.

    Thread-safe: calls from several threads run side by side, each with an interpreter of its own that is
    kept for the next call. Memory for one call is bounded by the tile, not by the picture, plus the result.

    Args:
        content: The model file: TFLite for the backend litert, ONNX for onnxruntime.
        alignment: Tiles start, and their sides are, at multiples of this many pixels.
        overlap: Pixels of context that an output pixel needs on each side.
        quality_range: Lowest and highest quality the model was trained for, kept for callers to tell users:
            every quality is accepted, since the edit is bounded in the encoder's own steps at any of them.
        threads: CPU threads for each call, >= 1.
        tile_pixels: Upper bound of a tile's pixels.
        backend: "litert" or "onnxruntime" (extra [export]); both give the same levels, but for rare ties.

    Call arguments:
        image: uint8 `(H, W, 3)` RGB, levels 0..255, H and W >= 1. Not modified.
        quality: 1..100, the quality that the JPEG encoder will be given.
        strength: 0..1; 0 returns an equal copy, 1 edits as trained.

    Returns:
        uint8 `(H, W, 3)`, a new array.

    Raises:
        TypeError: If `image` is not a uint8 array, or `quality` or `strength` not a number.
        ValueError: If the shape of `image`, `quality` or `strength` is out of range.
        ModelError: If the backend cannot run the model.
        MissingExtraError: If the backend is not installed.
    """

    def __init__(
        self,
        content: bytes,
        *,
        alignment: int,
        overlap: int,
        quality_range: tuple[int, int] = (1, 100),
        threads: int = 1,
        tile_pixels: int = _TILE_PIXELS,
        backend: str = "litert",
    ) -> None:
        check_backend(backend)
        if threads < 1:
            raise ValueError(f"`threads` must be >= 1. Received: threads={threads}")
        self._content = content
        self._alignment = alignment
        self._overlap = overlap
        self.quality_range = quality_range
        self._threads = threads
        self._tile_pixels = tile_pixels
        self._lock = threading.Lock()
        self._backend = backend
        # Made at once: a model that the backend refuses fails when loaded, not at the first picture.
        self._idle = [self._make_tiles()]

    def __call__(
        self, image: npt.NDArray[np.uint8], quality: float, strength: float = 1.0
    ) -> npt.NDArray[np.uint8]:
        _check_image(image)
        _check_number("quality", quality, 1, 100)
        _check_number("strength", strength, 0, 1)
        if strength == 0:
            return image.copy()
        height, width = image.shape[:2]
        plan = plan_tiles(
            height,
            width,
            max_pixels=self._tile_pixels,
            alignment=self._alignment,
            overlap=self._overlap,
        )
        result = np.empty((height, width, 3), np.uint8)
        with self._borrowed() as tiles:
            for row, column in plan:
                cut(image, row, column, tiles.buffer(plan.tile_height, plan.tile_width))
                edited = tiles.run(float(quality), float(strength))
                result[row.keep_from : row.keep_to, column.keep_from : column.keep_to] = edited[
                    row.keep_from - row.start : row.keep_to - row.start,
                    column.keep_from - column.start : column.keep_to - column.start,
                ]
        return result

    def _make_tiles(self) -> Tiles:
        make = LiteRTTiles if self._backend == "litert" else OnnxTiles
        return make(self._content, self._threads)

    @contextmanager
    def _borrowed(self) -> Iterator[Tiles]:
        with self._lock:
            tiles = self._idle.pop() if self._idle else None
        if tiles is None:
            tiles = self._make_tiles()
        yield tiles
        # Not in a `finally`: an interpreter that failed is dropped, the next call makes a new one.
        with self._lock:
            self._idle.append(tiles)


def _check_image(image: Any) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        received = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"`image` must be a NumPy array of dtype uint8. Received: {received}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"`image` must have shape (H, W, 3) with H, W >= 1. Received: shape={image.shape}")


def _check_number(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"`{name}` must be a number from {low} to {high}. Received: {name}={value!r}")
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"`{name}` must be from {low} to {high}. Received: {name}={value!r}")
