"""Finds the setting of an encoder whose result comes nearest to a target, in as few trials as it can."""

import math
from collections.abc import Callable

# A size target is met when the file is at most this much below it.
SIZE_TOLERANCE = 0.03
# Trials of the fine search; each halves the interval at least.
_MOST_TRIALS = 10


def largest_within(measure: Callable[[int], int], limit: int, low: int, high: int) -> int | None:
    """Returns the largest integer of low..high with `measure` <= limit, where the next one is above it.

    Args:
        measure: Grows with its argument (small dips are tolerated). Called once per value.
        limit: What it may be at most.
        low: First value; None is returned if even this one is above the limit.
        high: Last value.
    """
    known: dict[int, int] = {}

    def value(at: int) -> int:
        if at not in known:
            known[at] = measure(at)
        return known[at]

    guess = min(max(75, low), high)
    below, above = low - 1, high + 1
    while above - below > 1:
        if value(guess) <= limit:
            below = guess
        else:
            above = guess
        guess = _next_guess(known, limit, below, above)
    return below if below >= low else None


def _next_guess(known: dict[int, int], limit: int, below: int, above: int) -> int:
    """Secant in the logarithm, kept inside the open interval; halves it where that promises more."""
    middle = (below + above) // 2
    low, high = known.get(below), known.get(above)
    if low and high and high > low and len(known) < 8:
        share = math.log(max(limit, 1) / low) / math.log(high / low)
        middle = below + round(share * (above - below))
    elif len(known) < 6:
        # One side is not known yet: step away, further each time.
        step = 4 ** len(known)
        middle = below + step if low else above - step
    return min(max(middle, below + 1), above - 1)


def smallest_reaching(measure: Callable[[int], float], least: float, low: int, high: int) -> int | None:
    """Returns the smallest integer of low..high with `measure` >= least, by halving; None if none reaches it."""
    found: int | None = None
    while low <= high:
        middle = (low + high) // 2
        if measure(middle) >= least:
            found, high = middle, middle - 1
        else:
            low = middle + 1
    return found


def fill_up(
    measure: Callable[[float], int], limit: int, least: float, low: float, high: float
) -> float | None:
    """Returns a value of low..high with least <= measure <= limit, or the best below the limit; else None.

    Args:
        measure: Grows with its argument. `low` is known to be within the limit.
        limit: What it may be at most.
        least: What is near enough to the limit.
        low: Not measured again.
        high: The other end; taken if it is within the limit too.
    """
    best: float | None = None
    at, size = high, measure(high)
    for _ in range(_MOST_TRIALS):
        if size <= limit:
            best, low = at, at
            if size >= least or at == high:
                return best
        else:
            high = at
        at = (low + high) / 2
        size = measure(at)
    return at if size <= limit else best
