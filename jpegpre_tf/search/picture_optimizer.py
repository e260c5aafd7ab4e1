"""Optimises the pixels of one picture through the exact layers: for files that are encoded once and served often.

`coefficient_search` does the work, tile by tile, with the whole picture's prices.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf._types import RGBImage
from jpegpre_tf.layers.jpeg_simulator import JPEGSimulator
from jpegpre_tf.layers.rate_estimator import RateEstimator
from jpegpre_tf.losses.metric_names import check_metrics
from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.losses.rate_slopes import HEADER_BPP, HEADER_BYTES, rate_slope
from jpegpre_tf.search.coefficient_search import CoefficientSearch, edit

Planes = list[npt.NDArray[np.float32]]

# Costs nothing of SSIMULACRA2 on validation photos, and keeps PSNR-HVS-M (docs/profiles.md).
GUARD = 0.45
_SQUARED_ERROR = ("psnr_y", "psnr_rgb")
_ALIGNMENT = 16
_SMALLEST = 176  # pixels, for MS-SSIM's five scales
_LARGEST_TILE = 768  # pixels a side: about 2 GB of memory, whatever the picture's size


@dataclass(frozen=True)
class Optimized:
    """Result of `PictureOptimizer`.

    Attributes:
        pixels: uint8 (height, width, 3), to be encoded at the quality that it was optimised for.
        start_loss, loss: Losses of the picture that the search started from, and of the result, in units of ln(rate): a
            difference of -0.02 is a file 2 % smaller at equal quality.
        rounds: How many were made.
    """

    pixels: RGBImage
    start_loss: float
    loss: float
    rounds: int


class PictureOptimizer:
    """Searches for the quantized coefficients of one picture that minimise `BDRate`'s objective.

    Args:
        metrics: Name -> weight, see `BDRate`.
        guard: Share of the perceptual metrics' weight, 0..1, that is spread evenly over all metrics: a search finds
            every weakness of a model of perception, and what is not weighed at all it spends. Squared error has none.
    Made for 4:2:0: the edit works on box-averaged chroma.

    Example:

        optimizer = PictureOptimizer({"psnr_rgb": 1.0})
        edited = runtime.load("fidelity")(pixels, quality=75)
        result = optimizer.optimize(pixels, edited, quality=75)
    """

    def __init__(self, metrics: Mapping[str, float], guard: float = GUARD) -> None:
        check_metrics(list(metrics))
        total = sum(metrics.values())
        if not total > 0:
            raise ValueError(f"`metrics` must have a positive weight. Received: metrics={dict(metrics)}")
        if not 0 <= guard <= 1:
            raise ValueError(f"`guard` must be in 0..1. Received: guard={guard}")
        guard *= 1 - sum(metrics.get(name, 0.0) for name in _SQUARED_ERROR) / total
        weights = {
            name: (1 - guard) * metrics.get(name, 0.0) / total + guard / len(METRICS) for name in METRICS
        }
        self.metrics = {name: weight for name, weight in weights.items() if weight}
        self._simulator = JPEGSimulator()
        self._rate = RateEstimator()
        self.gradients = tf.function(self._gradients)

    def optimize(
        self,
        original: RGBImage,
        start: RGBImage,
        quality: int,
        *,
        rounds: int = 60,
        seed: int = 0,
        progress: Callable[[int, int, float], None] = lambda done, total, gain: None,
    ) -> Optimized:
        """Searches from `start`; the result is never worse than it.

        Args:
            original: uint8 (height, width, 3).
            start: uint8, same shape: what a network made of it, or the original.
            quality: 1..100, the one it will be encoded with.
            rounds: At most so many; the search ends earlier when it finds nothing more.
            seed: Seed of the choice of blocks.
            progress: Called with rounds done, rounds at most, and the loss's change so far (0 or less).

        Raises:
            ValueError: If shapes or types do not fit.
        """
        if original.shape != start.shape or original.ndim != 3 or original.dtype != np.uint8:
            raise ValueError(
                "`original` and `start` must be uint8 (height, width, 3) of one shape. Received: "
                f"{original.dtype} {original.shape}, {start.dtype} {start.shape}"
            )
        tiles = _Tiles(original.shape[0], original.shape[1])
        originals, starts = tiles.cut(original), tiles.cut(start)
        weights = self._weights(originals, starts, quality)
        edited, start_loss, loss, made = [], 0.0, 0.0, 0
        for number, (tile, first, weight) in enumerate(zip(originals, starts, weights, strict=True)):
            before = loss - start_loss

            def tell(done: int, gain: float, number: int = number, before: float = before) -> None:
                progress(number * rounds + done, len(originals) * rounds, before + gain)

            search = CoefficientSearch(self, tile, first, quality, weight, seed + number)
            made += search.run(rounds, tell)
            edited.append(first if search.best_pixels is None else search.best_pixels)
            start_loss, loss = start_loss + search.start_loss, loss + search.best_loss
        return Optimized(tiles.join(edited), start_loss, loss, made)

    def _weights(self, originals: list[RGBImage], starts: list[RGBImage], quality: int) -> list[tf.Tensor]:
        """For each tile the factors of ln(rate) and of each metric: float32 (1 + metrics,).

        The objective is that of the whole picture, linearised: its logarithm of rate changes by a tile's share of the
        bits times the change of the tile's own logarithm, a measure in decibels by the tile's share of the error, and
        SSIMULACRA2 by its share of the area.
        """
        qualities = tf.constant([float(quality)])
        rates, errors = [], []
        for tile, first in zip(originals, starts, strict=True):
            picture, edited = (tf.constant(x[None], tf.float32) for x in (tile, first))
            rate, values = self._measure(picture, edited, qualities)
            rates.append(float(rate))
            errors.append(values.numpy())
        whole_rate = tf.constant([np.mean(rates)], tf.float32)
        slopes = [w * float(rate_slope(name, qualities, whole_rate)[0]) for name, w in self.metrics.items()]
        error = np.array(errors)
        for index, name in enumerate(self.metrics):
            error[:, index] = 1.0 if name == "ssimulacra2" else 10 ** (-error[:, index] / 10)
        shares = np.concatenate(
            [np.array(rates)[:, None] / np.sum(rates), error / error.sum(axis=0) * np.array(slopes)], axis=1
        )
        return [tf.constant(share, tf.float32) for share in shares]

    def _measure(self, original: tf.Tensor, edited: tf.Tensor, quality: tf.Tensor) -> Any:
        """Bits per pixel with a whole picture's share of header, scalar, and the metrics."""
        decoded = self._simulator(edited, quality)
        values = tf.stack([METRICS[name](original, decoded)[0] for name in self.metrics])
        pixels = float(original.shape[1] * original.shape[2])
        header_bpp = 8.0 * HEADER_BYTES / pixels
        rate = tf.maximum(self._rate(edited, quality)[0] - header_bpp, 1e-3) + HEADER_BPP
        return rate, values

    def loss(
        self, original: tf.Tensor, edited: tf.Tensor, quality: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Distortion's part and rate's part of the objective, each scalar."""
        rate, values = self._measure(original, edited, quality)
        return -tf.reduce_sum(weights[1:] * values), weights[0] * tf.math.log(rate)

    def _gradients(
        self,
        original: tf.Tensor,
        tables: tf.Tensor,
        quality: tf.Tensor,
        weights: tf.Tensor,
        *changes: tf.Tensor,
    ) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(changes)
            edited = original + edit(changes, tables)
            distortion, rate = self.loss(original, edited, quality, weights)
        return (
            distortion + rate,
            tape.gradient(distortion, changes),
            tape.gradient(rate, changes),
            tf.clip_by_value(tf.round(edited), 0.0, 255.0),
        )


class _Tiles:
    """Cuts a picture into tiles of one size, a multiple of 16, its last row and column repeated where it ends."""

    def __init__(self, height: int, width: int) -> None:
        self.size = height, width
        self.counts = tuple(-(-side // _LARGEST_TILE) for side in self.size)
        self.tile = tuple(
            max(_SMALLEST, -(-side // (count * _ALIGNMENT)) * _ALIGNMENT)
            for side, count in zip(self.size, self.counts, strict=True)
        )

    def cut(self, picture: RGBImage) -> list[RGBImage]:
        missing = (c * t - s for c, t, s in zip(self.counts, self.tile, self.size, strict=True))
        whole = np.pad(picture, (*((0, count) for count in missing), (0, 0)), mode="edge")
        height, width = self.tile
        return [
            whole[y * height : (y + 1) * height, x * width : (x + 1) * width]
            for y in range(self.counts[0])
            for x in range(self.counts[1])
        ]

    def join(self, tiles: list[RGBImage]) -> RGBImage:
        columns = self.counts[1]
        rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
        return np.ascontiguousarray(np.concatenate(rows)[: self.size[0], : self.size[1]])
