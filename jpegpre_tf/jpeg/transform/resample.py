"""Chroma resampling and edge padding, as libjpeg does them (jcsample.c, jdsample.c, jcprepct.c)."""

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.signedinteger]  # int16 is enough: sums stay below 16 * 255

# Subsampling -> (horizontal, vertical) luma samples per chroma sample.
FACTORS = {"4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}


def subsampling_factors(subsampling: str) -> tuple[int, int]:
    """Returns (horizontal, vertical) factors.

    Raises:
        ValueError: If `subsampling` is not one of "4:4:4", "4:2:2", "4:2:0".
    """
    if subsampling not in FACTORS:
        raise ValueError(
            f"`subsampling` must be one of {sorted(FACTORS)}. Received: subsampling={subsampling!r}"
        )
    return FACTORS[subsampling]


def pad_edge(plane: Int, height: int, width: int) -> Int:
    """Replicates the last row and column of (H, W) up to (height, width)."""
    return np.pad(plane, ((0, height - plane.shape[0]), (0, width - plane.shape[1])), mode="edge")


def downsample(plane: Int, factors: tuple[int, int]) -> Int:
    """Box average of a full-resolution (H, W) plane with libjpeg's alternating rounding.

    The right edge is replicated before averaging, to whole 8-sample blocks of the result; the bottom edge
    only to an even height (the caller pads the result further). Returns (ceil(H / v), 8 * ceil(W / (8 * h))).
    """
    horizontal, vertical = factors
    width = -(-plane.shape[1] // (8 * horizontal)) * 8 * horizontal
    plane = pad_edge(plane, -(-plane.shape[0] // vertical) * vertical, width)
    if factors == (1, 1):
        return plane
    height = plane.shape[0]
    boxes = plane.reshape(height // vertical, vertical, width // horizontal, horizontal)
    total: Int = boxes.sum(axis=(1, 3), dtype=plane.dtype)
    # The bias alternates along a row so that rounding does not drift: 1, 2 for 2x2 boxes, 0, 1 for 2x1.
    bias = (np.arange(width // horizontal) % 2 + (1 if vertical == 2 else 0)).astype(plane.dtype)
    shift = 2 if vertical == 2 else 1
    return (total + bias) >> shift


def upsample(plane: Int, factors: tuple[int, int], height: int, width: int) -> Int:
    """libjpeg's default ("fancy", triangle) upsampling of unpadded (H, W) chroma to (height, width)."""
    if factors == (1, 1):
        return plane
    _, vertical = factors
    if plane.shape[1] <= 2:  # libjpeg falls back to replication when a row has no interior
        return plane.repeat(vertical, axis=0).repeat(2, axis=1)[:height, :width]
    if vertical == 1:
        return _triangle_columns(plane, 1, 2, 2)[:, :width]
    above = np.concatenate([plane[:1], plane[:-1]])
    below = np.concatenate([plane[1:], plane[-1:]])
    rows = np.stack([3 * plane + above, 3 * plane + below], axis=1).reshape(-1, plane.shape[1])
    return _triangle_columns(rows, 8, 7, 4)[:height, :width]


def _triangle_columns(rows: Int, left_bias: int, right_bias: int, shift: int) -> Int:
    """Doubles the width with weights 3:1; edge samples keep weight 4 : 0."""
    left = np.concatenate([rows[:, :1], rows[:, :-1]], axis=1)
    right = np.concatenate([rows[:, 1:], rows[:, -1:]], axis=1)
    pairs = np.stack(
        [(3 * rows + left + left_bias) >> shift, (3 * rows + right + right_bias) >> shift], axis=2
    )
    return pairs.reshape(rows.shape[0], -1)
