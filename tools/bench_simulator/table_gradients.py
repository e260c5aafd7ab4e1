"""Gradients with respect to quality and table entries against finite differences of the real codec."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.quantization import quantization_tables
from tools.bench_simulator.common import crops, print_table, real_scores

_REACH = 3  # qualities to each side: the real codec is a staircase
_ENTRIES = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 2, 1), (0, 0, 4), (0, 4, 4), (1, 0, 0), (1, 1, 0), (1, 1, 1))
_QUANTITIES = ("squared error", "bpp")


@tf.function(jit_compile=True)
def _values(images: tf.Tensor, tables: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    decoded = pipeline.simulate(images, tables, "4:2:0", "identity")
    bits = tf.add_n(list(pipeline.encoded_size(images, tables, "optimized", "4:2:0", "identity")))
    pixels = tf.cast(tf.reduce_prod(tf.shape(images)[1:3]), tf.float32)
    return tf.reduce_mean(tf.square(decoded - images), axis=[1, 2, 3]), bits / pixels


@tf.function(jit_compile=True)
def _table_gradients(images: tf.Tensor, tables: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tables)
        error, rate_bpp = _values(images, tables)
    return tape.gradient(error, tables), tape.gradient(rate_bpp, tables)


def _summary(ours: np.ndarray, real: np.ndarray) -> tuple[str, ...]:
    ratio = ours / real
    within = np.mean((ratio > 0.5) & (ratio < 2))
    return (
        f"{ours.sum() / real.sum():.2f}",
        f"{np.median(ratio):.2f}",
        f"{ratio.min():.2f} .. {ratio.max():.2f}",
        f"{100 * np.mean(ratio > 0):.0f} %",
        f"{100 * within:.0f} %",
    )


_HEADER = ("ratio of sums", "median ratio", "all ratios", "same sign", "within a factor of 2")


def quality(folder: str, limit: int) -> None:
    """d / d quality, per picture."""
    pixels = crops(folder, limit)
    images = tf.constant(pixels, tf.float32)

    def rows() -> Iterator[tuple[object, ...]]:
        for q in (10, 20, 35, 50, 65, 80, 90, 95):
            qualities = tf.fill([len(pixels)], float(q))
            tables = quantization_tables(qualities)
            slopes = [_chain(qualities, gradient) for gradient in _table_gradients(images, tables)]
            low, high = max(q - _REACH, 1), min(q + _REACH, 100)
            real = (real_scores(pixels, pixels, high) - real_scores(pixels, pixels, low)) / (high - low)
            for index, name in enumerate(_QUANTITIES):
                yield q, name, *_summary(slopes[index], real[:, index])

    print_table(
        "Gradient with respect to quality / finite difference of Pillow", ("q", "of", *_HEADER), rows()
    )


def _chain(qualities: tf.Tensor, gradient: tf.Tensor) -> np.ndarray:
    """From the gradient of tables to that of quality."""
    with tf.GradientTape() as tape:
        tape.watch(qualities)
        total = tf.reduce_sum(quantization_tables(qualities) * gradient)
    return tape.gradient(total, qualities).numpy()


def entries(folder: str, limit: int) -> None:
    """d / d one table entry. Differences by the simulator, which equals the real codec."""
    pixels = crops(folder, limit)
    images = tf.constant(pixels, tf.float32)

    def rows() -> Iterator[tuple[object, ...]]:
        for q in (20, 50, 80):
            tables = quantization_tables(tf.fill([len(pixels)], float(q)))
            slopes = [gradient.numpy() for gradient in _table_gradients(images, tables)]
            ours, real = [[], []], [[], []]
            for entry in _ENTRIES:
                move = np.zeros([1, 2, 8, 8], np.float32)
                move[0][entry] = max(1, round(float(tables[0][entry]) / 6))
                ends = [_values(images, tables + sign * move) for sign in (1, -1)]
                for index in range(2):
                    difference = (ends[0][index] - ends[1][index]).numpy() / (2 * move.max())
                    real[index].append(difference.mean())
                    ours[index].append(slopes[index][(slice(None), *entry)].mean())
            for index, name in enumerate(_QUANTITIES):
                yield q, name, *_summary(np.array(ours[index]), np.array(real[index]))

    title = "Gradient with respect to a table entry / finite difference, mean over pictures, of "
    print_table(f"{title}{len(_ENTRIES)} entries {_ENTRIES}", ("q", "of", *_HEADER), rows())
