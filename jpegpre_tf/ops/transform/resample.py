"""Edge padding and chroma resampling on (batch, height, width) planes, equal to `jpegpre_tf.jpeg`."""

from typing import Any, TypeAlias

import tensorflow as tf

from jpegpre_tf.ops.quantization.rounding import floor_ste

Size: TypeAlias = int | Any  # a dimension: known when the graph is built, or not


def size_of(plane: tf.Tensor, axis: int) -> Size:
    """The dimension as an int when it is static, else as a scalar tensor."""
    static = plane.shape[axis]
    return tf.shape(plane)[axis] if static is None else static


def round_up(size: Size, multiple: int) -> Size:
    """The smallest multiple that is not below `size`."""
    # Not -(-size // multiple): ONNX divides negative integers towards 0.
    return (size + multiple - 1) // multiple * multiple


def pad_edge(plane: tf.Tensor, height: Size, width: Size) -> tf.Tensor:
    """Replicates the last line and column up to (height, width)."""
    for axis, target in ((1, height), (2, width)):
        size = size_of(plane, axis)
        if isinstance(size, int) and isinstance(target, int) and size == target:
            continue
        plane = tf.gather(plane, tf.minimum(tf.range(target), size - 1), axis=axis)
    return plane


def downsample(plane: tf.Tensor, factors: tuple[int, int]) -> tf.Tensor:
    """Box average with libjpeg's alternating rounding; the result's width is a multiple of 8."""
    horizontal, vertical = factors
    plane = pad_edge(
        plane, round_up(size_of(plane, 1), vertical), round_up(size_of(plane, 2), 8 * horizontal)
    )
    if factors == (1, 1):
        return plane
    height, width = size_of(plane, 1) // vertical, size_of(plane, 2) // horizontal
    total = tf.reduce_sum(tf.reshape(plane, [-1, height, vertical, width, horizontal]), axis=[2, 4])
    bias = tf.cast(tf.range(width) % 2 + (1 if vertical == 2 else 0), plane.dtype)
    return floor_ste((total + bias) / float(horizontal * vertical))


def _double_columns(rows: tf.Tensor, left_bias: float, right_bias: float, divisor: float) -> tf.Tensor:
    left = tf.concat([rows[:, :, :1], rows[:, :, :-1]], axis=2)
    right = tf.concat([rows[:, :, 1:], rows[:, :, -1:]], axis=2)
    pairs = tf.stack(
        [
            floor_ste((3.0 * rows + left + left_bias) / divisor),
            floor_ste((3.0 * rows + right + right_bias) / divisor),
        ],
        axis=3,
    )
    return tf.reshape(pairs, [-1, size_of(rows, 1), 2 * size_of(rows, 2)])


def _triangle(plane: tf.Tensor, vertical: int) -> tf.Tensor:
    if vertical == 1:
        return _double_columns(plane, 1.0, 2.0, 4.0)
    above = tf.concat([plane[:, :1], plane[:, :-1]], axis=1)
    below = tf.concat([plane[:, 1:], plane[:, -1:]], axis=1)
    rows = tf.stack([3.0 * plane + above, 3.0 * plane + below], axis=2)
    rows = tf.reshape(rows, [-1, 2 * size_of(plane, 1), size_of(plane, 2)])
    return _double_columns(rows, 8.0, 7.0, 16.0)


def upsample(plane: tf.Tensor, factors: tuple[int, int], height: Size, width: Size) -> tf.Tensor:
    """libjpeg's default (triangle) upsampling of unpadded chroma, cropped to (height, width).

    Chroma at most two samples wide is replicated, as libjpeg does.
    """
    if factors == (1, 1):
        return plane
    vertical = factors[1]

    def replicate() -> tf.Tensor:
        return tf.repeat(tf.repeat(plane, vertical, axis=1), 2, axis=2)

    columns = size_of(plane, 2)
    if isinstance(columns, int):
        doubled = replicate() if columns <= 2 else _triangle(plane, vertical)
    else:
        doubled = tf.cond(columns <= 2, replicate, lambda: _triangle(plane, vertical))
    return doubled[:, :height, :width]
