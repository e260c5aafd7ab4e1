"""A loaded preprocessing model: from a picture to edited pixels, to decisions, to a carrier."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.errors import ModelError
from jpegpre_tf.jpeg.tables import NATURAL_FROM_FREQUENCY, interpolated_tables
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime.inference.arguments import (
    check_image,
    check_number,
    check_tables,
    check_threads,
    nearest_quality,
)
from jpegpre_tf.runtime.inference.carrier import (
    Carrier,
    EncoderTables,
    TablePair,
    carrier_in_one_sweep,
    make_carrier,
)
from jpegpre_tf.runtime.inference.kernel import Kernel
from jpegpre_tf.runtime.inference.runners.backends import Conditions, Tiles, check_backend
from jpegpre_tf.runtime.inference.runners.finite import check_result
from jpegpre_tf.runtime.inference.runners.litert_tiles import LiteRTTiles
from jpegpre_tf.runtime.inference.runners.onnx_tiles import OnnxTiles
from jpegpre_tf.runtime.inference.tiling import Span, cut, plan_tiles

# Pixels in one tile. CPU time per pixel of the network was flat from 256x256 to 2048x2048; memory was not:
# 60 MB at 256x256, 190 MB at 1024x1024, 550 MB at 2048x2048 for the process (LiteRT, fp32, 96 channels at 1/8
# resolution). Smaller tiles than this pay more for overlap, larger ones were no faster on 12 megapixels.
_TILE_PIXELS = 1 << 19
Pixels = npt.NDArray[np.uint8]


class Session:
    """Edits pictures of any size with one model.

    Thread-safe: calls from several threads run side by side, each with an interpreter of its own that is
    kept for the next call. Memory for one call is bounded by the tile, not by the picture, plus the result.

    Args:
        content: The model file: TFLite for the backend litert, ONNX for the others.
        alignment: Tiles start, and their sides are, at multiples of this many pixels.
        overlap: Pixels of context that an output pixel needs on each side.
        quality_range: Lowest and highest quality the model was trained for, kept for callers to tell users:
            every quality is accepted, since the edit is bounded in the encoder's own steps at any of them.
        threads: CPU threads for each call, >= 1.
        tile_pixels: Upper bound of a tile's pixels.
        decide: For onnxruntime, the ONNX file of the signature `decide`.
        tuned_tables: Learned tables of the model, the default of `carrier`; None if it has none.
        name: Name of the model's file, for errors.
        backend: "litert", "onnxruntime" (extra [export]) or "kernel" (in C; int8 ONNX alone, no tiles); all give the
            same samples, but for rare ties.

    Call arguments:
        image: uint8 `(H, W, 3)` RGB, samples 0..255, H and W >= 1, or a `PIL.Image.Image` of 8 bits a sample, whose
            transparent pixels are put on white. Not modified.
        quality: 1..100, the quality that the JPEG encoder will be given.
        strength: 0..1; 0 returns an equal copy, 1 edits as trained.
        tables: Luma and chroma quantization table that the encoder uses, each `(8, 8)`, 1..255, natural order; None for
            libjpeg's of `quality`.
        padded: Whether the result may be a view of pixels of four bytes each, which `runtime.encode_jpeg` takes
            without a copy of them; other libraries copy it.

    Returns:
        uint8 `(H, W, 3)`, a new array.

    Raises:
        TypeError: If `image` is not a uint8 array, or `quality` or `strength` not a number.
        ValueError: If the shape of `image`, `quality`, `strength` or an entry of `tables` is out of range.
        ModelError: If the backend cannot run the model, or a weight or a result is NaN or infinite.
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
        name: str = "",
    ) -> None:
        check_backend(backend)
        self._threads = check_threads(threads)
        self._content = content
        self._decide_content = decide
        self._alignment = alignment
        self._overlap = overlap
        self.quality_range = quality_range
        self.tuned_tables = tuned_tables
        self._tile_pixels = tile_pixels
        self._lock = threading.Lock()
        self.backend = backend
        self._name = name
        # Made at once: a model that the backend refuses fails when loaded, not at the first picture.
        with self._named():
            self._kernel = Kernel(content, self._threads) if backend == "kernel" else None
            self._idle = [] if self._kernel else [self._make_tiles()]

    @property
    def can_decide(self) -> bool:
        """Whether the model can make carriers of a strength above 0."""
        if self._kernel is not None:
            return True
        with self._borrow() as tiles:
            return tiles.decides

    def __call__(
        self,
        image: Pixels | Image.Image,
        quality: float,
        strength: float = 1.0,
        tables: TablePair | None = None,
        *,
        padded: bool = False,
    ) -> Pixels:
        image = check_image(image)
        check_number("quality", quality, 1, 100)
        check_number("strength", strength, 0, 1)
        if strength == 0:
            return image.copy()
        if tables is None:
            used, known = np.stack(interpolated_tables(quality)).astype(np.uint8), float(quality)
        else:
            # Models before version 5 see a quality only.
            used = check_tables("tables", tables)
            known = float(nearest_quality(used))
        if self._kernel is not None:
            return self._kernel.edit(image, (used[0], used[1]), float(strength), padded=padded)
        conditions = Conditions(used, float(strength), known)
        result = np.empty_like(image)
        with self._borrow() as tiles:
            for row, column in self._fill(tiles, image):
                edited = tiles.edit(conditions)
                result[row.keep_from : row.keep_to, column.keep_from : column.keep_to] = edited[
                    row.keep_from - row.start : row.keep_to - row.start,
                    column.keep_from - column.start : column.keep_to - column.start,
                ]
        return result

    def decide(
        self, image: Pixels | Image.Image, tables: TablePair, strength: float = 1.0
    ) -> jpeg.Coefficients:
        """Returns the quantized coefficients that a 4:2:0 file of the picture shall hold.

        Args:
            image: uint8 `(H, W, 3)` RGB or `(H, W)` grey, samples 0..255, or a `PIL.Image.Image`.
            tables: Luma and chroma table that the file shall have, each `(8, 8)`, 1..255, natural order.
            strength: 0..1; 0 rounds as libjpeg does.

        Returns:
            Coefficients of Y, Cb and Cr; of a grey picture of Y alone.

        Raises:
            ModelError: If the model can only edit, and `strength` is not 0.
        """
        image = check_image(image, takes_gray=True)
        check_number("strength", strength, 0, 1)
        target = check_tables("tables", tables)
        if strength == 0:
            return jpeg.encode_coefficients(image, tables=(target[0], target[1]))
        height, width = image.shape[:2]
        if self._kernel is not None:
            decided = self._kernel.decide(image, (target[0], target[1]), float(strength))
            return jpeg.Coefficients(decided, (target[0], target[1]), height, width, "4:2:0")
        color = image if image.ndim == 3 else np.broadcast_to(image[..., np.newaxis], (height, width, 3))
        luma = np.empty((-(-height // 8), -(-width // 8), 64), np.int16)
        chroma = np.empty((-(-height // 16), -(-width // 16), 128), np.int16)
        conditions = Conditions(target, float(strength), 75.0)
        with self._borrow() as tiles:
            for row, column in self._fill(tiles, color):
                parts = tiles.decide(conditions)
                for part in parts:
                    check_result(part)
                for plane, tile, side in zip((luma, chroma), parts, (8, 16), strict=True):
                    _keep_blocks(plane, tile, row, column, side)
        planes = [_to_natural(luma)]
        if image.ndim == 3:
            planes += [_to_natural(chroma[..., :64]), _to_natural(chroma[..., 64:])]
        return jpeg.Coefficients(tuple(planes), (target[0], target[1]), height, width, "4:2:0")

    def carrier(
        self,
        image: Pixels | Image.Image,
        quality: float,
        strength: float = 1.0,
        *,
        encoder_tables: EncoderTables = jpeg.quantization_tables,
        tables: TablePair | None = None,
        padded: bool = False,
    ) -> Carrier:
        """Returns the picture that makes an ordinary encoder write what the model decides.

        Args:
            image: uint8 `(H, W, 3)` RGB or `(H, W)` grey, samples 0..255, or a `PIL.Image.Image`.
            quality: 1..100: the file looks like plain libjpeg's of this quality; need not be a whole number. Not used
                where `tables` are given.
            strength: 0..1; 0 rounds as an encoder does.
            encoder_tables: The encoder's (luma, chroma) tables by quality, to choose a quality from, or the two tables
                that it will use. Default: libjpeg's, which Android, Chromium, Firefox and Pillow use.
            tables: (luma, chroma) tables that the file shall have; None takes the model's tuned ones, or Annex K's if
                it has none.
            padded: Whether the carrier's pixels may be a view of pixels of four bytes each.

        Raises:
            TypeError, ValueError: If an argument is not of its kind, or out of range.
            ModelError: If the model can only edit, and `strength` is not 0.
        """
        if tables is None:
            check_number("quality", quality, 1, 100)
            tables = self.target_tables(quality)
        image = check_image(image, takes_gray=True)
        if self._kernel is not None and image.ndim == 3:
            check_number("strength", strength, 0, 1)
            target = check_tables("tables", tables)
            if strength > 0:
                carrier = carrier_in_one_sweep(
                    self._kernel, image, target, float(strength), encoder_tables, padded
                )
                if carrier is not None:
                    return carrier
        return make_carrier(self.decide(image, tables, strength), encoder_tables, self._threads)

    def target_tables(self, quality: float) -> npt.NDArray[np.uint8]:
        """Returns the model's tables of a quality 1..100, uint8 `(2, 8, 8)`: tuned, or Annex K's if it has none."""
        if self.tuned_tables is None:
            return np.stack(interpolated_tables(quality)).astype(np.uint8)
        return self.tuned_tables.tables(quality)

    def _fill(self, tiles: Tiles, image: Pixels) -> Iterator[tuple[Span, Span]]:
        """Puts one tile of the picture after the other into the buffer, and yields where it lies."""
        height, width = image.shape[:2]
        plan = plan_tiles(
            height,
            width,
            max_pixels=self._tile_pixels,
            alignment=self._alignment,
            overlap=self._overlap,
        )
        for row, column in plan:
            cut(image, row, column, tiles.buffer(plan.tile_height, plan.tile_width))
            yield row, column

    def _make_tiles(self) -> Tiles:
        if self.backend == "litert":
            return LiteRTTiles(self._content, self._threads)
        return OnnxTiles(self._content, self._threads, self._decide_content)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Says in errors which file it was."""
        try:
            yield
        except ModelError as error:
            raise ModelError(f"{self._name}: {error}" if self._name else str(error)) from error

    @contextmanager
    def _borrow(self) -> Iterator[Tiles]:
        with self._lock:
            tiles = self._idle.pop() if self._idle else None
        with self._named():
            if tiles is None:
                tiles = self._make_tiles()
            yield tiles
        # Not in a `finally`: an interpreter that failed is dropped, the next call makes a new one.
        with self._lock:
            self._idle.append(tiles)


def _keep_blocks(
    plane: npt.NDArray[np.int16], tile: npt.NDArray[np.float32], row: Span, column: Span, side: int
) -> None:
    """Copies the blocks of `side` pixels that a tile gives into the picture's plane."""
    # Kept parts start at multiples of 16; the last one ends with the block that holds the picture's end.
    top, bottom = row.keep_from // side, -(-row.keep_to // side)
    left, right = column.keep_from // side, -(-column.keep_to // side)
    first_row, first_column = row.start // side, column.start // side
    plane[top:bottom, left:right] = tile[
        top - first_row : bottom - first_row, left - first_column : right - first_column
    ]


def _to_natural(plane: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    natural = np.empty((*plane.shape[:2], 64), np.int16)
    natural[..., NATURAL_FROM_FREQUENCY] = plane
    return natural.reshape(*plane.shape[:2], 8, 8)
