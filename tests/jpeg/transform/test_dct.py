import numpy as np

from jpegpre_tf.jpeg.transform import dct


def cosine_matrix() -> np.ndarray:
    k, n = np.mgrid[:8, :8]
    matrix = np.cos((2 * n + 1) * k * np.pi / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix


def test_matrices_are_the_cosine_transform():
    # 13-bit constants: up to three of them are added in an entry, each off by at most half a unit.
    unit = 2.0**-13
    np.testing.assert_allclose(dct.FORWARD_MATRIX * unit / np.sqrt(8), cosine_matrix(), atol=unit)
    np.testing.assert_allclose(dct.INVERSE_MATRIX * unit / np.sqrt(8), cosine_matrix().T, atol=unit)


def test_close_to_the_real_transform():
    samples = np.random.default_rng(0).integers(-128, 128, (500, 8, 8)).astype(np.int32)
    real = cosine_matrix() @ samples @ cosine_matrix().T
    # Half a unit of the last rounding, and what the first pass's rounding adds.
    assert np.abs(dct.forward_dct(samples) - 8 * real).max() < 1.5


def test_inverse_undoes_forward():
    samples = np.random.default_rng(0).integers(-128, 128, (500, 8, 8)).astype(np.int32)
    coefficients = np.round(dct.forward_dct(samples) / 8).astype(np.int32)
    # Coefficients rounded to integers: errors of deviation 0.29 in each sample; 2 covers 32000 of them.
    assert np.abs(dct.inverse_dct(coefficients) - 128 - samples).max() <= 2
