"""What the gradients are good for: descent judged by the real codec."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.quantization import quantization_tables
from jpegpre_tf.ops.rounding import SURROGATES
from tools.bench_simulator.common import crops, print_table, real_scores

_BLUR = 1.0  # standard deviation, pixels
_STEPS = 8
# Step sizes on half the squared error, found on other pictures; the last step is a tenth of the first and
# more.
_STEP_SIZES = {"identity": 0.2, "cubic": 1.1, "soft": 0.4, "dither": 0.45}
_RATE_WEIGHT = 2.0  # squared error per bit per pixel
_RATE_STEPS = (0.3, 0.5, 1.0)  # root mean square, levels


def _descend(
    start: np.ndarray, sharp: np.ndarray, quality: int, surrogate: str, rate_weight: float
) -> np.ndarray:
    tables = quantization_tables(tf.fill([len(start)], float(quality)))
    target = tf.constant(sharp, tf.float32)

    @tf.function(jit_compile=True)
    def slope(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            decoded = pipeline.simulate(images, tables, "4:2:0", surrogate)
            loss = tf.reduce_sum(tf.square(decoded - target)) / 2.0
            if rate_weight:
                size, _ = pipeline.coded(images, tables, "optimized", "4:2:0", surrogate)
                # Sums over samples: squared error per sample is weighed against bits per pixel.
                loss += 1.5 * rate_weight * tf.reduce_sum(size.luma + size.cb + size.cr)
        return tape.gradient(loss, images)

    images = tf.constant(start, tf.float32)
    for step in range(_STEPS):
        size = _STEP_SIZES[surrogate] * (1 - 0.9 * step / _STEPS)
        images = tf.clip_by_value(images - size * slope(images), 0.0, 255.0)
    return images.numpy()


def descent(folder: str, limit: int) -> None:
    """From a blurred picture towards the sharp one through the simulator, without and with the rate."""
    sharp, blurred = crops(folder, limit), crops(folder, limit, blur=_BLUR)

    def rows() -> Iterator[tuple[object, ...]]:
        for quality in (20, 50, 80):
            before = real_scores(blurred, sharp, quality)
            reached = real_scores(sharp, sharp, quality)
            reduction = 1 - reached[:, 0] / before[:, 0]
            yield (
                quality,
                "the sharp picture itself",
                "",
                f"{100 * reduction.mean():.1f} %",
                "",
                _mean(reached),
            )
            for surrogate in SURROGATES:
                for weight in (0.0, _RATE_WEIGHT):
                    after = real_scores(_descend(blurred, sharp, quality, surrogate, weight), sharp, quality)
                    reduction = 1 - after[:, 0] / before[:, 0]
                    numbers = f"{100 * reduction.mean():.1f} %", f"{100 * reduction.min():.1f} %"
                    yield quality, surrogate, weight, *numbers, _mean(after)

    title = f"Descent: {_STEPS} steps from a blur of {_BLUR} pixels; fall of the real squared error"
    print_table(title, ("q", "surrogate", "rate weight", "mean fall", "least fall", "real bpp"), rows())


def _mean(scores: np.ndarray) -> str:
    return f"{scores[:, 1].mean():.3f}"


def rate(folder: str, limit: int) -> None:
    """One step down the rate gradient: how many real files get smaller, and by how much."""
    sharp = crops(folder, limit)

    def rows() -> Iterator[tuple[object, ...]]:
        for quality in (20, 50, 80):
            tables = quantization_tables(tf.fill([len(sharp)], float(quality)))
            before = real_scores(sharp, sharp, quality)[:, 1]
            for surrogate in SURROGATES:
                slope = _rate_slope(tf.constant(sharp, tf.float32), tables, surrogate).numpy()
                slope /= np.sqrt(np.mean(slope**2, axis=(1, 2, 3), keepdims=True))
                cells = []
                for step in _RATE_STEPS:
                    change = real_scores(sharp - step * slope, sharp, quality)[:, 1] / before - 1
                    cells.append(f"{100 * np.mean(change < 0):.0f} %, {100 * change.mean():+.1f} %")
                yield quality, surrogate, *cells

    header = ("q", "surrogate", *(f"step of {step} levels RMS" for step in _RATE_STEPS))
    print_table("Rate descent: share of real files that shrink, mean change of size", header, rows())


@tf.function(jit_compile=True)
def _rate_slope(images: tf.Tensor, tables: tf.Tensor, surrogate: str) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(images)
        size, _ = pipeline.coded(images, tables, "optimized", "4:2:0", surrogate)
        bits = tf.reduce_sum(size.luma + size.cb + size.cr)
    return tape.gradient(bits, images)
