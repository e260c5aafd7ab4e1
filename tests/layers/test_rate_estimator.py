import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf


def real(real_jpeg, images, qualities, **options):
    sizes = [len(real_jpeg.encode(i, q, **options)) for i, q in zip(images, qualities, strict=True)]
    return 8.0 * np.array(sizes) / (images.shape[1] * images.shape[2])


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("huffman", ["optimized", "standard"])
def test_equals_pillow(real_jpeg, photos, subsampling, huffman):
    rate_bpp = jpegpre_tf.RateEstimator(huffman, subsampling)(photos, quality=[10, 50, 95])
    assert rate_bpp.shape == (3,) and rate_bpp.dtype == tf.float32
    expected = real(real_jpeg, photos, [10, 50, 95], subsampling=subsampling, huffman=huffman)
    # Bits are exact; the division by the number of pixels rounds to float32.
    np.testing.assert_allclose(rate_bpp, expected, rtol=1e-7)


def test_compiled_layer_equals_pillow(real_jpeg, picture):
    images = np.stack([picture("smooth", 23, 41, seed) for seed in range(3)])
    rate_bpp = jpegpre_tf.RateEstimator(jit_compile=True)(images, quality=[5, 60, 100])
    np.testing.assert_allclose(rate_bpp, real(real_jpeg, images, [5, 60, 100]), rtol=1e-7)


@pytest.mark.slow
def test_compiled_gradient_equals_the_other(photos):
    images, quality = tf.constant(photos[:, :40, :24], tf.float32), tf.constant([20.0, 50.0, 90.0])

    def slopes(layer):
        with tf.GradientTape() as tape:
            tape.watch([images, quality])
            rate_bpp = layer(images, quality)
        return tape.gradient(rate_bpp, [images, quality])

    for a, b in zip(
        slopes(jpegpre_tf.RateEstimator()), slopes(jpegpre_tf.RateEstimator(jit_compile=True)), strict=True
    ):
        # Sums of up to some hundred products in another order.
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_tables_per_image(real_jpeg, photos):
    tables = np.random.default_rng(0).integers(1, 60, (3, 2, 8, 8))
    size = jpegpre_tf.RateEstimator().file_size(photos, tables=tables)
    expected = [8 * len(real_jpeg.encode(p, tables=t)) for p, t in zip(photos, tables, strict=True)]
    np.testing.assert_array_equal(tf.add_n(list(size)), expected)


@pytest.mark.parametrize("surrogate", ["cubic", "soft", "dither"])
def test_one_step_down_the_gradient_lowers_the_real_size(real_jpeg, large_photos, surrogate):
    images = tf.constant(large_photos, tf.float32)
    for quality in (20, 50, 80):
        with tf.GradientTape() as tape:
            tape.watch(images)
            bits = jpegpre_tf.RateEstimator(surrogate=surrogate)(images, quality=[quality] * 3)
        slope = tape.gradient(bits, images)
        # Half a level, root mean square: far enough to survive the rounding to levels.
        size = tf.sqrt(tf.reduce_mean(tf.square(slope), axis=[1, 2, 3], keepdims=True))
        edited = tf.clip_by_value(tf.round(images - 0.5 * slope / size), 0, 255)
        before = real(real_jpeg, large_photos, [quality] * 3)
        assert np.all(real(real_jpeg, tf.cast(edited, tf.uint8).numpy(), [quality] * 3) < before)


def test_inside_fit(real_jpeg, photos):
    photos = photos[:, :48, :40]
    images, quality = keras.Input([None, None, 3]), keras.Input([])
    trained = keras.Model([images, quality], jpegpre_tf.RateEstimator()(images, quality))
    trained.compile("sgd", "mae")
    history = trained.fit(
        [photos, np.array([10.0, 50.0, 95.0])], np.zeros(3), batch_size=3, epochs=1, verbose=0
    )
    assert history.history["loss"][0] == pytest.approx(real(real_jpeg, photos, [10, 50, 95]).mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"huffman": "fast"}, r"`huffman` must be one of .* Received: huffman='fast'"),
        ({"subsampling": "4:1:1"}, r"`subsampling` must be one of .* Received: subsampling='4:1:1'"),
        ({"surrogate": "ste"}, r"`surrogate` must be one of .* Received: surrogate='ste'"),
    ],
)
def test_refuses_unknown_options(arguments, message):
    with pytest.raises(ValueError, match=message):
        jpegpre_tf.RateEstimator(**arguments)
