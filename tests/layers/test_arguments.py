"""Wrong arguments of both layers: ValueError naming the argument, what is expected, what was received."""

import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf

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
        (
            IMAGES.astype(np.int32),
            {"quality": Q},
            r"`images` must be floating or uint8.*Received: dtype=int32",
        ),
        (NAN, {"quality": Q}, r"`images` must be finite.*Received"),
        (IMAGES * np.inf, {"quality": Q}, r"`images` must be finite.*Received"),
        (IMAGES, {"quality": [0, 50]}, r"`quality` must be in 1\.\.100.*Received: 0"),
        (IMAGES, {"quality": [50, 101]}, r"`quality` must be in 1\.\.100.*Received: .*101"),
        (IMAGES, {"quality": [50, np.nan]}, r"`quality` must be in 1\.\.100.*Received: .*nan"),
        (IMAGES, {"quality": [50]}, r"`quality` must have shape \(batch,\).*\(2\).*Received: shape=\(1,\)"),
        (IMAGES, {"quality": 50}, r"`quality` must have shape \(batch,\).*Received: shape=\(\)"),
        (IMAGES, {"quality": [Q]}, r"`quality` must have shape \(batch,\).*Received: shape=\(1, 2\)"),
        (IMAGES, {}, r"Give either `quality` or `tables`. Received: neither"),
        (IMAGES, {"quality": Q, "tables": TABLES}, r"Give either `quality` or `tables`. Received: both"),
        (IMAGES, {"tables": TABLES[:1]}, r"`tables` must have shape \(batch, 2, 8, 8\).*Received"),
        (IMAGES, {"tables": TABLES[:, :1]}, r"`tables` must have shape \(batch, 2, 8, 8\).*Received"),
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
