"""Which quality an ordinary encoder shall be given for a carrier.

Steps of the encoder that are larger than those of the file raise the carrier's contrast, until it is cut at 0 and 255;
steps near one level are too fine for 8-bit samples. The rule was chosen on 24 validation pictures and 13 kinds of hard
ones (text, checkerboards, saturated colors, noise, ...): the lowest quality whose steps keep contrast under 0.6, and
the next higher ones where a picture needs it. Then none of their coefficients came out otherwise up to quality 90 with
Annex K's tables. Above, files have steps of one level themselves, and no encoder can write them from less contrast.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.carrier import clipped_share
from jpegpre_tf.jpeg.codec import Coefficients

Tables = Sequence[npt.NDArray[np.integer]]

CANDIDATES = (60, 70, 75, 80, 85, 90, 93, 95, 96, 97)
_MOST_CONTRAST = 0.6
# Geometric mean of luma steps, in levels; Annex K's are 2.7 at quality 97 and 1.9 at 98, where 1 in 500 coefficients
# comes out otherwise.
_FINEST_STEPS = 2.2
# Part of a picture's pixels that may be cut.
_MOST_CLIPPED = 1e-4
# Power spectrum of pictures: falls with the square of the frequency.
_SPECTRUM = 1 / (1 + np.add.outer(np.arange(8) ** 2, np.arange(8) ** 2))


def encoder_quality_for(target_tables: Tables, encoder_tables_of: Callable[[int], Tables]) -> int:
    """Returns the encoder's quality for files of these tables, whatever the picture.

    Args:
        target_tables: (luma, chroma) tables that the file shall have, each (8, 8), 1..255.
        encoder_tables_of: The encoder's (luma, chroma) tables by quality.
    """
    usable = _usable(encoder_tables_of)
    for quality in usable:
        if _contrast(encoder_tables_of(quality), target_tables) <= _MOST_CONTRAST:
            return quality
    return usable[-1]


def choose_encoder_quality(coefficients: Coefficients, encoder_tables_of: Callable[[int], Tables]) -> int:
    """Returns the encoder's quality for one picture: `encoder_quality_for` its tables, or the next that cuts nothing.

    Args:
        coefficients: What the file shall hold, with the tables that it shall have.
        encoder_tables_of: The encoder's (luma, chroma) tables by quality.
    """
    first = encoder_quality_for(coefficients.tables, encoder_tables_of)
    shares = {}
    for quality in _usable(encoder_tables_of):
        if quality >= first:
            shares[quality] = clipped_share(coefficients, encoder_tables_of(quality))
            if shares[quality] <= _MOST_CLIPPED:
                return quality
    return min(shares, key=lambda quality: shares[quality])


def _usable(encoder_tables_of: Callable[[int], Tables]) -> list[int]:
    fine = [
        quality
        for quality in CANDIDATES
        if np.exp(np.log(np.asarray(encoder_tables_of(quality)[0], np.float64)).mean()) >= _FINEST_STEPS
    ]
    return fine or [CANDIDATES[0]]


def _contrast(encoder_tables: Tables, target_tables: Tables) -> float:
    """Contrast of a typical carrier against its picture's, the larger one of luma and chroma."""
    ratios = [
        np.asarray(own, np.float64) / target
        for own, target in zip(encoder_tables, target_tables, strict=True)
    ]
    return max(float(np.sqrt((_SPECTRUM * ratio**2).sum() / _SPECTRUM.sum())) for ratio in ratios)
