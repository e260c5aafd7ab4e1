"""Sums of squared differences of samples."""

import ctypes

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.native.library import library_path, open_library

_NAME = "jpegpre_squared_error"


def sum_squared_error(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> float:
    """Returns the sum of squared differences of two uint8 arrays of one shape.

    The library's sum is exact; where there is none, NumPy's is exact to 1e-6 of it for some rows of a picture.
    """
    library = open_library(library_path(), _NAME)
    is_plain = first.flags.c_contiguous and second.flags.c_contiguous and first.shape == second.shape
    if library is None or not is_plain:
        # float32 holds each squared difference exactly.
        difference = np.subtract(first, second, dtype=np.float32).ravel()
        return float(np.dot(difference, difference))
    function = getattr(library, _NAME)
    function.restype = ctypes.c_uint64
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in (first, second))
    return float(function(*pointers, ctypes.c_size_t(first.size)))
