"""Gradients of colour, DCT and resampling: those of the real-valued transforms, away from clips."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.jpeg.transform import color as reference_color
from jpegpre_tf.ops.transform import color, dct, resample


def jacobian(function, x):
    x = tf.constant(x, tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x)
    return tape.jacobian(y, x, experimental_use_pfor=False).numpy().reshape(int(tf.size(y)), -1)


def numeric(function, x, step):
    """Central differences over a step that is large against the rounding inside."""
    columns = []
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        difference = function(tf.constant(up, tf.float32)) - function(tf.constant(down, tf.float32))
        columns.append(np.asarray(difference, np.float64).ravel() / (2 * step))
    return np.stack(columns, axis=1)


RANDOM = np.random.default_rng(0)


def test_forward_dct():
    x = RANDOM.integers(-60, 60, (1, 8, 8)).astype(np.float64)
    # Results are integers: rounding moves each side by at most 1.5, over a distance of 120.
    np.testing.assert_allclose(jacobian(dct.forward_dct, x), numeric(dct.forward_dct, x, 60), atol=1.5 / 60)


def test_inverse_dct():
    x = RANDOM.integers(-20, 20, (1, 8, 8)).astype(np.float64)
    # Samples are integers, off by at most 0.6 on each side of a distance of 240.
    np.testing.assert_allclose(jacobian(dct.inverse_dct, x), numeric(dct.inverse_dct, x, 120), atol=0.6 / 120)


def test_inverse_dct_stops_at_the_clip():
    x = np.zeros((1, 8, 8))
    x[0, 0, 0] = 8 * 200  # samples 328, clipped
    assert not jacobian(dct.inverse_dct, x).any()


def test_the_two_dct_gradients_are_inverse():
    x = np.zeros((1, 8, 8))
    product = jacobian(dct.inverse_dct, x) @ jacobian(dct.forward_dct, x) / 8
    np.testing.assert_allclose(product, np.eye(64), atol=3e-4)  # 13-bit constants


def test_colour():
    x = RANDOM.integers(60, 190, (4, 3)).astype(np.float64)
    np.testing.assert_allclose(jacobian(color.rgb_to_ycc, x), numeric(color.rgb_to_ycc, x, 60), atol=1 / 60)

    def back(ycc):
        return color.ycc_to_rgb(ycc[..., 0], ycc[..., 1], ycc[..., 2])

    x = RANDOM.integers(110, 146, (4, 3)).astype(np.float64)
    np.testing.assert_allclose(jacobian(back, x), numeric(back, x, 30), atol=1 / 30)


def test_colour_equals_the_reference_on_every_corner():
    levels = np.array([0, 1, 2, 127, 128, 129, 253, 254, 255])
    rgb = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3).astype(np.int32)
    np.testing.assert_array_equal(
        color.rgb_to_ycc(tf.constant(rgb, tf.float32)), reference_color.rgb_to_ycc(rgb)
    )
    channels = [tf.constant(rgb[:, i], tf.float32) for i in range(3)]
    np.testing.assert_array_equal(color.ycc_to_rgb(*channels), reference_color.ycc_to_rgb(rgb))


@pytest.mark.parametrize("factors", [(2, 2), (2, 1), (1, 1)])
@pytest.mark.parametrize(("height", "width"), [(4, 16), (5, 9), (1, 3)])
def test_downsample(factors, height, width):
    x = RANDOM.integers(60, 190, (1, height, width)).astype(np.float64)

    def function(plane):
        return resample.downsample(plane, factors)

    np.testing.assert_allclose(jacobian(function, x), numeric(function, x, 60), atol=1 / 60)


@pytest.mark.parametrize("factors", [(2, 2), (2, 1), (1, 1)])
@pytest.mark.parametrize(("height", "width"), [(3, 4), (1, 3), (4, 2), (2, 1)])
def test_upsample(factors, height, width):
    x = RANDOM.integers(60, 190, (1, height, width)).astype(np.float64)

    def function(plane):
        return resample.upsample(plane, factors, 2 * height, 2 * width - 1 if width > 2 else 2 * width)

    np.testing.assert_allclose(jacobian(function, x), numeric(function, x, 60), atol=1 / 60)
