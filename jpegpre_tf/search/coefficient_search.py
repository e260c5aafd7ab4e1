"""The search for the best quantized coefficients of one picture or tile.

The search moves quantized coefficients one at a time, as a trellis does, but judges every move by the whole
objective: the exact file size and any mix of quality metrics. Each round computes the gradients of distortion and of
rate with respect to every coefficient, predicts what moving it by one would change (the distortion's curvature is
measured, the rate's slope already is a count of bits), takes the best move of some blocks, and looks again. Pixels
follow from them: the picture plus the inverse DCT of the smallest change that makes the encoder choose them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf._types import RGBImage
from jpegpre_tf.ops.quantization.quantization import quantization_tables
from jpegpre_tf.ops.transform import real_dct

Planes = list[npt.NDArray[np.float32]]

# Steps that a coefficient keeps from its tie, where the table allows it: rounding pixels to levels adds noise.
_INSIDE = 0.35
_ENERGY_CLASSES = 10  # octaves of a block's AC energy in squared steps
# Blocks that may move in one round: neighbours judge each other's old values.
_SHARE_OF_BLOCKS = 0.6
_LEAST_SHARE = 0.05
_PROBES = 4
_PSEUDO_COUNT = 8  # moves that the present curvature counts for against those that were made
_SHARE_OF_PROBED = 0.08
_PATIENCE = 7  # rounds without a better picture


@dataclass
class View:
    """What one look at a picture tells; gradients and reals per component, float32 (rows, columns, 64)."""

    loss: float
    distortion: Planes
    rate: Planes


class Objective(Protocol):
    """What the search asks about an edited picture."""

    def loss(
        self, original: tf.Tensor, edited: tf.Tensor, quality: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Distortion's part and rate's part of what is minimised, each scalar."""

    def gradients(
        self,
        original: tf.Tensor,
        tables: tf.Tensor,
        quality: tf.Tensor,
        weights: tf.Tensor,
        *changes: tf.Tensor,
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor], tf.Tensor]:
        """Loss, gradients of its two parts with respect to changes in steps, and the edited picture."""


def edit(changes: Sequence[tf.Tensor], tables: tf.Tensor) -> tf.Tensor:
    """Change of RGB levels from changes of Y, Cb and Cr coefficients in steps."""
    luma, *chroma = (real_dct.inverse(change * tables[:, min(i, 1)]) for i, change in enumerate(changes))
    doubled = [tf.repeat(tf.repeat(plane, 2, axis=1), 2, axis=2) for plane in chroma]
    return real_dct.ycc_to_rgb(tf.concat([luma, *doubled], axis=-1))


def _steps(picture: tf.Tensor, tables: tf.Tensor) -> Planes:
    """Coefficients of Y, Cb and Cr in steps, not rounded, as the encoder sees them."""
    ycc = real_dct.rgb_to_ycc(picture - 128.0)
    pooled = tf.nn.avg_pool2d(ycc[..., 1:], 2, 2, "VALID")
    planes = [ycc[..., :1], pooled[..., :1], pooled[..., 1:]]
    return [(real_dct.forward(p) / tables[:, min(i, 1)]).numpy()[0] for i, p in enumerate(planes)]


class CoefficientSearch:
    """State of one tile's search."""

    def __init__(
        self,
        objective: Objective,
        original: RGBImage,
        start: RGBImage,
        quality: int,
        weights: tf.Tensor,
        seed: int,
    ) -> None:
        self.objective = objective
        self.random = np.random.default_rng(seed)
        self.original = tf.constant(original[None], tf.float32)
        self.quality = tf.constant([float(quality)])
        self.tables = tf.reshape(quantization_tables(self.quality), [1, 2, 1, 1, 64])
        self.real = _steps(self.original, self.tables)
        first = tf.constant(start[None], tf.float32)
        self.quantized = [np.round(steps) for steps in _steps(first, self.tables)]
        self.weights = weights
        self.start_loss = float(sum(objective.loss(self.original, first, self.quality, weights)))
        self.best_loss = self.start_loss
        self.share = _SHARE_OF_BLOCKS
        self.best_pixels: RGBImage | None = None
        energy = [np.sum(np.square(steps[..., 1:]), axis=-1) for steps in self.real]
        self.classes = [np.clip(np.log2(e + 1), 0, _ENERGY_CLASSES - 1).astype(int) for e in energy]
        # By class and frequency; in proportion to squared steps, as a squared error's, until it is measured.
        tables = np.square(self.tables.numpy().reshape(2, 64))
        self.curvature = [np.tile(tables[min(i, 1)], (_ENERGY_CLASSES, 1)) for i in range(3)]

    def look(self, quantized: Planes) -> View:
        """Loss and gradients at `quantized`; keeps the picture if it is the best so far."""
        changes = [
            tf.constant((np.clip(x, plane - _INSIDE, plane + _INSIDE) - x)[None], tf.float32)
            for x, plane in zip(self.real, quantized, strict=True)
        ]
        loss, distortion, rate, pixels = self.objective.gradients(
            self.original, self.tables, self.quality, self.weights, *changes
        )
        loss = float(loss)
        if loss < self.best_loss:
            self.best_loss = loss
            self.best_pixels = pixels.numpy()[0].astype(np.uint8)
        return View(loss, [g.numpy()[0] for g in distortion], [g.numpy()[0] for g in rate])

    def run(self, rounds: int, progress: Callable[[int, float], None]) -> int:
        """Searches; returns the rounds made. `progress` is called with rounds done and the loss's change."""
        view = self.look(self.quantized)
        self._probe(view)
        kept, kept_view = self.quantized, view
        caution, stale = 1.0, 0
        for done in range(1, rounds + 1):
            quantized, moved = self._move(kept, kept_view, caution)
            if not moved:
                return done
            view = self.look(quantized)
            self._learn(kept, quantized, kept_view, view)
            if view.loss < kept_view.loss:
                stale = 0 if view.loss < kept_view.loss - 1e-4 else stale + 1
                kept, kept_view = quantized, view
                self.share = min(_SHARE_OF_BLOCKS, 1.2 * self.share)
                caution = max(1.0, 0.97 * caution)
            else:
                # Too many moves at once spoil each other.
                self.share = max(_LEAST_SHARE, 0.5 * self.share)
                caution *= 1.15
                stale += 1
            progress(done, self.best_loss - self.start_loss)
            if stale >= _PATIENCE:
                return done
        return rounds

    def _probe(self, view: View) -> None:
        """Measures the distortion's curvature: moves one coefficient of a few blocks and compares gradients there.

        Of a few: metrics are logarithms, whose slopes fall when the whole picture gets worse.
        """
        for _ in range(_PROBES):
            probe = []
            for quantized in self.quantized:
                moved = quantized.copy()
                index = self.random.integers(0, 64, quantized.shape[:2])[..., None]
                step = self.random.choice([-1.0, 1.0], index.shape)
                step *= self.random.random(index.shape) < _SHARE_OF_PROBED
                np.put_along_axis(moved, index, np.take_along_axis(quantized, index, 2) + step, 2)
                probe.append(moved)
            self._learn(self.quantized, probe, view, self.look(probe))

    def _learn(self, old: Planes, new: Planes, before: View, after: View) -> None:
        """Corrects the curvatures by moves that were made: all of them, then by class of blocks and by frequency."""
        for component in range(3):
            step = new[component] - old[component]
            where = np.nonzero(step)
            if len(where[0]) < _PSEUDO_COUNT:
                continue
            change = ((after.distortion[component] - before.distortion[component]) * step)[where]
            classes, frequencies = self.classes[component][where[:2]], where[2]
            curvature = self.curvature[component]
            expected = curvature[classes, frequencies]
            # What is not positive (a measure's own masking, or noise) says nothing about a parabola.
            overall = float(change.sum() / expected.sum())
            if overall <= 0:
                continue
            curvature *= overall
            for axis, groups, count in ((0, classes, _ENERGY_CLASSES), (1, frequencies, 64)):
                expected = curvature[classes, frequencies]
                prior = _PSEUDO_COUNT * float(expected.mean())
                ratio = (np.bincount(groups, change, count) + prior) / (
                    np.bincount(groups, expected, count) + prior
                )
                curvature *= np.expand_dims(np.clip(ratio, 0.2, 5.0), 1 - axis)

    def _move(self, quantized: Planes, view: View, caution: float) -> tuple[Planes, int]:
        """Levels after the best predicted move of some of the blocks, and how many moved."""
        result, moved = [], 0
        for component in range(3):
            plane, slope, bits = quantized[component], view.distortion[component], view.rate[component]
            half = 0.5 * caution * self.curvature[component][self.classes[component]]
            away = np.where(plane != 0, np.sign(plane), -np.sign(slope))
            # The rate's slope points away from zero; around zero noise decides its sign.
            cost = np.where(plane != 0, bits * np.sign(plane), np.abs(bits))
            cost[..., 0] = (bits * away)[..., 0]
            # At the top of a category the slope tells the cost of the step below, not of the dearer one above.
            top = np.isin(np.abs(plane), (3, 7, 15, 31, 63, 127, 255, 511))
            top[..., 0] = False
            grow = np.where(top, np.inf, slope * away + half + cost)
            shrink = np.where(plane != 0, -slope * away + half - cost, np.inf)
            gain = np.minimum(grow, shrink)
            best = np.argmin(gain, axis=-1)[..., None]
            chosen = np.take_along_axis(gain, best, 2)
            go = (chosen < 0) & (self.random.random(chosen.shape) < self.share)
            step = np.take_along_axis(np.where(shrink < grow, -away, away), best, 2)
            new = plane.copy()
            np.put_along_axis(new, best, np.take_along_axis(plane, best, 2) + np.where(go, step, 0.0), 2)
            result.append(new)
            moved += int(np.count_nonzero(go))
        return result, moved
