"""A loaded preprocessing model: a callable from picture to picture."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.codec import Coefficients
from jpegpre_tf.jpeg.tables import interpolated_tables, quantization_tables
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime.inference.backends import COEFFICIENT_ORDER, Conditions, Tiles, check_backend
from jpegpre_tf.runtime.inference.carrier import Carrier, EncoderTables, make_carrier
from jpegpre_tf.runtime.inference.litert_tiles import LiteRTTiles
from jpegpre_tf.runtime.inference.onnx_tiles import OnnxTiles
from jpegpre_tf.runtime.inference.tiling import Span, cut, plan_tiles

T = TypeVar("T")
Pixels = Any  # a uint8 array (H, W, 3) or a PIL image
Tables = npt.ArrayLike
_TO_NATURAL = np.argsort(COEFFICIENT_ORDER)

# Pixels in one tile. CPU time per pixel of the network was flat from 256x256 to 2048x2048; memory was not:
# 60 MB at 256x256, 190 MB at 1024x1024, 550 MB at 2048x2048 for the process (LiteRT, fp32, 96 channels at 1/8
# resolution). Smaller tiles than this pay more for overlap, larger ones were no faster on 12 megapixels.
_TILE_PIXELS = 1 << 19


class Session:
    """Edits pictures of any size with one model, and decides what their files shall hold.

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
        backend: "litert" or "onnxruntime" (extra [export]); both give the same samples, but for rare ties.
        decide: For onnxruntime, the ONNX file of the signature `decide`.
        tuned_tables: The model's own tables by quality; None for the standard ones.

    Call arguments:
        pixels: uint8 `(H, W, 3)` RGB samples 0..255, H and W >= 1, or a PIL image. Not modified.
        quality: 1..100, the quality that the JPEG encoder will be given.
        strength: 0..1; 0 returns an equal copy, 1 edits as trained.
        tables: Luma and chroma table that the encoder uses at that quality, `(2, 8, 8)`; None for libjpeg's.

    Returns:
        uint8 `(H, W, 3)`, a new array.

    Raises:
        TypeError: If `pixels` is not a uint8 array, or `quality` or `strength` not a number.
        ValueError: If the shape of `pixels` or `tables`, `quality` or `strength` is out of range.
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
        decide: bytes | None = None,
        tuned_tables: TunedTables | None = None,
    ) -> None:
        check_backend(backend)
        if threads < 1:
            raise ValueError(f"`threads` must be >= 1. Received: threads={threads}")
        self._content = content
        self._decide = decide
        self._alignment = alignment
        self._overlap = overlap
        self.quality_range = quality_range
        self.tuned_tables = tuned_tables
        self._threads = threads
        self._tile_pixels = tile_pixels
        self._lock = threading.Lock()
        self._backend = backend
        # Made at once: a model that the backend refuses fails when loaded, not at the first picture.
        self._idle = [self._make_tiles()]

    def __call__(
        self, pixels: Pixels, quality: float, strength: float = 1.0, tables: Tables | None = None
    ) -> npt.NDArray[np.uint8]:
        image = _checked_image(pixels)
        _check_number("quality", quality, 1, 100)
        _check_number("strength", strength, 0, 1)
        if strength == 0:
            return image.copy()
        used = np.stack(interpolated_tables(quality)) if tables is None else _checked_tables(tables)
        conditions = Conditions(used, float(strength), float(quality))
        result = np.empty(image.shape, np.uint8)
        for row, column, edited in self._tiled(image, conditions, Tiles.edit):
            result[row.keep_from : row.keep_to, column.keep_from : column.keep_to] = edited[
                row.keep_from - row.start : row.keep_to - row.start,
                column.keep_from - column.start : column.keep_to - column.start,
            ]
        return result

    def decide(
        self, pixels: Pixels, tables: Tables, strength: float = 1.0, *, is_gray: bool = False
    ) -> Coefficients:
        """Returns the quantized coefficients that the file shall hold, 4:2:0.

        Args:
            pixels, strength: As in the call.
            tables: Luma and chroma table that the file shall have, `(2, 8, 8)`, 1..255.
            is_gray: Whether to give the one plane of a gray picture.

        Raises:
            ModelError: If the model only edits pixels.
        """
        image = _checked_image(pixels)
        _check_number("strength", strength, 0, 1)
        used = _checked_tables(tables)
        height, width = image.shape[:2]
        shapes = [(-(-height // 8), -(-width // 8), 64)]
        if not is_gray:
            shapes.append((-(-height // 16), -(-width // 16), 128))
        found = [np.empty(shape, np.int16) for shape in shapes]
        for row, column, parts in self._tiled(image, Conditions(used, float(strength), 75.0), Tiles.decide):
            for result, part, unit in zip(found, parts, (8, 16), strict=False):
                kept = result[
                    row.keep_from // unit : -(-row.keep_to // unit),
                    column.keep_from // unit : -(-column.keep_to // unit),
                ]
                top, left = (row.keep_from - row.start) // unit, (column.keep_from - column.start) // unit
                kept[:] = part[top : top + kept.shape[0], left : left + kept.shape[1]]
        planes = [
            np.ascontiguousarray(part[..., _TO_NATURAL]).reshape(*part.shape[:2], 8, 8)
            for result in found
            for part in np.split(result, result.shape[2] // 64, axis=2)
        ]
        return Coefficients(tuple(planes), (used[0], used[1]), height, width, "4:2:0")

    def carrier(
        self,
        pixels: Pixels,
        quality: float,
        strength: float = 1.0,
        encoder_tables: EncoderTables = quantization_tables,
        *,
        tables: Tables | None = None,
        is_gray: bool = False,
    ) -> Carrier:
        """Returns the picture that makes an ordinary encoder write what this model decides, for tuned tables.

        Args:
            pixels, strength: As in the call; strength 0 decides by rounding alone.
            quality: 1..100, of the file: its look is that of libjpeg's file of this quality.
            encoder_tables: Function from an encoder's quality to its luma and chroma table; libjpeg's by default.
            tables: Tables that the file shall have, `(2, 8, 8)`; None for the model's own, or else libjpeg's.
            is_gray: Whether the encoder will be given one channel, and write one component.

        Raises:
            ModelError: If the model only edits pixels.
        """
        _check_number("quality", quality, 1, 100)
        if tables is None:
            tables = (
                np.stack(interpolated_tables(quality))
                if self.tuned_tables is None
                else self.tuned_tables.tables(quality)
            )
        coefficients = self.decide(pixels, tables, strength, is_gray=is_gray)
        return make_carrier(coefficients, encoder_tables)

    def _tiled(
        self, image: npt.NDArray[np.uint8], conditions: Conditions, run: Callable[..., T]
    ) -> Iterator[tuple[Span, Span, T]]:
        """Yields each tile's spans and result."""
        plan = plan_tiles(
            *image.shape[:2],
            max_pixels=self._tile_pixels,
            alignment=self._alignment,
            overlap=self._overlap,
        )
        with self._borrowed() as tiles:
            method = getattr(tiles, run.__name__)
            for row, column in plan:
                cut(image, row, column, tiles.buffer(plan.tile_height, plan.tile_width))
                yield row, column, method(conditions)

    def _make_tiles(self) -> Tiles:
        if self._backend == "litert":
            return LiteRTTiles(self._content, self._threads)
        return OnnxTiles(self._content, self._threads, self._decide)

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


def _checked_image(pixels: Any) -> npt.NDArray[np.uint8]:
    image = pixels if isinstance(pixels, np.ndarray) else _of_pil(pixels)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        received = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"`image` must be a NumPy array of dtype uint8. Received: {received}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"`image` must have shape (H, W, 3) with H, W >= 1. Received: shape={image.shape}")
    return image


def _of_pil(pixels: Any) -> Any:
    """The samples of a PIL image; anything else as it is."""
    return np.asarray(pixels.convert("RGB")) if hasattr(pixels, "convert") else pixels


def _checked_tables(tables: Any) -> npt.NDArray[np.uint8]:
    array = np.asarray(tables)
    if array.shape != (2, 8, 8) or not np.issubdtype(array.dtype, np.number):
        raise ValueError(f"`tables` must have shape (2, 8, 8). Received: shape={array.shape}")
    if not ((array >= 1) & (array <= 255) & (array == np.round(array))).all():
        raise ValueError("`tables` must be whole numbers 1..255")
    return array.astype(np.uint8)


def _check_number(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"`{name}` must be a number from {low} to {high}. Received: {name}={value!r}")
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"`{name}` must be from {low} to {high}. Received: {name}={value!r}")
