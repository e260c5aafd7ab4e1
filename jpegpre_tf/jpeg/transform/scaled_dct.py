"""The inverse DCT of Arai, Agui and Nakajima in float32, operation by operation that of export/kernel/src/dct.h."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

# Coefficients of frequency k are multiplied by this before: sqrt(2) cos(k pi / 16), and 1 for k = 0.
DCT_SCALES = np.array(
    [
        1.0,
        1.3870398453221474618,
        1.3065629648763765279,
        1.1758756024193587170,
        1.0,
        0.78569495838710218127,
        0.54119610014619698440,
        0.27589937928294301234,
    ]
)
DCT_SCALES.setflags(write=False)


def inverse_dct(x: Sequence[Float32]) -> list[Float32]:
    """Returns 8 samples, times 8 / sqrt(8), of 8 scaled coefficients: float32 arrays of one shape.

    Not fused and in a fixed order, so that the same numbers come out wherever floats are those of IEEE 754.
    """
    a, b, c = x[0] + x[4], x[0] - x[4], x[2] + x[6]
    d = (x[2] - x[6]) * np.float32(1.414213562) - c
    even = a + c, b + d, b - d, a - c

    e, f, g, h = x[5] + x[3], x[5] - x[3], x[1] + x[7], x[1] - x[7]
    odd7 = g + e
    rotation = (f + h) * np.float32(1.847759065)
    odd6 = (rotation - f * np.float32(2.613125930)) - odd7
    odd5 = (g - e) * np.float32(1.414213562) - odd6
    odd4 = (rotation - h * np.float32(1.082392200)) - odd5

    odd = odd7, odd6, odd5, odd4
    pairs = list(zip(even, odd, strict=True))
    return [*(own + other for own, other in pairs), *(own - other for own, other in reversed(pairs))]
