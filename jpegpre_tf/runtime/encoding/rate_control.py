"""Chooses quality and strength of one encoding: as asked, or what a target needs."""

import functools
from dataclasses import dataclass

from jpegpre_tf.errors import TargetError
from jpegpre_tf.runtime.encoding.options import EncodeOptions
from jpegpre_tf.runtime.encoding.renderer import Renderer, Score
from jpegpre_tf.runtime.encoding.search import SIZE_TOLERANCE, fill_up, largest_within, smallest_reaching


@dataclass(frozen=True)
class Chosen:
    """Settings, and the file they give, without metadata."""

    quality: float
    strength: float
    jpeg: bytes


class _Trials:
    """Encodes at settings and remembers sizes, and the largest file within the limit."""

    def __init__(self, renderer: Renderer, limit_bytes: int) -> None:
        self._renderer = renderer
        self._limit_bytes = limit_bytes
        self.best: Chosen | None = None

    def size(self, quality: float, strength: float) -> int:
        jpeg = self._renderer.edited(quality, strength)
        if len(jpeg) <= self._limit_bytes and (self.best is None or len(jpeg) > len(self.best.jpeg)):
            self.best = Chosen(quality, strength, jpeg)
        return len(jpeg)

    @property
    def best_size(self) -> int:
        """Of the best file so far, 0 if there is none."""
        return 0 if self.best is None else len(self.best.jpeg)

    def edit_less(self, quality: float, strength: float, least: float, size_bytes: int) -> None:
        """Tries strengths lower than `strength`, which gave `size_bytes`: they make larger files."""

        def size(cut: float) -> int:
            return self.size(quality, strength * (1 - cut))

        if strength > 0:
            fill_up(size, self._limit_bytes, least, 0, 1, size_bytes)


def choose_for_size(renderer: Renderer, limit_bytes: int, strength: float, highest: int) -> Chosen:
    """Returns the largest quality that fits, then a lower strength or tables in between that use up the rest.

    Args:
        renderer: Of the picture.
        limit_bytes: Of the file without metadata.
        strength: The strength asked for.
        highest: Largest quality to consider, 1..100.

    Raises:
        TargetError: If not even quality 1 fits; it tells the smallest size.
    """
    trials = _Trials(renderer, limit_bytes)
    sizes: dict[int, int] = {}

    def size_at(quality: int) -> int:
        sizes[quality] = trials.size(quality, strength)
        return sizes[quality]

    # Files without preprocessing are far cheaper to make, and change with quality in the same way.
    plain_sizes = functools.cache(lambda quality: len(renderer.plain(quality)))
    quality = largest_within(size_at, limit_bytes, 1, highest, plain_sizes)
    if quality is None:
        raise TargetError(sizes[1])
    least = limit_bytes * (1 - SIZE_TOLERANCE)
    # Less editing at the same quality first: any encoder can write that, tables in between not.
    if sizes[quality] < least:
        trials.edit_less(quality, strength, least, sizes[quality])
    if trials.best_size < least and quality < highest and renderer.takes_fractions:
        low, high = float(quality), float(quality + 1)
        fill_up(lambda at: trials.size(at, strength), limit_bytes, least, low, high, sizes[quality])
        if trials.best is not None and trials.best_size < least:
            trials.edit_less(trials.best.quality, trials.best.strength, least, trials.best_size)
    if trials.best is None:  # cannot be: `quality` was within the limit
        raise TargetError(sizes[1])
    return trials.best


def choose_for_score(renderer: Renderer, least: float, strength: float, highest: int, score: Score) -> Chosen:
    """Returns the smallest quality whose file reaches a score.

    Raises:
        TargetError: If not even the highest quality does; it tells the best score.
    """
    measure = renderer.scorer(score)
    files: dict[int, bytes] = {}
    scores: dict[int, float] = {}

    def score_at(quality: int) -> float:
        jpeg = renderer.edited(quality, strength)
        scores[quality] = measure(jpeg)
        if scores[quality] >= least:
            files.clear()
            files[quality] = jpeg
        return scores[quality]

    quality = smallest_reaching(score_at, least, 1, highest)
    if quality is None:
        raise TargetError(max(scores.values()))
    return Chosen(quality, strength, files[quality])


def limited_quality(options: EncodeOptions, quality_input: int | None) -> int:
    """Returns the highest quality that makes sense: that of a JPEG input, unless more is allowed."""
    return 100 if quality_input is None or options.allow_larger else quality_input
