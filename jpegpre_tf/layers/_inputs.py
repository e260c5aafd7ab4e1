"""Checks of the arguments that the JPEG layers share."""

from typing import Any

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops.quantization import quantization_tables


def check_images(images: Any) -> tf.Tensor:
    """Returns `images` as float32.

    Raises:
        ValueError: If rank is not 4, channels not 3, a size is 0, the dtype is neither floating nor uint8, or
            (when the values are known, outside of `tf.function`) something is not finite.
    """
    images = tf.convert_to_tensor(images)
    if images.shape.rank != 4 or images.shape[-1] != 3:
        raise ValueError(
            f"`images` must have shape (batch, height, width, 3). Received: shape={images.shape}"
        )
    if 0 in images.shape[1:3]:
        raise ValueError(f"`images` must be at least 1x1. Received: shape={images.shape}")
    if not (images.dtype.is_floating or images.dtype == tf.uint8):
        raise ValueError(
            f"`images` must be floating or uint8, in levels 0..255. Received: dtype={images.dtype.name}"
        )
    if tf.executing_eagerly() and images.dtype.is_floating and not tf.reduce_all(tf.math.is_finite(images)):
        raise ValueError("`images` must be finite. Received: NaN or infinity")
    return tf.cast(images, tf.float32)


def check_quality(images: tf.Tensor, quality: Any) -> tf.Tensor:
    """Returns `quality` as float32 (batch,).

    Raises:
        ValueError: If its shape does not fit the batch or (when values are known) it is outside 1..100.
    """
    quality = tf.cast(tf.convert_to_tensor(quality), tf.float32)
    _check_batch("quality", "(batch,)", quality, images, 1)
    _check_range("quality", quality, 1, 100)
    return quality


def tables_of(images: tf.Tensor, quality: Any, tables: Any) -> tf.Tensor:
    """Returns quantization tables (batch, 2, 8, 8) from either `quality` (batch,) or `tables`.

    Raises:
        ValueError: If both or neither are given, shapes do not fit the batch, or (when values are known)
            quality is outside 1..100, or a table entry outside 1..255 or fractional.
    """
    if (quality is None) == (tables is None):
        given = "neither" if quality is None else "both"
        raise ValueError(f"Give either `quality` or `tables`. Received: {given}")
    if quality is not None:
        return quantization_tables(check_quality(images, quality))
    tables = tf.cast(tf.convert_to_tensor(tables), tf.float32)
    _check_batch("tables", "(batch, 2, 8, 8)", tables, images, 4)
    if list(tables.shape[1:]) != [2, 8, 8]:
        raise ValueError(f"`tables` must have shape (batch, 2, 8, 8). Received: shape={tables.shape}")
    _check_range("tables", tables, 1, 255)
    if tf.executing_eagerly() and np.any(np.asarray(tables) % 1):
        raise ValueError("`tables` must be whole numbers, as files store them. Received: fractions")
    return tables


def _check_batch(name: str, expected: str, tensor: tf.Tensor, images: tf.Tensor, rank: int) -> None:
    if tensor.shape.rank != rank or not images.shape[:1].is_compatible_with(tensor.shape[:1]):
        raise ValueError(
            f"`{name}` must have shape {expected} with the batch size of `images` ({images.shape[0]}). "
            f"Received: shape={tensor.shape}"
        )


def _check_range(name: str, tensor: tf.Tensor, low: int, high: int) -> None:
    if not tf.executing_eagerly():
        return  # values are not known yet
    values = np.asarray(tensor)
    if not np.all((values >= low) & (values <= high)):
        raise ValueError(f"`{name}` must be in {low}..{high}. Received: {values.min()}..{values.max()}")
