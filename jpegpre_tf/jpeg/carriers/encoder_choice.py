"""Which quality an ordinary encoder shall be given for a carrier.

Steps of the encoder that are larger than those of the file raise the carrier's contrast, until it is cut at 0 and 255;
steps near one level are too fine for 8-bit samples. The rule was chosen on 24 validation pictures and 13 kinds of hard
ones (text, checkerboards, saturated colors, noise, ...): the lowest quality whose steps keep contrast under 0.6, else
under 0.8, and the next higher ones where a picture needs it. Then none of their coefficients came out otherwise up to
quality 90 with Annex K's tables. Above, files may have steps of one level themselves, and no encoder can write them
from less contrast: there the quality is taken that loses least.
"""

import functools
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.carriers.carrier import clipping
from jpegpre_tf.jpeg.codec import Coefficients

Tables = Sequence[npt.NDArray[np.integer]] | npt.NDArray[np.integer]
TablesOf = Callable[[int], Tables]

CANDIDATES = (60, 70, 75, 80, 85, 90, 93, 95, 96, 97, 98)
_MOST_CONTRAST = 0.6
# Where nothing under it is possible, this: the finest steps leave more coefficients wrong than a little more contrast.
_NEXT_CONTRAST = 0.8
# Where nothing under these is possible.
_LARGEST_CONTRAST = 1.2
# Geometric mean of luma steps, in levels; Annex K's are 2.7 at quality 97, 2.0 at 98, where 1 in 1000 coefficients
# comes out otherwise, and 1.4 at 99, where 1 in 25 does.
_FINEST_STEPS = 1.9
# Part of a picture's pixels that may be cut.
MOST_CLIPPED = 1e-4
# Power spectrum of pictures: falls with the square of the frequency.
_SPECTRUM = 1 / (1 + np.add.outer(np.arange(8) ** 2, np.arange(8) ** 2))


def encoder_quality_for(target_tables: Tables, encoder_tables_of: TablesOf) -> int:
    """Returns the encoder's quality for files of these tables, whatever the picture.

    Args:
        target_tables: (luma, chroma) tables that the file shall have, each (8, 8), 1..255.
        encoder_tables_of: The encoder's (luma, chroma) tables by quality.
    """
    contrasts = _contrasts(target_tables, encoder_tables_of)
    for most in (_MOST_CONTRAST, _NEXT_CONTRAST):
        for quality, contrast in contrasts.items():
            if contrast <= most:
                return quality
    return min(contrasts, key=lambda quality: contrasts[quality])


def choose_encoder_quality(coefficients: Coefficients, encoder_tables_of: TablesOf) -> int:
    """Returns the encoder's quality for one picture: `encoder_quality_for` its tables, or the next that cuts nothing.

    Args:
        coefficients: What the file shall hold, with the tables that it shall have.
        encoder_tables_of: The encoder's (luma, chroma) tables by quality.
    """
    contrasts = _contrasts(coefficients.tables, encoder_tables_of)
    first = encoder_quality_for(coefficients.tables, encoder_tables_of)
    losses = {}
    possible = [
        quality for quality in contrasts if quality >= first or contrasts[quality] <= _LARGEST_CONTRAST
    ]
    for quality in sorted(possible, key=lambda quality: (quality < first, quality)):
        share, squares = clipping(coefficients, list(encoder_tables_of(quality)))
        if share <= MOST_CLIPPED and quality >= first:
            return quality
        # What is cut weighs as much more in the file as its contrast is larger.
        losses[quality] = squares / contrasts[quality] ** 2
    return min(losses, key=lambda quality: losses[quality])


def _contrasts(target_tables: Tables, encoder_tables_of: TablesOf) -> dict[int, float]:
    """Contrast of a typical carrier against its picture's, the larger one of luma and chroma; by usable quality."""
    known = isinstance(encoder_tables_of, Hashable)
    qualities, tables = (_usable_tables if known else _usable_tables.__wrapped__)(encoder_tables_of)
    ratios = tables / np.stack([np.asarray(table, np.float64) for table in target_tables])
    powers = (_SPECTRUM * ratios**2).sum(axis=(2, 3)) / _SPECTRUM.sum()
    return dict(zip(qualities, np.sqrt(powers.max(axis=1)).tolist(), strict=True))


@functools.lru_cache(maxsize=16)
def _usable_tables(encoder_tables_of: TablesOf) -> tuple[tuple[int, ...], npt.NDArray[np.float64]]:
    """The candidates whose steps are not too fine, ascending, and their tables, (candidates, 2, 8, 8)."""
    tables = np.array([list(encoder_tables_of(quality)) for quality in CANDIDATES], np.float64)
    is_usable = np.exp(np.log(tables[:, 0]).mean(axis=(1, 2))) >= _FINEST_STEPS
    is_usable[0] |= not is_usable.any()
    return tuple(np.array(CANDIDATES)[is_usable].tolist()), tables[is_usable]
