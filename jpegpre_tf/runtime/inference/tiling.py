"""Cuts a picture of any size into equal tiles whose results meet without seams.

A tile's outer edge lies on the picture's edge or is `overlap` pixels away from every pixel taken from the
tile, so each pixel sees what it would see in the whole picture. All tiles of a picture have one shape,
because changing a network's shape costs far more than running it on a few more pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in pixels: it covers [start, start + size), gives [keep_from, keep_to)."""

    start: int
    keep_from: int
    keep_to: int


@dataclass(frozen=True)
class TilePlan:
    """Tiles of `tile_height` x `tile_width` pixels, the product of `rows` and `columns`."""

    tile_height: int
    tile_width: int
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]

    def __iter__(self) -> Iterator[tuple[Span, Span]]:
        return ((row, column) for row in self.rows for column in self.columns)

    @property
    def pixels(self) -> int:
        """Pixels computed in all, overlaps counted every time."""
        return self.tile_height * self.tile_width * len(self.rows) * len(self.columns)


def plan_tiles(height: int, width: int, *, max_pixels: int, alignment: int, overlap: int) -> TilePlan:
    """Returns the plan that computes the fewest pixels with tiles of at most `max_pixels` pixels.

    Args:
        height: Picture height in pixels, >= 1.
        width: Picture width in pixels, >= 1.
        max_pixels: Bound on a tile's pixels, which bounds memory. Raised to four overlaps squared: smaller
            tiles spend nearly everything on context.
        alignment: Tiles start, and their sides are, at multiples of this many pixels.
        overlap: Pixels of context that an output pixel needs on each side.
    """
    overlap = _round_up(overlap, alignment)
    max_pixels = max(max_pixels, max(alignment, 4 * overlap) ** 2)
    padded_height, padded_width = _round_up(height, alignment), _round_up(width, alignment)
    best: tuple[int, int, int] | None = None
    for row_count in range(1, max(1, (padded_height - 2 * overlap) // max(alignment, 2 * overlap)) + 1):
        tile_height = _tile_size(padded_height, row_count, alignment, overlap)
        widest = max_pixels // tile_height // alignment * alignment
        if widest >= padded_width:
            column_count = 1
        elif widest > 2 * overlap:
            column_count = -(-(padded_width - 2 * overlap) // (widest - 2 * overlap))
        else:
            continue
        tile_width = _tile_size(padded_width, column_count, alignment, overlap)
        candidate = (row_count * tile_height * column_count * tile_width, tile_height, tile_width)
        best = min(best or candidate, candidate)
        if column_count == 1:
            break  # more rows would only add overlap
    if best is None:
        raise ValueError(f"`alignment` and `overlap` leave no tile. Received: {alignment}, {overlap}")
    _, tile_height, tile_width = best
    return TilePlan(
        tile_height,
        tile_width,
        _spans(height, tile_height, alignment, overlap),
        _spans(width, tile_width, alignment, overlap),
    )


def cut(
    image: npt.NDArray[np.uint8],
    row: Span,
    column: Span,
    into: npt.NDArray[np.float32] | npt.NDArray[np.uint8],
) -> None:
    """Copies one tile of `image` into a buffer, replicating the picture's last row and column beyond it.

    Args:
        image: uint8 `(H, W, C)`.
        row: Vertical span of the tile.
        column: Horizontal span of the tile.
        into: float32 or uint8 `(tile_height, tile_width, C)`, overwritten.
    """
    source = image[row.start : row.start + into.shape[0], column.start : column.start + into.shape[1]]
    height, width = source.shape[:2]
    into[:height, :width] = source
    into[:height, width:] = into[:height, width - 1 : width]
    into[height:] = into[height - 1 : height]


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _tile_size(padded: int, count: int, alignment: int, overlap: int) -> int:
    """Smallest aligned size with which `count` tiles cover an aligned length."""
    return min(padded, _round_up(-(-(padded + 2 * overlap * (count - 1)) // count), alignment))


def _spans(length: int, size: int, alignment: int, overlap: int) -> tuple[Span, ...]:
    padded = _round_up(length, alignment)
    starts = [0]
    while starts[-1] + size < padded:
        # The last tile is moved back to end at the picture's end: every tile has the same size.
        starts.append(min(starts[-1] + size - 2 * overlap, padded - size))
    cuts = [0, *(start + overlap for start in starts[1:]), length]
    return tuple(Span(start, cuts[i], cuts[i + 1]) for i, start in enumerate(starts))
