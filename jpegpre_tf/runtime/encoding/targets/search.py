"""Finds the setting of an encoder whose result comes nearest to a target, in as few trials as it can."""

import math
from collections.abc import Callable

# A size target is met when the file is at most this much below it.
SIZE_TOLERANCE = 0.03
# Trials of the fine search; after the first few each halves the interval.
_MOST_TRIALS = 12
_STRAIGHT_TRIALS = 3
_FIRST_GUESS = 75


def largest_within(
    measure: Callable[[int], int],
    limit: int,
    low: int,
    high: int,
    estimate: Callable[[int], int] | None = None,
) -> int | None:
    """Returns the largest integer of low..high with `measure` <= limit, where the next one is above it.

    Args:
        measure: Grows with its argument (small dips are tolerated). Called once per value.
        limit: Largest result allowed.
        low: First value; None is returned if even this one is above the limit.
        high: Last value.
        estimate: A cheaper function, about proportional to `measure`, which saves calls of that.
    """
    known: dict[int, int] = {}
    guess = min(max(_FIRST_GUESS, low), high)
    below, above = low - 1, high + 1
    while above - below > 1:
        known[guess] = measure(guess)
        if known[guess] <= limit:
            below = guess
        else:
            above = guess
        guess = _next_guess(known, limit, below, above, estimate if len(known) < 6 else None)
    return below if below >= low else None


def _next_guess(
    known: dict[int, int], limit: int, below: int, above: int, estimate: Callable[[int], int] | None
) -> int:
    """By the cheaper function, else secant in the logarithm; halves the interval where that fails."""
    middle = (below + above) // 2
    low, high = known.get(below), known.get(above)
    if estimate is not None and above - below > 2:
        near = min(known, key=lambda at: abs(math.log(known[at] / max(limit, 1))))
        wanted = limit * estimate(near) / known[near]
        first, last = below + 1, above - 1
        while first < last:
            at = (first + last + 1) // 2
            first, last = (at, last) if estimate(at) <= wanted else (first, at - 1)
        middle = first
    elif low and high and high > low and len(known) < 8:
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
    measure: Callable[[float], int], limit: int, least: float, low: float, high: float, low_size: int
) -> float | None:
    """Returns a value of low..high with least <= measure <= limit, or the best below the limit; else None.

    Args:
        measure: Grows with its argument, about in a straight line.
        limit: Largest result allowed.
        least: Smallest result that is near enough to the limit.
        low: A value known to be within the limit.
        high: The other end; taken if it is within the limit too.
        low_size: The measure of `low`.
    """
    best: float | None = None
    at, size = high, measure(high)
    high_size = size
    for trial in range(_MOST_TRIALS):
        if size <= limit:
            best, low, low_size = at, at, size
            if size >= least or at == high:
                return best
        else:
            high, high_size = at, size
        share = 0.5
        if trial < _STRAIGHT_TRIALS and high_size > low_size:
            share = min(max(((least + limit) / 2 - low_size) / (high_size - low_size), 0.02), 0.98)
        at = low + share * (high - low)
        size = measure(at)
    return at if size <= limit else best
