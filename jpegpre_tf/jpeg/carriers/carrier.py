"""The picture that makes an ordinary encoder write given coefficients.

Coefficients times the encoder's steps, through the inverse DCT, are samples; an encoder that is given these samples
finds the coefficients again if rounding to 8 bits moved none by half a step. Three things keep it small:
- Y, Cb and Cr are rounded, not R, G and B. The RGB values that libjpeg decodes from whole Y, Cb, Cr are within half
  a level, and convert back to the same Y, Cb, Cr: rounding RGB adds nothing (as long as it isn't cut at 0 or 255).
- All four pixels of a chroma sample have its Cb and Cr, so that averaging them gives it back.
- The rounding error of a sample is passed on to the samples of its block that are rounded after it, so that errors end
  in high frequencies, where steps are large. Rounded singly, a flat block's samples would all err alike, and its DC
  coefficient be wrong by up to 4 levels.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.codec import Coefficients, encode_coefficients, strip_lines
from jpegpre_tf.jpeg.transform import color
from jpegpre_tf.jpeg.transform.scaled_dct import DCT_SCALES, Float32, inverse_dct

Tables = Sequence[npt.NDArray[np.integer]]
Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int32]
Int16 = npt.NDArray[np.int16]

# Steps are cut here where they weigh errors, in levels: coarser ones need no help, and would let samples stray.
_LARGEST_STEP = 12.0
# Weights of errors are multiples of this, so that whoever computes them otherwise finds the same: it moves the values
# that samples are rounded from by less than 0.01 level.
_WEIGHT_UNIT = 1 / 4096
# Unrounded samples are cut here, in levels: far beyond what can be seen, and small enough for 32-bit sums of any
# coefficients.
_MOST_LEVELS = 8192.0
# Weighs low frequencies a little more, also where steps are equal: flat blocks need it. Measured: 0.03 leaves the
# fewest wrong coefficients of 24 validation pictures at qualities 97 and 98 of Annex K's tables.
_RISING = 1 + 0.03 * np.add.outer(np.arange(8), np.arange(8)).reshape(64)


def _basis() -> Float:
    frequency, sample = np.arange(8)[:, np.newaxis], np.arange(8)
    one = np.cos((2 * sample + 1) * frequency * np.pi / 16) * np.where(frequency == 0, np.sqrt(1 / 8), 0.5)
    basis = np.kron(one, one)
    basis.setflags(write=False)
    return basis


# (64, 64): coefficients = BASIS @ samples of a block, samples = coefficients @ BASIS; orthonormal, natural order.
BASIS = _basis()


def whole_mcus(coefficients: Coefficients) -> tuple[Int16, ...]:
    """Returns the planes of coefficients, completed to whole MCUs of 16x16 pixels (a single plane as it is).

    Blocks beyond the picture repeat the DC of the block before, as libjpeg's do: what costs fewest bits.

    Raises:
        ValueError: If the planes are not those of a 4:2:0 or grey picture of that size.
    """
    result = []
    for plane, (blocks, full) in zip(coefficients.planes, plane_sizes(coefficients), strict=True):
        if plane.shape[:2] == full:
            result.append(plane)
            continue
        whole = np.zeros((*full, 8, 8), plane.dtype)
        whole[: blocks[0], : blocks[1]] = plane
        whole[:, blocks[1] :, 0, 0] = whole[:, blocks[1] - 1 : blocks[1], 0, 0]
        # Below, all blocks of an MCU repeat its last one above.
        whole[blocks[0] :, :, 0, 0] = whole[blocks[0] - 1, 1::2, 0, 0].repeat(2)
        result.append(whole)
    return tuple(result)


def plane_sizes(coefficients: Coefficients) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Returns, for each plane, its rows and columns of blocks that show something, and those of whole MCUs.

    Raises:
        ValueError: If a plane has neither of both sizes, or the picture is not 4:2:0 or grey.
    """
    planes, height, width = coefficients.planes, coefficients.height, coefficients.width
    if len(planes) == 3 and coefficients.subsampling != "4:2:0":
        raise ValueError(f"a carrier must be 4:2:0. Received: subsampling={coefficients.subsampling!r}")
    result = []
    for index, plane in enumerate(planes):
        unit = 8 if index == 0 else 16
        blocks = -(-height // unit), -(-width // unit)
        rows, columns = -(-height // 16), -(-width // 16)
        full = blocks if len(planes) == 1 else (2 * rows, 2 * columns) if index == 0 else (rows, columns)
        if len(planes) not in (1, 3) or plane.shape[2:] != (8, 8) or plane.shape[:2] not in (blocks, full):
            raise ValueError(
                f"plane {index} of a picture of {width}x{height} must be {(*blocks, 8, 8)}. "
                f"Received: {plane.shape} of {len(planes)} planes"
            )
        result.append((blocks, full))
    return result


def carrier_samples(plane: Int16, table: npt.NDArray[np.integer]) -> Float32:
    """Samples of blocks, unrounded and not cut at 0 and 255, but at -8192 and 8192.

    In float32, each operation in the order of export/kernel/src/carrier.h: the kernel in C gives the same numbers.

    Args:
        plane: (rows, columns, 8, 8), quantized.
        table: The encoder's, (8, 8), levels per step.

    Returns:
        (rows, columns, 64).
    """
    scales = (table.reshape(64) * np.outer(DCT_SCALES, DCT_SCALES).reshape(64) / 8).astype(np.float32)
    levels = plane.reshape(-1, 64).T.astype(np.float32) * scales[:, np.newaxis]
    rows = inverse_dct(list(levels.reshape(8, 8, -1)))
    columns = inverse_dct(list(np.stack(rows).swapaxes(0, 1)))
    samples: Float32 = np.stack(columns, axis=1).reshape(64, -1) + np.float32(128)
    samples = np.clip(samples, -_MOST_LEVELS, _MOST_LEVELS)
    return samples.T.reshape(*plane.shape[:2], 64)


def _feedback(table: npt.NDArray[np.integer]) -> Float32:
    """(64, 64): how errors of samples j > i, rounded before, move the value that sample i is rounded from.

    Least squares over whole numbers, one after the other (Babai 1986, nearest plane): the sum over coefficients
    of (error / step)^2 is |R (rounded - samples)|^2 with R upper triangular.
    """
    steps = np.minimum(table.reshape(64), _LARGEST_STEP) * _RISING
    triangle = np.linalg.cholesky((BASIS.T / steps**2) @ BASIS).T
    weights = triangle / np.diag(triangle)[:, np.newaxis]
    feedback: Float32 = (np.rint(weights / _WEIGHT_UNIT) * _WEIGHT_UNIT).astype(np.float32)
    return feedback


def rounded_samples(samples: Float32, table: npt.NDArray[np.integer]) -> Int:
    """Rounds (..., 64) samples of blocks to whole levels; errors go where the steps of `table` are large."""
    feedback = _feedback(table)
    exact = np.ascontiguousarray(samples.reshape(-1, 64).T)
    # What is left to round: the sample less what errors of those rounded before add, one after the other.
    moved, result = exact.copy(), np.empty(exact.shape, np.int32)
    for position in range(63, -1, -1):
        nearest = np.rint(moved[position])
        result[position] = nearest
        error = nearest - exact[position]
        moved[:position] -= feedback[:position, position, np.newaxis] * error
    return result.T.reshape(samples.shape)


def raster(blocks: Int) -> Int:
    """(rows, columns, 64) blocks as a plane of (8 * rows, 8 * columns) samples."""
    rows, columns = blocks.shape[:2]
    return blocks.reshape(rows, columns, 8, 8).swapaxes(1, 2).reshape(8 * rows, 8 * columns)


def blocks_of(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The inverse of `raster`."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    return plane.reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(rows, columns, 64)


def carrier_pixels(coefficients: Coefficients, encoder_tables: Tables) -> npt.NDArray[np.uint8]:
    """Returns the picture whose coefficients an encoder finds to be the given ones.

    Args:
        coefficients: What the file shall hold, 4:2:0 or of one plane. Their own tables play no part.
        encoder_tables: (luma, chroma) tables that the encoder will use, each (8, 8), 1..255.

    Returns:
        uint8 (H, W, 3) RGB with H and W multiples of 16; of one plane (H, W) grey, multiples of 8.

    Raises:
        ValueError: If the coefficients are not those of such a picture.
    """
    return np.concatenate([_pixels_of(strip) for strip in _sample_strips(coefficients, encoder_tables)])


def measured_carrier(
    coefficients: Coefficients, encoder_tables: Tables
) -> tuple[npt.NDArray[np.uint8], float]:
    """Returns `carrier_pixels`, and the part of them that `clipping` says is cut: samples are rounded once for both."""
    parts, excess = [], _Excess()
    for strip in _sample_strips(coefficients, encoder_tables):
        parts.append(_pixels_of(strip))
        excess.add(strip)
    return np.concatenate(parts), excess.share


def wrong_share(pixels: npt.NDArray[np.uint8], coefficients: Coefficients, encoder_tables: Tables) -> float:
    """Returns the part of the coefficients, 0..1, that libjpeg-turbo finds in a carrier to be others.

    Args:
        pixels: The carrier.
        coefficients, encoder_tables: What it was made of, as for `carrier_pixels`.
    """
    luma, chroma = (np.asarray(table) for table in encoder_tables)
    wanted = whole_mcus(coefficients)
    # Whole rows of MCUs are encoded alike alone.
    lines, wrong = strip_lines(pixels.shape[1]), 0
    for top in range(0, len(pixels), lines):
        received = encode_coefficients(pixels[top : top + lines], tables=(luma, chroma)).planes
        for whole, part in zip(wanted, received, strict=True):
            first = top * len(whole) // len(pixels)
            wrong += int(np.count_nonzero(whole[first : first + len(part)] != part))
    return wrong / sum(plane.size for plane in wanted)


def _sample_strips(coefficients: Coefficients, encoder_tables: Tables) -> Iterator[list[Int]]:
    """Rounded samples of all planes, some rows of MCUs at a time; not cut at 0 and 255."""
    planes = whole_mcus(coefficients)
    at_once = strip_lines(coefficients.width) // 16
    for top in range(0, planes[-1].shape[0], at_once):
        strip = []
        for index, plane in enumerate(planes):
            vertical = 2 if index == 0 and len(planes) > 1 else 1
            part = plane[top * vertical : (top + at_once) * vertical]
            table = np.asarray(encoder_tables[min(index, 1)])
            strip.append(raster(rounded_samples(carrier_samples(part, table), table)))
        yield strip


def _pixels_of(strip: list[Int]) -> npt.NDArray[np.uint8]:
    luma, *chroma = strip
    if not chroma:
        return np.clip(luma, 0, 255).astype(np.uint8)
    pair = [plane.repeat(2, axis=0).repeat(2, axis=1) for plane in chroma]
    return color.ycc_to_rgb(np.stack([luma, *pair], axis=-1)).astype(np.uint8)


def clipping(coefficients: Coefficients, encoder_tables: Tables) -> tuple[float, float]:
    """Returns how much of the carrier is cut at 0 or 255.

    Where much is, coefficients come out otherwise: the encoder needs another quality.

    Args:
        coefficients, encoder_tables: As for `carrier_pixels`.

    Returns:
        The part of its pixels, 0..1, that has R, G or B cut by more than a level, and the mean over all pixels of
        the square of the largest cut, in levels.
    """
    excess = _Excess()
    for strip in _sample_strips(coefficients, encoder_tables):
        excess.add(strip)
    return excess.share, excess.mean_square


class _Excess:
    """How far samples are beyond 0 and 255, summed over strips."""

    def __init__(self) -> None:
        self._cut = self._total = 0
        self._squares = 0.0

    @property
    def share(self) -> float:
        return self._cut / self._total

    @property
    def mean_square(self) -> float:
        return self._squares / self._total

    def add(self, strip: list[Int]) -> None:
        luma, *chroma = strip
        smallest = largest = np.int32(0)
        if chroma:
            offsets = color.ycc_offsets(*chroma)
            smallest, largest = (
                bound.repeat(2, axis=0).repeat(2, axis=1)
                for bound in (offsets.min(axis=-1), offsets.max(axis=-1))
            )
        excess = np.maximum(np.maximum(-(luma + smallest), luma + largest - 255), 0)
        self._cut += int((excess > 1).sum())
        self._squares += float((excess.astype(np.float64) ** 2).sum())
        self._total += luma.size
