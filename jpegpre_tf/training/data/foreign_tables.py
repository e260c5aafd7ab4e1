"""Quantization tables that are not ours: what a network must decide well for, beside the tables learned with it."""

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.tuned_tables import BASE_TABLES, log_scale

# MozJPEG's table 3 (jcparam.c, std_luminance_quant_tbl[3], for both kinds of components), by N. Robidoux; natural
# order, at quality 50. Entries above 255 are cut off where the quality does not divide them.
_MOZJPEG = np.array(
    [
        [16, 16, 16, 18, 25, 37, 56, 85],
        [16, 17, 20, 27, 34, 40, 53, 75],
        [16, 20, 24, 31, 43, 62, 91, 135],
        [18, 27, 31, 40, 53, 74, 106, 156],
        [25, 34, 43, 53, 69, 94, 131, 189],
        [37, 40, 62, 74, 94, 124, 169, 238],
        [56, 53, 91, 106, 131, 169, 226, 311],
        [85, 75, 135, 156, 189, 238, 311, 418],
    ],
    np.float64,
)
# What jpegli writes at quality 40 (pyjpegli 0.3, two tables): its own scale with quality is another for each entry.
_JPEGLI = np.array(
    [
        [
            [14, 11, 22, 23, 39, 40, 45, 45],
            [11, 16, 22, 27, 40, 37, 47, 47],
            [22, 22, 28, 32, 40, 46, 44, 49],
            [23, 27, 32, 39, 49, 50, 50, 54],
            [39, 40, 40, 49, 53, 57, 65, 64],
            [40, 37, 46, 50, 57, 63, 59, 71],
            [45, 47, 44, 50, 65, 59, 63, 63],
            [45, 47, 49, 54, 64, 71, 63, 51],
        ],
        [
            [14, 9, 19, 18, 31, 29, 34, 37],
            [9, 15, 19, 20, 29, 26, 32, 34],
            [19, 19, 23, 21, 27, 30, 31, 35],
            [18, 20, 21, 25, 32, 28, 31, 37],
            [31, 29, 27, 32, 25, 38, 29, 36],
            [29, 26, 30, 28, 38, 32, 37, 54],
            [34, 32, 31, 31, 29, 37, 59, 54],
            [37, 34, 35, 37, 36, 54, 54, 255],
        ],
    ],
    np.float64,
)
# Shares of Annex K, MozJPEG's and jpegli's tables; the rest is random.
_SHARES = np.cumsum([0.4, 0.15, 0.1])
# Standard deviations of a random table's logarithm: as a whole, along the diagonal and its square, across it; its DC.
_LOG_DEVIATIONS = np.array([0.35, 0.35, 0.25, 0.35])
_DC_DEVIATION = 0.3


KINDS = ("any", "annex-k", "mozjpeg", "jpegli")


def draw_tables(quality: float, generator: np.random.Generator, kind: str = "any") -> npt.NDArray[np.float32]:
    """Tables of one kind at a quality: float32 (2, 8, 8), natural order, integers 1..255.

    Args:
        quality: 1..100, for the factor on the tables.
        generator: Decides which kind, and a random table's entries.
        kind: One of `KINDS`; "any" draws among the others and random tables.
    """
    known = (BASE_TABLES, np.stack([_MOZJPEG, _MOZJPEG]), _JPEGLI)
    drawn = KINDS.index(kind) - 1
    if kind == "any":
        drawn = int(np.searchsorted(_SHARES, generator.random(), side="right"))
    base = known[drawn] if drawn < len(known) else _random(generator)
    return np.clip(np.round(base * np.exp(log_scale(quality))), 1, 255).astype(np.float32)


def _random(generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Annex K's tables times factors that are smooth over frequencies."""
    row, column = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    along, across = (row + column) / 7 - 1, (row - column) / 7
    shapes = np.stack([np.ones_like(along), along, along**2, across])
    tables = []
    for base in BASE_TABLES:
        table = base * np.exp(np.tensordot(generator.normal(0, _LOG_DEVIATIONS), shapes, 1))
        table[0, 0] *= np.exp(generator.normal(0, _DC_DEVIATION))
        tables.append(table)
    return np.stack(tables)
