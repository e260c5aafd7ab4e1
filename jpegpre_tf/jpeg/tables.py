"""Quantization tables, their scaling by quality, and the zig-zag order (T.81, Annex K and figure A.6)."""

import numpy as np
import numpy.typing as npt

UInt16 = npt.NDArray[np.uint16]


def _read_only(rows: list[list[int]]) -> UInt16:
    table = np.array(rows, np.uint16)
    table.setflags(write=False)
    return table


# T.81 table K.1, natural order: row = vertical frequency, column = horizontal frequency.
LUMA_TABLE = _read_only(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)

# T.81 table K.2.
CHROMA_TABLE = _read_only(
    [
        [17, 18, 24, 47, 99, 99, 99, 99],
        [18, 21, 26, 66, 99, 99, 99, 99],
        [24, 26, 56, 99, 99, 99, 99, 99],
        [47, 66, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
    ]
)


def _zigzag() -> npt.NDArray[np.int64]:
    def key(index: int) -> tuple[int, int]:
        row, column = divmod(index, 8)
        diagonal = row + column
        return diagonal, row if diagonal % 2 else column

    order = np.array(sorted(range(64), key=key))
    order.setflags(write=False)
    return order


# NATURAL_FROM_ZIGZAG[k] is the row-major index of the k-th coefficient in zig-zag order.
NATURAL_FROM_ZIGZAG = _zigzag()
# Natural index of each coefficient of a block as networks see and give them: by row + column, then by row.
NATURAL_FROM_FREQUENCY = np.array(sorted(range(64), key=lambda k: (k // 8 + k % 8, k)))


def scale_factor(quality: int) -> int:
    """Returns libjpeg's scale in percent for `quality` 1..100 (jpeg_quality_scaling)."""
    if isinstance(quality, bool) or int(quality) != quality or not 1 <= quality <= 100:
        raise ValueError(f"`quality` must be an integer from 1 to 100. Received: quality={quality!r}")
    return 5000 // int(quality) if quality < 50 else 200 - 2 * int(quality)


def scale_table(table: npt.NDArray[np.integer], quality: int) -> UInt16:
    """Scales an 8x8 base table for `quality`, limited to 1..255 as baseline files require.

    Args:
        table: Integer (8, 8), natural order, levels per step at quality 50.
        quality: 1..100.

    Returns:
        uint16 (8, 8), levels per step.
    """
    scaled = (np.asarray(table, np.int64) * scale_factor(quality) + 50) // 100
    return np.clip(scaled, 1, 255).astype(np.uint16)


def quantization_tables(quality: int) -> tuple[UInt16, UInt16]:
    """Returns the (luma, chroma) tables that libjpeg writes at `quality`; each uint16 (8, 8)."""
    return scale_table(LUMA_TABLE, quality), scale_table(CHROMA_TABLE, quality)


def interpolated_tables(quality: float) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Returns the (luma, chroma) tables of a quality 1..100, (8, 8) each, whole number or not.

    Between two whole numbers the entries change to the next quality's one after another, the highest
    frequencies first: files then grow in steps of a few per mille, where scaling all entries by a real number
    jumps whenever many of them round up together.
    """
    lower = quantization_tables(int(quality))
    share = quality - int(quality)
    if share == 0:
        return lower
    upper = quantization_tables(int(quality) + 1)
    changed = NATURAL_FROM_ZIGZAG[64 - round(64 * share) :]
    tables = [table.ravel().copy() for table in lower]
    for table, finer in zip(tables, upper, strict=True):
        table[changed] = finer.ravel()[changed]
    return tables[0].reshape(8, 8), tables[1].reshape(8, 8)
