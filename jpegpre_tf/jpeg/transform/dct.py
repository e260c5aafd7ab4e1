"""libjpeg's accurate integer DCT pair ("islow": jfdctint.c, jidctint.c; Loeffler, Ligtenberg, Moschytz 1989).

Each 1-D pass is linear in integers up to one rounding shift, so it is an 8x8 integer matrix product followed
by that shift. The matrices are built here by running the published butterflies on unit vectors.
"""

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int32]

CONST_BITS = 13  # fraction bits of the constants
PASS1_BITS = 2  # extra fraction bits kept between the two passes

# Right shifts that follow the products.
FORWARD_SHIFTS = (CONST_BITS - PASS1_BITS, CONST_BITS + PASS1_BITS)  # rows, then columns
INVERSE_SHIFTS = (CONST_BITS - PASS1_BITS, CONST_BITS + PASS1_BITS + 3)  # columns, then rows


def _fix(value: float) -> int:
    return int(value * (1 << CONST_BITS) + 0.5)


_F0_298, _F0_390, _F0_541, _F0_765 = map(_fix, (0.298631336, 0.390180644, 0.541196100, 0.765366865))
_F0_899, _F1_175, _F1_501, _F1_847 = map(_fix, (0.899976223, 1.175875602, 1.501321110, 1.847759065))
_F1_961, _F2_053, _F2_562, _F3_072 = map(_fix, (1.961570560, 2.053119869, 2.562915447, 3.072711026))


def _odd_part(a: Int, b: Int, c: Int, d: Int) -> tuple[Int, Int, Int, Int]:
    """The odd-frequency butterfly, shared by both directions."""
    z1, z2, z3, z4 = a + d, b + c, a + c, b + d
    z5 = (z3 + z4) * _F1_175
    z1, z2 = -_F0_899 * z1, -_F2_562 * z2
    z3, z4 = z5 - _F1_961 * z3, z5 - _F0_390 * z4
    return a * _F0_298 + z1 + z3, b * _F2_053 + z2 + z4, c * _F3_072 + z2 + z3, d * _F1_501 + z1 + z4


def _forward_matrix() -> npt.NDArray[np.int64]:
    x = np.eye(8, dtype=np.int64)
    sums = [x[i] + x[7 - i] for i in range(4)]
    differences = [x[i] - x[7 - i] for i in range(4)]
    even_sum = sums[0] + sums[3], sums[1] + sums[2]
    even_difference = sums[0] - sums[3], sums[1] - sums[2]
    z1 = (even_difference[0] + even_difference[1]) * _F0_541
    out = np.zeros((8, 8), np.int64)
    out[0] = (even_sum[0] + even_sum[1]) << CONST_BITS
    out[4] = (even_sum[0] - even_sum[1]) << CONST_BITS
    out[2] = z1 + even_difference[0] * _F0_765
    out[6] = z1 - even_difference[1] * _F1_847
    out[7], out[5], out[3], out[1] = _odd_part(*differences[::-1])
    return out


def _inverse_matrix() -> npt.NDArray[np.int64]:
    x = np.eye(8, dtype=np.int64)
    z1 = (x[2] + x[6]) * _F0_541
    low, high = z1 - x[6] * _F1_847, z1 + x[2] * _F0_765
    plus, minus = (x[0] + x[4]) << CONST_BITS, (x[0] - x[4]) << CONST_BITS
    even = plus + high, minus + low, minus - low, plus - high
    odd = _odd_part(x[7], x[5], x[3], x[1])[::-1]
    return np.stack([even[i] + odd[i] for i in range(4)] + [even[i] - odd[i] for i in (3, 2, 1, 0)])


def _freeze(matrix: npt.NDArray[np.int64]) -> Int:
    frozen = matrix.astype(np.int32)
    frozen.setflags(write=False)
    return frozen


# FORWARD_MATRIX @ samples = frequencies (before the shift), INVERSE_MATRIX @ frequencies = samples.
FORWARD_MATRIX = _freeze(_forward_matrix())
INVERSE_MATRIX = _freeze(_inverse_matrix())


def _round_shift(value: Int, bits: int) -> Int:
    return (value + (1 << (bits - 1))) >> bits


def forward_dct(blocks: Int) -> Int:
    """DCT of (..., 8, 8) level-shifted samples -128..127, scaled by 8, as libjpeg leaves it."""
    rows = _round_shift(blocks @ FORWARD_MATRIX.T, FORWARD_SHIFTS[0])
    return _round_shift(FORWARD_MATRIX @ rows, FORWARD_SHIFTS[1])


def inverse_dct(coefficients: Int) -> Int:
    """Samples 0..255 of (..., 8, 8) dequantised coefficients, in levels."""
    columns = _round_shift(INVERSE_MATRIX @ coefficients, INVERSE_SHIFTS[0])
    return np.clip(_round_shift(columns @ INVERSE_MATRIX.T, INVERSE_SHIFTS[1]) + 128, 0, 255)
