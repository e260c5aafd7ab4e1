"""Wrong arguments of both layers: ValueError naming the argument, what is expected, what was received."""

import re

import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.jpeg import quantization_tables

IMAGES = np.zeros((2, 8, 8, 3), np.float32)
NAN = IMAGES + np.where(np.arange(3) == 1, np.nan, 0).astype(np.float32)
TABLES = np.ones((2, 2, 8, 8))
Q = [50, 50]


@pytest.fixture(params=["JPEGSimulator", "RateEstimator"])
def layer(request):
    return getattr(jpegpre_tf, request.param)()


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (
            IMAGES[0],
            {"quality": Q},
            r"`images` must have shape \(batch, height, width, 3\).*Received.*\(8, 8, 3\)",
        ),
        (IMAGES[..., :1], {"quality": Q}, r"`images` must have shape .*Received.*\(2, 8, 8, 1\)"),
        (IMAGES[:, :0], {"quality": Q}, r"`images` must be at least 1x1.*Received.*\(2, 0, 8, 3\)"),
        (IMAGES.astype(bool), {"quality": Q}, r"`images` must be numbers.*Received: dtype=bool"),
        (
            IMAGES.astype(np.int32) - 1,
            {"quality": Q},
            r"`images` must be in 0\.\.255. Received: -1.0\.\.-1.0",
        ),
        (NAN, {"quality": Q}, r"`images` must be finite.*Received"),
        (IMAGES * np.inf, {"quality": Q}, r"`images` must be finite.*Received"),
        (IMAGES, {"quality": [0, 50]}, r"`quality` must be in 1\.\.100.*Received: 0"),
        (IMAGES, {"quality": [50, 101]}, r"`quality` must be in 1\.\.100.*Received: .*101"),
        (IMAGES, {"quality": [50, np.nan]}, r"`quality` must be in 1\.\.100.*Received: .*nan"),
        (IMAGES, {"quality": [50]}, r"`quality` must have shape \(batch,\).*\(2\).*Received: shape=\(1,\)"),
        (IMAGES, {"quality": 0}, r"`quality` must be in 1\.\.100.*Received: 0"),
        (IMAGES, {"quality": "50"}, r"`quality` must be numbers. Received: dtype=string"),
        (IMAGES, {"tables": "annex-k"}, r"`tables` must be numbers. Received: dtype=string"),
        (IMAGES, {"quality": [50, None]}, r"`quality` must be numbers. Received: quality=\[50, None\]"),
        (IMAGES, {"quality": [Q]}, r"`quality` must have shape \(batch,\).*Received: shape=\(1, 2\)"),
        (IMAGES, {}, r"Give either `quality` or `tables`. Received: neither"),
        (IMAGES, {"quality": Q, "tables": TABLES}, r"Give either `quality` or `tables`. Received: both"),
        (IMAGES, {"tables": TABLES[:1]}, r"`tables` must have shape .*\(batch, 2, 8, 8\).*Received"),
        (IMAGES, {"tables": TABLES[:, :1]}, r"`tables` must have shape .*\(batch, 2, 8, 8\).*Received"),
        (None, {"quality": Q}, r"`images` must be numbers\. Received: NoneType"),
        (IMAGES, {"tables": TABLES * 0}, r"`tables` must be in 1\.\.255.*Received: 0"),
        (IMAGES, {"tables": TABLES * 256}, r"`tables` must be in 1\.\.255.*Received: 256"),
        (IMAGES, {"tables": TABLES * 1.5}, r"`tables` must be whole numbers.*Received"),
    ],
)
def test_refused(layer, images, options, message):
    with pytest.raises(ValueError, match=message):
        layer(images, **options)


def test_shapes_are_checked_in_graphs_too(layer):
    @tf.function
    def graph(images, quality):
        return layer(images, quality)

    with pytest.raises(ValueError, match=r"`quality` must have shape \(batch,\)"):
        graph(tf.constant(IMAGES), tf.constant([50.0]))
    with pytest.raises(ValueError, match=r"`images` must have shape"):
        graph(tf.zeros([2, 8, 8, 4]), tf.constant([50.0, 50.0]))


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (IMAGES, {"quality": [0.0, 50.0]}, "`quality` must be in 1..100"),
        (IMAGES, {"quality": 101.0}, "`quality` must be in 1..100"),
        (IMAGES, {"tables": TABLES * 256}, "`tables` must be in 1..255"),
        (NAN, {"quality": Q}, "`images` must be finite"),
    ],
)
def test_ranges_are_checked_in_graphs_too(layer, images, options, message):
    (name, value), *_ = options.items()
    graph = tf.function(lambda pictures, x: layer(pictures, **{name: x}))
    with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(message)):
        graph(tf.constant(images), tf.constant(value, tf.float32))


def test_numbers_lists_and_integers_are_taken(layer, photos):
    images = photos[:2, :16, :16]
    expected = np.asarray(layer(images.astype(np.float32), np.array([50, 50], np.float32)))
    calls = [
        layer(images, 50),
        layer(images, quality=50),
        layer(images, np.int64(50)),
        layer(images, [50, 50]),
        layer(images.astype(np.int64), [50.0, 50.0]),
        layer(images.tolist(), quality=(50, 50)),
        layer([images, np.array([50, 50])]),
        layer({"images": images, "quality": 50}),
        layer(images, [[50], [50]]),
        layer(images, tables=quantization_tables(50)),
        layer(images, tables=np.stack(quantization_tables(50))),
    ]
    for result in calls:
        np.testing.assert_array_equal(result, expected)
    with pytest.raises(TypeError):
        layer(images, 50, quality=50)


def test_pictures_that_look_like_0_to_1_are_warned_of(layer, recwarn):
    layer(IMAGES, 50)
    layer(IMAGES + 1, 50)
    assert not recwarn.list
    for images in (IMAGES + 0.5, IMAGES - 0.5):
        with pytest.warns(UserWarning, match="expected levels 0..255"):
            layer(images, 50)
