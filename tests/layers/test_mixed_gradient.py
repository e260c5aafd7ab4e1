"""Exact forward, another layer's gradient; a real encoder as the forward side."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.codecs import LibjpegTurbo
from jpegpre_tf.layers import MixedGradient, RealCodec


@keras.saving.register_keras_serializable(package="tests")
class Smooth(keras.layers.Layer):
    """A smooth function of the pictures with an easy derivative."""

    def call(self, images, quality):
        return tf.sin(images / 40.0) * quality[:, None, None, None]

    def compute_output_shape(self, images_shape, *_):
        return images_shape


def test_value_is_forward_and_gradient_is_backward_by_finite_differences(photos):
    images = tf.constant(photos[:, :32, :32], tf.float32)
    quality = tf.constant([20.0, 50.0, 90.0])
    mixed = MixedGradient(jpegpre_tf.JPEGSimulator(), Smooth())
    direction = np.random.default_rng(0).normal(0, 1, images.shape).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = mixed(images, quality)
        total = tf.reduce_sum(tf.sin(value / 50.0))
    np.testing.assert_array_equal(value, jpegpre_tf.JPEGSimulator()(images, quality))
    slope = float(tf.reduce_sum(tape.gradient(total, images) * direction))
    # The chain: d sin(v / 50) / dv at the exact value, times the backward layer's own slope by differences.
    outer = np.cos(value.numpy().astype(np.float64) / 50.0) / 50.0

    def smooth(x):
        return np.sin(x / 40.0) * quality.numpy()[:, None, None, None].astype(np.float64)

    wide = images.numpy().astype(np.float64)
    difference = (smooth(wide + 1e-4 * direction) - smooth(wide - 1e-4 * direction)) / 2e-4
    assert slope == pytest.approx(float(np.sum(outer * difference)), rel=1e-3)


def test_no_gradient_flows_to_quality(photos):
    quality = tf.constant([50.0])
    with tf.GradientTape() as tape:
        tape.watch(quality)
        total = tf.reduce_sum(MixedGradient(jpegpre_tf.JPEGSimulator(), Smooth())(photos[:1], quality))
    assert tape.gradient(total, quality) is None


def test_a_real_encoder_in_front_of_the_networks(photos):
    images, quality = tf.constant(photos[:2, :33, :47], tf.float32), tf.constant([30.0, 80.0])
    encoder = LibjpegTurbo()
    made = [encoder.encode(photo[:33, :47], q) for photo, q in zip(photos[:2], (30, 80), strict=True)]
    for output, network in (
        ("decoded", jpegpre_tf.NeuralSimulator(channels=4, spatial_blocks=0)),
        ("rate_bpp", jpegpre_tf.NeuralRateEstimator(channels=4, spatial_blocks=0, width=8, context_width=4)),
    ):
        mixed = MixedGradient(RealCodec(encoder.encode, output), network)

        @tf.function
        def value_and_slope(x, mixed=mixed):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = mixed(x, quality)
            return value, tape.gradient(value, x)

        value, slope = value_and_slope(images)
        np.testing.assert_allclose(value, np.stack([getattr(one, output) for one in made]), rtol=1e-6)
        assert slope.shape == images.shape
        assert np.isfinite(slope).all() and np.abs(slope).max() > 0


def test_it_survives_saving(photos, tmp_path):
    images, quality = keras.Input([None, None, 3]), keras.Input([])
    model = keras.Model(
        [images, quality], MixedGradient(jpegpre_tf.JPEGSimulator(), Smooth())(images, quality)
    )
    model.save(tmp_path / "mixed.keras")
    loaded = keras.models.load_model(tmp_path / "mixed.keras")
    given = [photos[:1, :16, :16].astype(np.float32), np.array([40.0], np.float32)]
    np.testing.assert_array_equal(loaded(given), model(given))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="`backward`"):
        MixedGradient(jpegpre_tf.JPEGSimulator(), lambda images, quality: images)
    with pytest.raises(ValueError, match="`output`"):
        RealCodec(LibjpegTurbo().encode, "bytes")
    with pytest.raises(ValueError, match="`encode`"):
        RealCodec("cjpeg")
    with pytest.raises(TypeError, match="cannot be saved"):
        RealCodec(LibjpegTurbo().encode).get_config()
