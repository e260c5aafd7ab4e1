"""Blocks and pictures against Pillow's libjpeg-turbo, and gradients where there is no rounding."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.ops.blocks import coefficients_of, pictures_of


def tables(quality):
    luma, chroma = (table.reshape(64).astype(np.float32) for table in quantization_tables(quality))
    return [luma, chroma, chroma]


def rounded(coefficients, table):
    """libjpeg's rounding: half away from zero. Coefficients are multiples of 1/8: exact in float32."""
    return np.sign(coefficients) * np.floor((np.abs(coefficients) + table / 2) / table)


@pytest.mark.parametrize(("height", "width"), [(64, 48), (1, 1), (17, 40), (33, 16), (9, 23), (40, 5)])
@pytest.mark.parametrize("quality", [10, 75, 100])
def test_rounded_blocks_decode_to_what_libjpeg_decodes(picture, real_jpeg, height, width, quality):
    image = picture("smooth", height, width, seed=3)
    planes = coefficients_of(tf.constant(image[None], tf.float32))
    assert [tuple(plane.shape[1:3]) for plane in planes] == [
        (-(-height // 8), -(-width // 8)),
        *[(-(-height // 16), -(-width // 16))] * 2,
    ]
    levels = [rounded(p.numpy(), t) * t for p, t in zip(planes, tables(quality), strict=True)]
    decoded = pictures_of([tf.constant(level) for level in levels], height, width)
    expected = real_jpeg.decode(real_jpeg.encode(image, quality))
    np.testing.assert_array_equal(decoded[0], expected)


def test_real_arithmetic_is_integer_arithmetic_without_its_rounding(photos):
    images = tf.constant(photos[:, :125, :150], tf.float32)
    for exact, real in zip(coefficients_of(images), coefficients_of(images, "real"), strict=True):
        assert exact.shape == real.shape
        difference = np.abs(exact.numpy() - real.numpy())
        # Samples are rounded by at most half a level for colour and three quarters for averaging: at most
        # 8 * 1.25 in one coefficient, in practice far less, and about 0.3 root mean square.
        assert difference.max() < 3.0
        assert np.sqrt(np.mean(difference**2)) < 0.5


def test_gradient_of_blocks_is_the_transform_itself(photos):
    images = tf.constant(photos[:1, :32, :32], tf.float32)
    change = np.random.default_rng(0).normal(0, 1, images.shape).astype(np.float32)
    weights = [
        np.random.default_rng(i).normal(0, 1, (1, n, n, 64)).astype(np.float32)
        for i, n in enumerate((4, 2, 2))
    ]
    for arithmetic in ("integer", "real"):
        with tf.GradientTape() as tape:
            tape.watch(images)
            planes = coefficients_of(images, arithmetic)
            value = tf.add_n([tf.reduce_sum(p * w) for p, w in zip(planes, weights, strict=True)])
        slope = float(tf.reduce_sum(tape.gradient(value, images) * change))
        # The transform without rounding is linear: 20 levels away from mid-grey nothing is clipped.
        step = 20.0 / np.abs(change).max()
        around = [coefficients_of(tf.constant(128.0 + sign * step * change), "real") for sign in (1.0, -1.0)]
        values = [sum(float(tf.reduce_sum(p * w)) for p, w in zip(a, weights, strict=True)) for a in around]
        # Inputs are rounded to levels, at most 0.5 of up to 20.
        assert slope == pytest.approx((values[0] - values[1]) / (2 * step), rel=0.05)


def test_unknown_arithmetic_is_named():
    from jpegpre_tf.ops.blocks import check_arithmetic

    with pytest.raises(ValueError, match="arithmetic"):
        check_arithmetic("float16")
