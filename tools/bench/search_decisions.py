"""Which decisions hold what the network leaves: a search of the file's integers, one kind of move at a time.

    python tools/bench/search_decisions.py VALIDATION --profile balanced --limit 6

Starts from what the network decides for the learned tables, and minimizes the profile's objective (`BDRate` with slopes
held) through the exact layers, over moves of one kind: those that the network can make itself, those and lower values
of large coefficients, DC, values above the rounded one. Prints the objective's change in percent of the file, and what
each metric's BD-rate changes by.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf import runtime
from jpegpre_tf.evaluation.pictures import find_pictures
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.losses.rate_slopes import HEADER_BPP, HEADER_BYTES, rate_slope
from jpegpre_tf.models.decision_graph import Components, Decisions
from jpegpre_tf.models.trained import load_preprocessor
from jpegpre_tf.search.coefficient_search import CoefficientSearch, Planes, View
from jpegpre_tf.training.data.crops import load_rgb
from jpegpre_tf.training.decided_file import decode_decisions, rate_of_decisions

QUALITIES = (20, 40, 70)
# Lowest and highest magnitude a search may give a coefficient of rounded magnitude r, and whether DC moves.
KINDS = {
    "the network's own": (lambda r: np.where(r <= 2, np.maximum(r - 1, 0), r), lambda r: r, False),
    "any value lowered by one": (lambda r: np.maximum(r - 1, 0), lambda r: r, False),
    "raised by one": (lambda r: np.where(r <= 2, np.maximum(r - 1, 0), r), lambda r: r + 1, False),
    "DC": (lambda r: np.where(r <= 2, np.maximum(r - 1, 0), r), lambda r: r, True),
    "all": (lambda r: np.maximum(r - 2, 0), lambda r: r + 1, True),
}
_INSIDE = 0.35  # steps between a real coefficient and its tie, for the rate's slope
_LEAST_PAYLOAD_BPP = 0.004


class Weighed:
    """The objective of crops: ln(rate) less each metric times what it is worth, slopes held at the start."""

    def __init__(self, weights: dict[str, float]) -> None:
        self._names = [name for name, weight in weights.items() if weight > 0]
        self._shares = np.array([weights[name] for name in self._names]) / sum(weights.values())
        self._compiled = tf.function(self._look, jit_compile=True)
        self._measured = tf.function(self._measure, jit_compile=True)

    def start(
        self, original: tf.Tensor, tables: npt.NDArray[np.uint8], quality: float, first: Decisions
    ) -> None:
        """Turns to a crop; metrics are worth what they are at the rate of its first decisions."""
        self.original, self.tables = original, tf.constant(tables[None], tf.float32)
        rate = tf.exp(self._measured(first, self.original, self.tables)[0][None])
        qualities = tf.constant([quality], tf.float32)
        self.slopes = tf.stack([rate_slope(name, qualities, rate)[0] for name in METRICS])

    def metrics(self, decisions: Decisions) -> tuple[float, npt.NDArray[np.float32]]:
        """ln(rate), and each metric in units of ln(rate)."""
        rate, values = self._measured(decisions, self.original, self.tables)
        return float(rate), self.slopes.numpy() * values.numpy()

    def look(self, quantized: Planes, real: Planes) -> tuple[float, Planes, Planes]:
        """Loss, and its gradients by distortion and by rate."""
        near = [np.clip(x, q - _INSIDE, q + _INSIDE) for x, q in zip(real, quantized, strict=True)]
        loss, distortion, rate = self._compiled(
            [tf.constant(q[None], tf.float32) for q in quantized],
            [tf.constant(x[None], tf.float32) for x in near],
            self.original,
            self.tables,
            self.slopes,
        )
        return float(loss), [g.numpy()[0] for g in distortion], [g.numpy()[0] for g in rate]

    def _measure(
        self, decisions: Decisions, original: tf.Tensor, tables: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        decoded = decode_decisions(decisions, tables)
        pixels = float(original.shape[1] * original.shape[2])
        rate = rate_of_decisions(decisions, tables)[0] - 8.0 * HEADER_BYTES / pixels
        values = tf.stack([metric(original, decoded)[0] for metric in METRICS.values()])
        return tf.math.log(tf.maximum(rate, _LEAST_PAYLOAD_BPP) + HEADER_BPP), values

    def _look(
        self,
        quantized: list[tf.Tensor],
        real: list[tf.Tensor],
        original: tf.Tensor,
        tables: tf.Tensor,
        slopes: tf.Tensor,
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        weights = np.array(
            [dict(zip(self._names, self._shares, strict=True)).get(name, 0.0) for name in METRICS]
        )
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([quantized, real])
            decisions = Decisions(Components(*quantized), Components(*real))
            rate, values = self._measure(decisions, original, tables)
            distortion = -tf.reduce_sum(tf.constant(weights, tf.float32) * slopes * values)
        return distortion + rate, tape.gradient(distortion, quantized), tape.gradient(rate, real)


class DecisionSearch(CoefficientSearch):
    """`CoefficientSearch` of integers that go straight into the file, within bounds."""

    def __init__(self, weighed: Weighed, start: Decisions, kind: str, seed: int) -> None:
        self.weighed, self.random = weighed, np.random.default_rng(seed)
        self.real = [x.numpy()[0] for x in start.real]
        self.quantized = [q.numpy()[0] for q in start.quantized]
        self.tables = tf.reshape(weighed.tables, [1, 2, 1, 1, 64])
        low, high, self._moves_dc = KINDS[kind]
        magnitudes = [np.floor(np.abs(x) + 0.5) for x in self.real]
        self._bounds = [(low(r), high(r)) for r in magnitudes]
        self._fixed_dc = [q[..., 0].copy() for q in self.quantized]
        self.start_loss = self.best_loss = weighed.look(self.quantized, self.real)[0]
        self.best = self.quantized
        self.share, self.best_pixels = 0.6, None
        energy = [np.sum(np.square(x[..., 1:]), axis=-1) for x in self.real]
        self.classes = [np.clip(np.log2(e + 1), 0, 9).astype(int) for e in energy]
        tables = np.square(self.tables.numpy().reshape(2, 64))
        self.curvature = [np.tile(1e-9 * tables[min(i, 1)], (10, 1)) for i in range(3)]

    def look(self, quantized: Planes) -> View:
        loss, distortion, rate = self.weighed.look(quantized, self.real)
        if loss < self.best_loss:
            self.best_loss, self.best = loss, quantized
        return View(loss, distortion, rate)

    def _move(self, quantized: Planes, view: View, caution: float) -> tuple[Planes, int]:
        """As the parent's, without moves beyond the bounds."""
        result, _ = super()._move(quantized, view, caution)
        moved = 0
        for i, (old, new) in enumerate(zip(quantized, result, strict=True)):
            low, high = self._bounds[i]
            sign = np.where(self.real[i] < 0, -1.0, 1.0)
            magnitude = new * sign
            outside = (magnitude < low) | (magnitude > high)
            outside[..., 0] = not self._moves_dc
            new[outside] = old[outside]
            moved += int(np.count_nonzero(new != old))
        return result, max(moved, 1)


def search_crop(
    weighed: Weighed, start: Decisions, kinds: list[str], rounds: int, seed: int
) -> dict[str, npt.NDArray[np.float64]]:
    """By kind of move: change of the objective and of each metric's BD-rate, in units of ln(rate)."""
    rate, worth = weighed.metrics(start)
    found = {}
    for kind in kinds:
        search = DecisionSearch(weighed, start, kind, seed)
        search.run(rounds, lambda done, gain: None)
        planes = Components(*(tf.constant(q[None], tf.float32) for q in search.best))
        new_rate, new_worth = weighed.metrics(Decisions(planes, planes))
        found[kind] = np.array(
            [search.best_loss - search.start_loss, *((new_rate - rate) - (new_worth - worth))]
        )
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path)
    parser.add_argument(
        "--profile", default="balanced", help="name, or folder of model.keras and tables.json"
    )
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="repeatable (default: all)")
    parser.add_argument("--limit", type=int, default=6)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    found = runtime.find_model(arguments.profile)
    model, tables = (
        load_preprocessor(found.path / "model.keras"),
        TunedTables.read(found.path / "tables.json"),
    )
    weighed = Weighed(found.card.objective)
    decide = tf.function(lambda image, table: model.decide(image, table, tf.ones([1])), jit_compile=True)
    kinds = arguments.kind or list(KINDS)
    results: dict[str, list] = {}
    for name, path in list(find_pictures([arguments.pictures]).items())[: arguments.limit]:
        picture = load_rgb(path)
        top, left = ((side - arguments.size) // 2 for side in picture.shape[:2])
        crop = picture[top : top + arguments.size, left : left + arguments.size]
        image = tf.constant(crop[None], tf.float32)
        for quality in QUALITIES:
            chosen = tables.tables(quality)
            start = decide(image, tf.constant(chosen[None], tf.float32))
            weighed.start(image, chosen, quality, start)
            for kind, values in search_crop(weighed, start, kinds, arguments.rounds, arguments.seed).items():
                results.setdefault(kind, []).append(values)
        print(f"{name}: {results_of(results)}", file=sys.stderr, flush=True)
    print("\n| moves | objective | " + " | ".join(METRICS) + " |")
    for kind, values in results.items():
        print(f"| {kind} | " + " | ".join(f"{100 * v:+.1f}" for v in np.mean(values, axis=0)) + " |")
    return 0


def results_of(results: dict[str, list]) -> str:
    return ", ".join(
        f"{kind} {100 * np.mean([v[0] for v in values]):+.2f} %" for kind, values in results.items()
    )


if __name__ == "__main__":
    sys.exit(main())
