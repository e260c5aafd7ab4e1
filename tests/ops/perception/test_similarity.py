"""SSIM and MS-SSIM against tf.image."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.ops.perception.similarity import filter_planes, multi_scale_ssim, ssim, window, window_matrix


@pytest.fixture(scope="module")
def pair(city: np.ndarray, real_jpeg) -> tuple[tf.Tensor, tf.Tensor]:
    """Luma-like planes (2, 176, 176): green of a picture, and of its JPEG at qualities 15 and 85."""
    decoded = [real_jpeg.decode(real_jpeg.encode(city, quality)) for quality in (15, 85)]
    return tf.constant(np.stack([city] * 2)[..., 1], tf.float32), tf.constant(
        np.stack(decoded)[..., 1], tf.float32
    )


def test_equals_tf_image(pair: tuple[tf.Tensor, tf.Tensor]) -> None:
    a, b = (x[..., None] for x in pair)
    # float32 sums in another order
    np.testing.assert_allclose(ssim(*pair), tf.image.ssim(a, b, 255.0), atol=2e-5)
    np.testing.assert_allclose(multi_scale_ssim(*pair), tf.image.ssim_multiscale(a, b, 255.0), atol=2e-5)


@pytest.mark.parametrize("border", ["valid", "zero", "mirror"])
def test_the_matrix_is_the_window(border: str) -> None:
    line = np.random.default_rng(0).uniform(size=40)
    padded = np.pad(line, 0 if border == "valid" else 5, "symmetric" if border == "mirror" else "constant")
    expected = np.convolve(padded, window(), "valid")
    np.testing.assert_allclose(window_matrix(40, border) @ line, expected, atol=1e-6)


def test_borders_go_to_their_axes() -> None:
    plane = tf.ones((1, 20, 24))
    result = filter_planes(plane, "mirror", "zero").numpy()
    np.testing.assert_allclose(result[0, :, 12], 1.0, atol=1e-6)
    assert np.all(result[0, :, 0] < 0.7)


def test_gradient_is_the_slope(pair: tuple[tf.Tensor, tf.Tensor]) -> None:
    a, b = (tf.constant(x[:1]) for x in pair)
    direction = tf.random.stateless_normal(b.shape, [1, 2])
    with tf.GradientTape() as tape:
        tape.watch(b)
        value = multi_scale_ssim(a, b)
    slope = float(tf.reduce_sum(tape.gradient(value, b) * direction))
    step = 0.5  # levels
    finite = float((multi_scale_ssim(a, b + step * direction) - multi_scale_ssim(a, b - step * direction))[0])
    assert slope == pytest.approx(finite / (2 * step), rel=0.03)
