"""Pairs as batches for the trainers."""

import itertools
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import tensorflow as tf

from jpegpre_tf.training.neural.pairs import Pairs

_NAMES = tuple(field.name for field in fields(Pairs))


def pairs_dataset(
    pairs: Pairs,
    *,
    batch_pairs: int,
    seed: int | None = None,
    large: Pairs | None = None,
    first_batch: int = 0,
) -> tf.data.Dataset:
    """Batches `(image, quality, size_bits, luma, cb, cr)`, arrays as in `Pairs`.

    Args:
        batch_pairs: Pairs per batch; of large crops as many as have the same area, at least one.
        seed: Endless and shuffled anew in every round; None: once, in order, the rest of a batch dropped.
        large: Further pairs of another size, as every other batch.
        first_batch: First batch of the endless sequence, where a resumed run goes on.
    """

    def batches() -> Iterator[tuple[Any, ...]]:
        if seed is None:
            for start in range(0, len(pairs.quality) - batch_pairs + 1, batch_pairs):
                yield _take(pairs, np.arange(start, start + batch_pairs))
            return
        sources = [(pairs, _endless(len(pairs.quality), batch_pairs, seed))]
        if large is not None:
            area = large.image.shape[2] ** 2 / pairs.image.shape[2] ** 2
            sources.append((large, _endless(len(large.quality), max(1, round(batch_pairs / area)), seed + 1)))
        for batch, (source, indices) in enumerate(itertools.cycle(sources)):
            index = next(indices)
            if batch >= first_batch:
                yield _take(source, index)

    arrays = [getattr(pairs, name) for name in _NAMES]
    shapes = [[None, *array.shape[1:]] if large is None else _any_size(array) for array in arrays]
    signature = tuple(tf.TensorSpec(shape, array.dtype) for shape, array in zip(shapes, arrays, strict=True))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    if seed is None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(pairs.quality) // batch_pairs))
    return dataset.prefetch(2)


def _any_size(array: Any) -> list[int | None]:
    """Shape with sides unknown: (batch, 2, side, side, channels), or (batch,) or (batch, 2)."""
    return [None, *array.shape[1:]] if array.ndim < 3 else [None, 2, None, None, array.shape[-1]]


def _endless(count: int, batch_pairs: int, seed: int) -> Iterator[Any]:
    """Indices of one batch after another, of `count` pairs."""
    generator = np.random.default_rng(seed)
    batch_pairs = min(batch_pairs, count)
    while True:
        order = generator.permutation(count)
        for start in range(0, count - batch_pairs + 1, batch_pairs):
            yield order[start : start + batch_pairs]


def _take(pairs: Pairs, index: Any) -> tuple[Any, ...]:
    return tuple(getattr(pairs, name)[index] for name in _NAMES)
