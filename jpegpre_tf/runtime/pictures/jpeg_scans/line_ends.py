"""Finds files whose line ends were changed by a transfer as text, after which all codes may still be valid."""

import numpy as np

_RETURN, _LINE_FEED = 0x0D, 0x0A
# Each of the other 254 bytes so often at least, and this one never: e^-16 where all are as likely as the rarest.
_RAREST = 16


def has_changed_line_ends(scans: bytes) -> bool:
    """Whether one of the two bytes of line ends never occurs in entropy-coded data where all other bytes do.

    Args:
        scans: Entropy-coded data, perhaps with the headers around it.
    """
    counts = np.bincount(np.frombuffer(scans, np.uint8), minlength=256)
    line_ends = counts[[_RETURN, _LINE_FEED]]
    return bool(line_ends.min() == 0 and np.delete(counts, (_RETURN, _LINE_FEED)).min() >= _RAREST)
