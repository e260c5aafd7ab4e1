"""Arguments that the JPEG layers share: what may be given, and checks of it."""

import functools
import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops.quantization.quantization import quantization_tables
from jpegpre_tf.ops.tensor_like import TensorLike


class PlainArguments:
    """Lets a layer or model be called with Python numbers and lists, and with all inputs in one list or dict.

    Keras takes tensors and arrays alone as positional arguments; `predict`, and `fit` of a functional model, give all
    inputs at once.
    """

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        call: Any = super().__call__  # type: ignore[misc]
        if len(arguments) == 1:
            (inputs,) = arguments
            if isinstance(inputs, Mapping):
                arguments, options = (), {**inputs, **options}
            elif isinstance(inputs, (list, tuple)) and inputs and len(getattr(inputs[0], "shape", ())) == 4:
                arguments = tuple(inputs)
        kind: Any = type(self)
        names = _call_names(kind)
        given = dict(zip(names, arguments, strict=False))
        twice = sorted(set(given) & set(options))
        if twice or len(arguments) > len(names):
            what = f"`{twice[0]}` twice" if twice else f"{len(arguments)} arguments"
            raise TypeError(f"expected {', '.join(names)}. Received: {what}")
        options = given | options
        if names[0] not in options:
            return call(**options)
        first = options.pop(names[0])
        if isinstance(first, (list, tuple)):
            first = np.asarray(first)
        return call(first, **options)


@functools.cache
def _call_names(kind: Any) -> tuple[str, ...]:
    """Names of what `call` takes by position, without self."""
    return tuple(inspect.signature(kind.call).parameters)[1:]


def check_images(images: TensorLike) -> tf.Tensor:
    """Returns `images` as float32; warns of pictures that look as if they were in 0..1.

    Raises:
        ValueError: If rank is not 4, channels not 3, a size is 0, or the dtype is no number; when the values are known,
            outside of `tf.function`, also if something is not finite, or whole numbers are outside 0..255. Inside,
            and not in XLA, that is tf.errors.InvalidArgumentError.
    """
    try:
        images = tf.convert_to_tensor(images)
    except (TypeError, ValueError):
        raise ValueError(f"`images` must be numbers. Received: {type(images).__name__}") from None
    if images.shape.rank != 4 or images.shape[-1] != 3:
        raise ValueError(
            f"`images` must have shape (batch, height, width, 3). Received: shape={images.shape}"
        )
    if 0 in images.shape[1:3]:
        raise ValueError(f"`images` must be at least 1x1. Received: shape={images.shape}")
    if not (images.dtype.is_floating or images.dtype.is_integer):
        raise ValueError(f"`images` must be numbers, in levels 0..255. Received: dtype={images.dtype.name}")
    if images.dtype == tf.uint8:
        return tf.cast(images, tf.float32)
    if images.dtype.is_integer:
        return check_range("images", tf.cast(images, tf.float32), 0, 255)
    is_finite = tf.reduce_all(tf.math.is_finite(images))
    if not tf.executing_eagerly():
        return tf.cast(_assert("`images` must be finite", is_finite, images), tf.float32)
    if not is_finite:
        raise ValueError("`images` must be finite. Received: NaN or infinity")
    if tf.reduce_max(tf.abs(images)) <= 1.0 and tf.reduce_any(tf.floor(images) != images):
        warnings.warn("`images` look as if they were in 0..1; expected levels 0..255", stacklevel=2)
    return tf.cast(images, tf.float32)


def check_whole_number(name: str, value: object, least: int) -> None:
    """Raises ValueError unless an argument of a constructor is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"`{name}` must be an integer >= {least}. Received: {name}={value!r}")


def as_numbers(name: str, value: TensorLike | None) -> tf.Tensor:
    """Returns an argument as float32.

    Raises:
        ValueError: If it is missing, or anything else than numbers.
    """
    try:
        tensor = tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` must be numbers. Received: {name}={value!r}") from None
    if not (tensor.dtype.is_floating or tensor.dtype.is_integer):
        raise ValueError(f"`{name}` must be numbers. Received: dtype={tensor.dtype.name}")
    return tf.cast(tensor, tf.float32)


def check_quality(images: tf.Tensor, quality: TensorLike) -> tf.Tensor:
    """Returns `quality`, a number, (batch,) or (batch, 1), as float32 (batch,).

    Raises:
        ValueError: If its shape does not fit the batch or (when values are known) it is outside 1..100; inside
            `tf.function` the latter is tf.errors.InvalidArgumentError.
    """
    quality = as_numbers("quality", quality)
    if quality.shape.rank == 0:
        quality = tf.fill(tf.shape(images)[:1], quality)
    elif quality.shape.rank == 2 and quality.shape[1] == 1:
        quality = quality[:, 0]  # as data sets and `keras.Input((1,))` have it
    _check_batch("quality", "(batch,)", quality, images, 1)
    return check_range("quality", quality, 1, 100)


def resolve_tables(images: tf.Tensor, quality: TensorLike | None, tables: TensorLike | None) -> tf.Tensor:
    """Returns quantization tables (batch, 2, 8, 8) from either `quality` (batch,) or `tables`, also (2, 8, 8) for all.

    Raises:
        ValueError: If both or neither are given, shapes do not fit the batch, or (when values are known)
            quality is outside 1..100, or a table entry outside 1..255 or fractional.
    """
    if (quality is None) == (tables is None):
        both = "neither" if quality is None else "both"
        raise ValueError(f"Give either `quality` or `tables`. Received: {both}")
    if quality is not None:
        return quantization_tables(check_quality(images, quality))
    given = as_numbers("tables", tables)
    if given.shape.rank == 3:
        given = tf.repeat(given[tf.newaxis], tf.shape(images)[0], axis=0)
    _check_batch("tables", "(2, 8, 8) or (batch, 2, 8, 8)", given, images, 4)
    if list(given.shape[1:]) != [2, 8, 8]:
        raise ValueError(
            f"`tables` must have shape (2, 8, 8) or (batch, 2, 8, 8). Received: shape={given.shape}"
        )
    given = check_range("tables", given, 1, 255)
    if tf.executing_eagerly() and np.any(np.asarray(given) % 1):
        raise ValueError("`tables` must be whole numbers, as files store them. Received: fractions")
    return given


def _check_batch(name: str, expected: str, tensor: tf.Tensor, images: tf.Tensor, rank: int) -> None:
    if tensor.shape.rank != rank or not images.shape[:1].is_compatible_with(tensor.shape[:1]):
        raise ValueError(
            f"`{name}` must have shape {expected} with the batch size of `images` ({images.shape[0]}). "
            f"Received: shape={tensor.shape}"
        )


def check_range(name: str, tensor: tf.Tensor, low: int, high: int) -> tf.Tensor:
    """Returns `tensor`; raises ValueError, in graphs tf.errors.InvalidArgumentError, unless all is in `low`..`high`."""
    if not tf.executing_eagerly():
        is_inside = tf.reduce_all((tensor >= float(low)) & (tensor <= float(high)))
        return _assert(f"`{name}` must be in {low}..{high}", is_inside, tensor)
    values = np.asarray(tensor)
    if not np.all((values >= low) & (values <= high)):
        raise ValueError(f"`{name}` must be in {low}..{high}. Received: {values.min()}..{values.max()}")
    return tensor


def _assert(message: str, condition: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    """`tensor`, once `condition` has been seen to hold; XLA leaves the check out."""
    check = tf.debugging.Assert(
        condition, [message + ". Received:", tf.reduce_min(tensor), tf.reduce_max(tensor)]
    )
    with tf.control_dependencies([check]):
        return tf.identity(tensor)
