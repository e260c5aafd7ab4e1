"""Chooses quality and strength of one encoding: as asked, or what a target needs."""

import functools
from dataclasses import dataclass

from jpegpre_tf.errors import TargetError
from jpegpre_tf.runtime.encoding.options import EncodeOptions
from jpegpre_tf.runtime.encoding.rendering.rendered import Rendered
from jpegpre_tf.runtime.encoding.rendering.renderer import Renderer, Score
from jpegpre_tf.runtime.encoding.targets.search import (
    SIZE_TOLERANCE,
    fill_up,
    largest_within,
    smallest_reaching,
)


@dataclass(frozen=True)
class Choice:
    """Settings, and the file they give.

    Attributes:
        quality: 1..100.
        strength: 0..1.
        rendered: The file, without metadata; None where the input's own bytes are kept.
    """

    quality: float
    strength: float
    rendered: Rendered | None


# Among the qualities up to this the smallest file is looked for, where a size is out of reach.
_LOW_QUALITIES = 4


class _Trials:
    """Encodes at settings and remembers the largest file within the limit: `best`, of `best_size` bytes."""

    def __init__(self, renderer: Renderer, limit_bytes: int) -> None:
        self._renderer = renderer
        self._limit_bytes = limit_bytes
        self.best: Choice | None = None
        self.best_size = 0

    def size(self, quality: float, strength: float) -> int:
        rendered = self._renderer.render(quality, strength)
        if self.best_size < rendered.size_bytes <= self._limit_bytes:
            self.best = Choice(quality, strength, rendered)
            self.best_size = rendered.size_bytes
        return rendered.size_bytes

    def edit_less(self, quality: float, strength: float, least: float, size_bytes: int) -> None:
        """Tries strengths below `strength`, which gave `size_bytes`: they make larger files."""

        def size(cut: float) -> int:
            return self.size(quality, strength * (1 - cut))

        if strength > 0:
            fill_up(size, self._limit_bytes, least, 0, 1, size_bytes)


def choose_for_size(renderer: Renderer, limit_bytes: int, strength: float, highest: int) -> Choice:
    """Returns the largest quality that fits; a lower strength or tables in between then use up the rest.

    Args:
        renderer: The picture's renderer.
        limit_bytes: Largest size of the file without metadata.
        strength: Strength asked for, 0..1.
        highest: Largest quality to consider, 1..100.

    Raises:
        TargetError: If none of the lowest qualities fits; it tells the smallest size.
    """
    trials = _Trials(renderer, limit_bytes)
    sizes: dict[int, int] = {}

    def size_at(quality: int) -> int:
        sizes[quality] = trials.size(quality, strength)
        return sizes[quality]

    # Files without preprocessing are far cheaper to make, and change with quality in the same way.
    plain_sizes = functools.cache(lambda quality: renderer.render_plain(quality).size_bytes)
    quality = largest_within(size_at, limit_bytes, 1, highest, plain_sizes)
    if quality is None:
        # Where most entries of the tables are at their ends, the next quality's file may be the smaller one.
        for at in range(2, min(_LOW_QUALITIES, highest) + 1):
            size_at(at)
        fitting = [at for at in sizes if sizes[at] <= limit_bytes]
        if not fitting:
            raise TargetError(min(sizes.values()))
        quality = max(fitting)
    least = limit_bytes * (1 - SIZE_TOLERANCE)
    # Pixels that are edited less come first: any encoder can write them, and tables in between not.
    if sizes[quality] < least and not renderer.prefers_fractions:
        trials.edit_less(quality, strength, least, sizes[quality])
    if trials.best_size < least and quality < highest and renderer.takes_fractions:
        low, high = float(quality), float(quality + 1)
        fill_up(lambda at: trials.size(at, strength), limit_bytes, least, low, high, sizes[quality])
        if trials.best is not None and trials.best_size < least:
            trials.edit_less(trials.best.quality, trials.best.strength, least, trials.best_size)
    if trials.best is None:  # cannot be: `quality` was within the limit
        raise TargetError(min(sizes.values()))
    return trials.best


def choose_for_score(renderer: Renderer, least: float, strength: float, highest: int, score: Score) -> Choice:
    """Returns the smallest quality whose file reaches a score.

    Raises:
        TargetError: If not even the highest quality does; it tells the best score.
    """
    measure = renderer.make_scorer(score)
    files: dict[int, Rendered] = {}
    scores: dict[int, float] = {}

    def score_at(quality: int) -> float:
        rendered = renderer.render(quality, strength)
        scores[quality] = measure(rendered.jpeg)
        if scores[quality] >= least:
            files.clear()
            files[quality] = rendered
        return scores[quality]

    quality = smallest_reaching(score_at, least, 1, highest)
    if quality is None:
        raise TargetError(max(scores.values()))
    return Choice(quality, strength, files[quality])


def highest_quality(options: EncodeOptions, quality_input: int | None) -> int:
    """Returns the highest quality that makes sense: that of a JPEG input, unless more is allowed."""
    return 100 if quality_input is None or options.allow_larger else quality_input
