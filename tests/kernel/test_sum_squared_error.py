"""Squared differences summed by the library, and by NumPy where there is none."""

import numpy as np

from jpegpre_tf.runtime.native import sum_squared_error as module
from jpegpre_tf.runtime.native.sum_squared_error import sum_squared_error


def test_sums_are_exact_of_any_size(library):
    chance = np.random.default_rng(1)
    for size in (0, 1, 31, 1 << 15, (1 << 17) + 3):
        first, second = chance.integers(0, 256, (2, size)).astype(np.uint8)
        assert sum_squared_error(first, second) == np.square(first.astype(np.int64) - second).sum()
    black, white = np.zeros(1 << 17, np.uint8), np.full(1 << 17, 255, np.uint8)
    assert sum_squared_error(black, white) == 255**2 << 17


def test_numpy_takes_over_without_a_library_and_for_parts_of_arrays(library, monkeypatch):
    first, second = np.random.default_rng(2).integers(0, 256, (2, 40, 30, 3)).astype(np.uint8)
    wanted = sum_squared_error(first, second)
    parts = first[:, ::2], second[:, ::2]
    assert abs(sum_squared_error(*parts) - np.square(parts[0] - 1.0 * parts[1]).sum()) < 1
    monkeypatch.setattr(module, "open_library", lambda *_: None)
    assert abs(sum_squared_error(first, second) - wanted) < 1e-6 * wanted
