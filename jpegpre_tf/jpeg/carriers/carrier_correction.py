"""A second pass over a carrier: samples moved by a level where a coefficient would come out otherwise, or nearly so.

The encoder's samples are computed exactly from the carrier's pixels, its coefficients to within a tenth of a level. In
each block with a coefficient near the edge of its step, samples are moved one by one, always the one that lowers the
sum over coefficients of (error / half step)^8 most: a smooth form of the largest of them.

Whatever is summed are whole multiples of a power of 2, and sums have less than 53 bits: they are exact in any order, so
that other implementations (export/android) find the same pixels.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.carriers.carrier import BASIS, blocks_of, raster, whole_mcus
from jpegpre_tf.jpeg.codec import Coefficients, strip_lines
from jpegpre_tf.jpeg.transform import color, resample

Tables = Sequence[npt.NDArray[np.integer]]
Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]

# Errors are counted in parts of a level, gains in the product of the other two.
_ERROR_UNIT, _POWER_UNIT, _BASIS_UNIT = 1 / 65536, 1 / 1048576, 1 / 4096
# A coefficient this near to the edge of its step, in levels, counts as wrong: the encoder's integer DCT differs from
# the exact one by up to 0.1 level.
_MARGIN = 7864 * _ERROR_UNIT
_MOST_MOVES = 40
_ROUNDS = 2
# Half steps. What is further off was cut at 0 or 255, and can't be mended by single levels.
_LARGEST_ERROR = 4.0
# Chroma moves only where R, G and B of all four pixels keep this distance from 0 and 255: moving Cb or Cr by
# one moves them by up to 1.8.
_CHROMA_ROOM = 4

# (64, 64) as BASIS, in units.
_ERROR_BASIS: Float = np.rint(BASIS / _ERROR_UNIT) * _ERROR_UNIT
_SLOPE_BASIS: Float = np.rint(BASIS / _BASIS_UNIT)
_CURVATURE_BASIS: Float = np.rint(BASIS**2 / _BASIS_UNIT)


def corrected_pixels(pixels: UInt8, coefficients: Coefficients, encoder_tables: Tables) -> UInt8:
    """Returns a carrier whose coefficients come out as decided more often than those of `pixels`.

    Args:
        pixels: Result of `carrier_pixels` for the same coefficients and tables.
        coefficients: What the file shall hold.
        encoder_tables: (luma, chroma) tables that the encoder will use.

    Returns:
        uint8, the shape of `pixels`; the same pixels in all blocks that were right with some margin.
    """
    planes = whole_mcus(coefficients)
    result = pixels.copy()
    vertical = 1 if len(planes) == 1 else 2
    step = strip_lines(coefficients.width) // 16
    for top in range(0, planes[-1].shape[0], step):
        strip = result[top * 8 * vertical : (top + step) * 8 * vertical]
        wanted = [
            plane[top * (vertical if index == 0 else 1) :][: step * (vertical if index == 0 else 1)]
            for index, plane in enumerate(planes)
        ]
        for _ in range(_ROUNDS):
            if not _correct(strip, wanted, encoder_tables):
                break
    return result


def _correct(strip: UInt8, wanted: Sequence[npt.NDArray[np.int16]], tables: Tables) -> bool:
    """Moves samples of a strip in place; returns whether any."""
    if strip.ndim == 2:
        moves = _luma_moves(strip[..., np.newaxis], strip.astype(np.int32), wanted[0], tables[0])
        strip += moves.astype(np.uint8)  # modulo 256: -1 is 255
        return bool(moves.any())
    ycc = _ycc_of(strip)
    lowest, highest = strip.min(axis=-1), strip.max(axis=-1)
    cells = strip.shape[0] // 2, 2, strip.shape[1] // 2, 2
    lowest, highest = lowest.reshape(cells).min(axis=(1, 3)), highest.reshape(cells).max(axis=(1, 3))
    has_room = (lowest >= _CHROMA_ROOM) & (highest <= 255 - _CHROMA_ROOM)
    chroma, moved = [], np.zeros(has_room.shape, bool)
    for index in (1, 2):
        plane = resample.downsample(ycc[..., index], (2, 2))
        moves = _plane_moves(plane, wanted[index], tables[1], has_room, has_room, 1)
        chroma.append(plane + moves)
        moved |= moves != 0
    if moved.any():
        full = moved.repeat(2, axis=0).repeat(2, axis=1)
        both = [plane.repeat(2, axis=0).repeat(2, axis=1)[full] for plane in chroma]
        strip[full] = color.ycc_to_rgb(np.stack([ycc[..., 0][full], *both], axis=-1)).astype(np.uint8)
    luma = _luma_moves(strip, ycc[..., 0], wanted[0], tables[0])
    strip += luma[..., np.newaxis].astype(np.uint8)
    return bool(moved.any() or luma.any())


def _ycc_of(strip: UInt8) -> Int:
    """(H, W, 3), as `color.rgb_to_ycc`: products of single channels are five times as fast as of matrices."""
    channels = [strip[..., channel].astype(np.int32) for channel in range(3)]
    result = np.empty(strip.shape, np.int32)
    for row, offset in enumerate(color.RGB_TO_YCC_OFFSET):
        red, green, blue = color.RGB_TO_YCC[row]
        result[..., row] = (
            channels[0] * red + channels[1] * green + channels[2] * blue + offset
        ) >> color.FRACTION_BITS
    return result


def _luma_moves(
    strip: UInt8, luma: Int, wanted: npt.NDArray[np.int16], table: npt.NDArray[np.integer]
) -> Int:
    # R, G and B together: Y moves by exactly as much, Cb and Cr not at all.
    return _plane_moves(luma, wanted, table, strip.max(axis=-1) < 254, strip.min(axis=-1) > 1, 2)


def _plane_moves(
    plane: Int,
    wanted: npt.NDArray[np.int16],
    table: npt.NDArray[np.integer],
    may_rise: npt.NDArray[np.bool_],
    may_fall: npt.NDArray[np.bool_],
    most: int,
) -> Int:
    """Returns by how much samples of a plane shall move, at most by `most` each."""
    blocks = blocks_of(plane)
    samples = blocks.reshape(-1, 64).astype(np.float64) - 128
    steps: Float = np.asarray(table).reshape(64).astype(np.float64)
    errors = samples @ _ERROR_BASIS.T - wanted.reshape(-1, 64) * steps
    half = steps * 0.5
    limit = half - _MARGIN
    sizes = np.abs(errors)
    (affected,) = np.nonzero((sizes > limit).any(axis=1) & (sizes < _LARGEST_ERROR * limit).all(axis=1))
    moves = np.zeros(samples.shape, np.int32)
    if len(affected):
        rise, fall = (blocks_of(mask).reshape(-1, 64)[affected] for mask in (may_rise, may_fall))
        moves[affected] = _block_moves(errors[affected], half, limit, rise, fall, most)
    return raster(moves.reshape(blocks.shape))


def _block_moves(
    errors: Float,
    half: Float,
    limit: Float,
    may_rise: npt.NDArray[np.bool_],
    may_fall: npt.NDArray[np.bool_],
    most: int,
) -> Int:
    """Returns (blocks, 64) moves; `errors` (blocks, 64) in levels, `half` (64,) half steps."""
    moves = np.zeros(errors.shape, np.int32)
    inverse = 1 / half
    slope_weights = inverse / _POWER_UNIT
    curvature_weights = 3.5 * inverse * inverse / _POWER_UNIT
    active = np.arange(len(errors))
    for _ in range(_MOST_MOVES):
        relative = np.clip(errors[active] * inverse, -_LARGEST_ERROR, _LARGEST_ERROR)
        squares = relative * relative
        powers = squares * squares * squares
        slope = np.rint(powers * relative * slope_weights) @ _SLOPE_BASIS
        curvature = np.rint(powers * curvature_weights) @ _CURVATURE_BASIS
        so_far = moves[active]
        gains = np.concatenate(
            [
                np.where(may_rise[active] & (so_far < most), curvature + slope, np.inf),
                np.where(may_fall[active] & (so_far > -most), curvature - slope, np.inf),
            ],
            axis=1,
        )
        best = gains.argmin(axis=1)
        helps = gains[np.arange(len(active)), best] < 0
        active, best = active[helps], best[helps]
        direction = np.where(best < 64, 1, -1)
        moves[active, best % 64] += direction
        errors[active] += direction[:, np.newaxis] * _ERROR_BASIS[:, best % 64].T
        active = active[(np.abs(errors[active]) > limit).any(axis=1)]
        if not len(active):
            break
    return moves
