"""The networks untrained: an encoder that rounds, any size, gradients, saving, arguments."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.models.rate_network import block_features, symbol_counts
from jpegpre_tf.ops.quantization.learned_rounding import Decisions

SMALL = {"channels": 8, "spatial_blocks": 1}
SMALL_RATE = {**SMALL, "width": 16, "context_width": 8, "symbols": True}


@pytest.fixture(scope="module")
def simulator():
    return jpegpre_tf.NeuralSimulator(**SMALL)


@pytest.fixture(scope="module")
def rate():
    return jpegpre_tf.NeuralRateEstimator(**SMALL_RATE)


def shaken(model, seed=0):
    """Adds noise to the last layers, which start at 0: otherwise nothing depends on the rest."""
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if not np.any(variable.numpy()):
            variable.assign(random.normal(0, 0.1, variable.shape).astype(np.float32))
    return model


@pytest.mark.parametrize(("height", "width"), [(48, 64), (33, 47), (8, 100), (1, 1)])
def test_untrained_it_is_libjpeg_turbo(simulator, real_jpeg, picture, height, width):
    qualities = (15, 60, 92)
    images = np.stack([picture("smooth", height, width, seed) for seed in range(3)])
    decoded = simulator(images, np.array(qualities, np.float32))
    for image, quality, result in zip(images, qualities, decoded, strict=True):
        np.testing.assert_array_equal(result, real_jpeg.decode(real_jpeg.encode(image, quality)))


def test_trained_weights_change_levels_by_at_most_what_thresholds_allow(photos):
    simulator = shaken(jpegpre_tf.NeuralSimulator(**SMALL))
    decoded = simulator(photos, np.full(3, 50.0, np.float32)).numpy()
    exact = jpegpre_tf.JPEGSimulator()(photos, np.full(3, 50.0, np.float32)).numpy()
    assert np.any(decoded != exact)
    assert np.all((decoded >= 0) & (decoded <= 255)) and np.array_equal(decoded, np.rint(decoded))


def test_tables_are_the_encoders(photos, real_jpeg):
    simulator = jpegpre_tf.NeuralSimulator(**SMALL)
    tables = np.full((100, 3, 64), 16.0, np.float32)
    tables[39] = 30.0
    simulator.quantizer.set_tables(tables)
    decoded = simulator(photos[:1], quality=[40.0])
    file = real_jpeg.encode(photos[0], tables=np.full((2, 8, 8), 30))
    np.testing.assert_array_equal(decoded[0], real_jpeg.decode(file))
    for wrong in (tables[:50], tables - 16.0):
        with pytest.raises(ValueError, match="tables"):
            simulator.quantizer.set_tables(wrong)


def test_gradient_reaches_every_pixel_and_weight(photos):
    images, quality = tf.constant(photos[:2, :40, :56], tf.float32), tf.constant([30.0, 75.0])
    for model in (
        shaken(jpegpre_tf.NeuralSimulator(**SMALL)),
        shaken(jpegpre_tf.NeuralRateEstimator(**SMALL_RATE)),
    ):
        weights = np.random.default_rng(1).normal(0, 1, images.shape).astype(np.float32)
        with tf.GradientTape() as tape:
            tape.watch(images)
            result = model(images, quality)
            value = tf.reduce_sum(result * weights) if result.shape.rank == 4 else tf.reduce_sum(result)
        to_images, to_weights = tape.gradient(value, [images, model.trainable_variables])
        assert np.isfinite(to_images).all() and np.mean(to_images.numpy() != 0) > 0.99
        assert all(g is not None and np.isfinite(g).all() for g in to_weights)


def test_rate_falls_down_its_gradient(rate, photos):
    images, quality = tf.constant(photos, tf.float32), tf.constant([20.0, 50.0, 80.0])
    with tf.GradientTape() as tape:
        tape.watch(images)
        before = rate(images, quality)
    slope = tape.gradient(before, images)
    size = tf.sqrt(tf.reduce_mean(tf.square(slope), axis=[1, 2, 3], keepdims=True))
    after = rate(tf.clip_by_value(images - slope / size, 0.0, 255.0), quality)
    assert np.all(after < before)


def test_symbols_are_counted_where_they_are():
    """Zig-zag 10 of one luma block is 5 after nine zeros, 11 is 1; DC of all blocks is 3."""
    steps = [np.zeros((1, side, side, 64), np.float32) for side in (2, 1, 1)]
    for plane in steps:
        plane[..., 0] = 3.0
    order = jpegpre_tf.jpeg.tables.NATURAL_FROM_ZIGZAG
    steps[0][0, 0, 1, order[10]], steps[0][0, 0, 1, order[11]] = -5.0, 1.0
    sure = [Decisions(tf.constant(x), *(tf.fill(x.shape, v) for v in (0.5, 0.0, 1e-3))) for x in steps]
    features, runs = block_features(sure)
    counts, logarithms = symbol_counts(features[:, :, :4], runs[:, :, :4])
    dc, ac, end = np.split(counts.numpy()[0] * 4, [9, 29])
    np.testing.assert_allclose(dc, [3, 0, 1, 0, 0, 0, 0, 0, 0], atol=1e-4)  # one 3, then differences of 0
    ac = ac.reshape(5, 4)
    # log2(1 + 9) = 3.32 lies between the bins of 7 and 15 zeros; 5 has category 3.
    np.testing.assert_allclose(ac[:, 2], [0, 0, 0, 0.678, 0.322], atol=1e-3)
    np.testing.assert_allclose([ac[0, 0], ac.sum(), end[0]], [1, 2, 4], atol=1e-4)
    np.testing.assert_allclose(logarithms[0, 0], np.log2(3 / 4), atol=1e-3)
    np.testing.assert_allclose(logarithms[0, -1], np.log2(4 / 6), atol=1e-3)


def test_rate_is_positive_for_flat_pictures_of_any_size(rate):
    for height, width in ((1, 1), (17, 33)):
        flat = np.full((1, height, width, 3), 200, np.uint8)
        assert 0 < float(rate(flat, quality=[50.0])[0]) * height * width < 1e5


LOAD = """
import sys
import keras, numpy
import jpegpre_tf.models
model = keras.models.load_model(sys.argv[1])
data = numpy.load(sys.argv[2])
numpy.savez(sys.argv[3], result=model(data["images"], data["quality"]))
"""


@pytest.mark.parametrize("kind", ["simulator", "rate"])
def test_save_and_load_in_a_fresh_process(photos, tmp_path, kind):
    model = (
        jpegpre_tf.NeuralSimulator(**SMALL, arithmetic="real", encoder="mine")
        if kind == "simulator"
        else jpegpre_tf.NeuralRateEstimator(**SMALL_RATE, arithmetic="real", encoder="mine")
    )
    shaken(model).quantizer.set_tables(np.full((100, 3, 64), 21))
    files = [str(tmp_path / name) for name in ("model.keras", "in.npz", "out.npz")]
    model.save(files[0])
    photos, quality = photos[:, :30, :50].astype(np.float32), np.array([10.0, 50.0, 95.0], np.float32)
    np.savez(files[1], images=photos, quality=quality)
    root = Path(jpegpre_tf.__file__).parent.parent
    subprocess.run([sys.executable, "-c", LOAD, *files], check=True, cwd=root)
    np.testing.assert_allclose(np.load(files[2])["result"], model(photos, quality), rtol=1e-5)
    assert type(model).from_config(model.get_config()).get_config() == model.get_config()


@pytest.mark.parametrize(
    ("images", "quality", "message"),
    [
        (np.zeros((1, 8, 8, 1), np.float32), [50.0], "images"),
        (np.full((1, 8, 8, 3), 256, np.int64), [50.0], "images"),
        (np.zeros((2, 8, 8, 3), np.float32), [50.0], "quality"),
        (np.zeros((1, 8, 8, 3), np.float32), [101.0], "quality"),
    ],
)
def test_wrong_calls_are_named(simulator, rate, images, quality, message):
    for model in (simulator, rate):
        with pytest.raises(ValueError, match=message):
            model(images, quality=quality)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 0}, "channels"),
        ({"spatial_blocks": -1}, "spatial_blocks"),
        ({"arithmetic": "x"}, "arithmetic"),
    ],
)
def test_wrong_sizes_are_named(options, message):
    for kind in (jpegpre_tf.NeuralSimulator, jpegpre_tf.NeuralRateEstimator):
        with pytest.raises(ValueError, match=message):
            kind(**options)
