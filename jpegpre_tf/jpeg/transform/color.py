"""RGB <-> YCbCr in libjpeg's 16-bit fixed point (JFIF; jccolor.c, jdcolor.c)."""

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int32]

FRACTION_BITS = 16
HALF = 1 << (FRACTION_BITS - 1)

# Rows Y, Cb, Cr; columns R, G, B; each round(coefficient * 65536) as libjpeg's FIX() rounds it.
RGB_TO_YCC = np.array([[19595, 38470, 7471], [-11059, -21709, 32768], [32768, -27439, -5329]], np.int32)
# Cb and Cr round with 32767, not 32768, so that 255.5 cannot round up to 256.
RGB_TO_YCC_OFFSET = np.array([HALF, (128 << 16) + HALF - 1, (128 << 16) + HALF - 1], np.int32)

CR_TO_R = 91881  # 1.40200
CB_TO_B = 116130  # 1.77200
CB_TO_G = -22554  # -0.34414
CR_TO_G = -46802  # -0.71414


def rgb_to_ycc(rgb: Int) -> Int:
    """(..., 3) integer levels 0..255 to (..., 3) Y, Cb, Cr levels 0..255."""
    ycc: Int = (rgb @ RGB_TO_YCC.T + RGB_TO_YCC_OFFSET) >> FRACTION_BITS
    return ycc


def ycc_offsets(cb: Int, cr: Int) -> Int:
    """(..., 3): what Cb and Cr, 0..255, add to Y for R, G and B."""
    cb, cr = cb - 128, cr - 128
    red = (CR_TO_R * cr + HALF) >> FRACTION_BITS
    green = (CB_TO_G * cb + CR_TO_G * cr + HALF) >> FRACTION_BITS
    blue = (CB_TO_B * cb + HALF) >> FRACTION_BITS
    return np.stack([red, green, blue], axis=-1)


def ycc_to_rgb(ycc: Int) -> Int:
    """(..., 3) Y, Cb, Cr levels 0..255 to (..., 3) RGB levels, clipped to 0..255."""
    rgb: Int = np.clip(ycc[..., :1] + ycc_offsets(ycc[..., 1], ycc[..., 2]), 0, 255).astype(np.int32)
    return rgb
