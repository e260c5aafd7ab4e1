"""How much rate plain JPEG pays for quality: d ln(rate) / d(metric), fitted.

A gain of one unit of a metric is worth this share of the file. Fitted on crops of pictures by tools/fit/rate_slopes.py
as ln(slope) = quadratic form of (ln of the table's scale, ln of bits per pixel): coefficients in rate_slopes.json.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf.jpeg.codec import FIXED_HEADER_BYTES

FILE = Path(__file__).with_name("rate_slopes.json")
FLOORS = Path(__file__).with_name("rate_floors.json")
# The header of a file (Pillow, optimised Huffman tables) spread over a picture of 0.4 megapixels: a crop of a larger
# picture bears only its share of it.
HEADER_BPP = 0.012
# Header of any file: the fixed part and about what optimised Huffman tables take.
HEADER_BYTES = FIXED_HEADER_BYTES + 300

Numbers: TypeAlias = tf.Tensor | npt.NDArray[np.float64]


def scale_of(quality: Numbers) -> Numbers:
    """Factor on the Annex K tables, before rounding; NumPy or TensorFlow, quality 1..100, at least that of 99."""
    if isinstance(quality, np.ndarray):
        return np.where(quality < 50, 50 / quality, np.maximum(2 - quality / 50, 0.02))
    return tf.where(quality < 50.0, 50.0 / tf.maximum(quality, 1.0), tf.maximum(2.0 - quality / 50.0, 0.02))


def terms(log_scale: Numbers, log_rate: Numbers) -> list[Numbers]:
    """The fit's terms, each of the arguments' shape."""
    return [
        log_scale * 0 + 1,
        log_scale,
        log_rate,
        log_scale * log_scale,
        log_scale * log_rate,
        log_rate * log_rate,
    ]


@functools.cache
def coefficients() -> Mapping[str, list[float]]:
    """Metric -> coefficients of `terms`."""
    fitted: Mapping[str, list[float]] = json.loads(FILE.read_text(encoding="utf-8"))["coefficients"]
    return fitted


@functools.cache
def floor_coefficients() -> list[float]:
    """Coefficients of ln(rate) of nearly flat crops over 1, ln(scale), ln(scale)**2: tools/fit/rate_floors.py."""
    fitted: list[float] = json.loads(FLOORS.read_text(encoding="utf-8"))["coefficients"]
    return fitted


def rate_slope(metric: str, quality: tf.Tensor, rate_bpp: tf.Tensor) -> tf.Tensor:
    """d ln(rate) / d(metric) of plain JPEG, > 0, float32 (batch,).

    Nearly flat crops take hardly any bits, and their slopes would outweigh those of all others: below the rate that 95
    of 100 crops exceed at their quality, the slope is that of this rate.

    Args:
        metric: A name of `METRICS`.
        quality: float32 (batch,), 1..100.
        rate_bpp: float32 (batch,), bits per pixel, header as `HEADER_BPP`.
    """
    log_scale = tf.math.log(scale_of(tf.cast(quality, tf.float32)))
    constant, linear, quadratic = floor_coefficients()
    floor = constant + log_scale * (linear + quadratic * log_scale)
    values = terms(log_scale, tf.maximum(tf.math.log(rate_bpp), floor))
    return tf.exp(tf.add_n([c * v for c, v in zip(coefficients()[metric], values, strict=True)]))
