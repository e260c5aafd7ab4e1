import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf


def real(real_jpeg, images, qualities, subsampling="4:2:0"):
    pairs = zip(images, qualities, strict=True)
    return np.stack([real_jpeg.decode(real_jpeg.encode(image, q, subsampling)) for image, q in pairs])


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_equals_pillow(real_jpeg, photos, subsampling, dtype):
    simulator = jpegpre_tf.JPEGSimulator(subsampling)
    decoded = simulator(photos.astype(dtype), quality=[10, 50, 95])
    assert decoded.dtype == tf.float32 and decoded.shape == photos.shape
    np.testing.assert_array_equal(decoded, real(real_jpeg, photos, [10, 50, 95], subsampling))


def test_compiled_layer_equals_pillow(real_jpeg, picture):
    images = np.stack([picture("smooth", 23, 41, seed) for seed in range(3)])
    simulator = jpegpre_tf.JPEGSimulator(jit_compile=True)
    np.testing.assert_array_equal(
        simulator(images, quality=[5, 60, 100]), real(real_jpeg, images, [5, 60, 100])
    )


def test_tables_per_image(real_jpeg, photos):
    tables = np.random.default_rng(0).integers(1, 60, (3, 2, 8, 8))
    decoded = jpegpre_tf.JPEGSimulator()(photos, tables=tables)
    expected = [real_jpeg.decode(real_jpeg.encode(p, tables=t)) for p, t in zip(photos, tables, strict=True)]
    np.testing.assert_array_equal(decoded, np.stack(expected))


@pytest.mark.parametrize("surrogate", ["identity", "cubic", "soft", "dither"])
def test_the_surrogate_changes_only_the_gradient(photos, surrogate):
    images, quality = tf.constant(photos, tf.float32), tf.constant([30.0, 60.0, 90.0])
    with tf.GradientTape() as tape:
        tape.watch([images, quality])
        decoded = jpegpre_tf.JPEGSimulator(surrogate=surrogate)(images, quality)
        loss = tf.reduce_sum(tf.square(decoded))
    np.testing.assert_array_equal(decoded, jpegpre_tf.JPEGSimulator()(images, quality))
    for gradient in tape.gradient(loss, [images, quality]):
        assert np.all(np.isfinite(gradient)) and np.any(gradient)


def model(layer):
    """A picture network of any size whose only weights are a gain, then JPEG."""
    images, quality = keras.Input([None, None, 3]), keras.Input([])
    gain = keras.layers.Conv2D(3, 1, use_bias=False)
    network = keras.Model([images, quality], layer(gain(images), quality))
    gain.kernel.assign(np.eye(3)[None, None])
    return network


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_inside_fit(real_jpeg, photos, jit_compile):
    photos = photos[:, :48, :40]
    quality = np.array([10.0, 50.0, 95.0])
    trained = model(jpegpre_tf.JPEGSimulator())
    trained.compile(keras.optimizers.SGD(1e-9), "mse", jit_compile=jit_compile)
    history = trained.fit([photos, quality], photos, batch_size=3, epochs=1, verbose=0)
    decoded = real(real_jpeg, photos, [10, 50, 95]).astype(np.float64)
    # The loss is a float32 mean of integers.
    assert history.history["loss"][0] == pytest.approx(np.mean((decoded - photos) ** 2), rel=1e-5)
    assert np.any(trained.get_weights()[0] != np.eye(3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"subsampling": "4:1:1"}, r"`subsampling` must be one of .* Received: subsampling='4:1:1'"),
        ({"surrogate": "ste"}, r"`surrogate` must be one of .* Received: surrogate='ste'"),
    ],
)
def test_refuses_unknown_options(arguments, message):
    with pytest.raises(ValueError, match=message):
        jpegpre_tf.JPEGSimulator(**arguments)
