"""Tables, and gradients with respect to quality and tables against the real codec."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf import jpeg
from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.quantization.quantization import (
    crossing_density,
    from_blocks,
    quantization_tables,
    quantize,
    to_blocks,
)


def test_tables_equal_the_reference():
    tables = quantization_tables(tf.range(1.0, 101.0))
    for quality in range(1, 101):
        np.testing.assert_array_equal(tables[quality - 1], np.stack(jpeg.quantization_tables(quality)))


def test_quality_is_rounded_with_gradient():
    quality = tf.constant([49.7, 20.2, 75.4])
    with tf.GradientTape() as tape:
        tape.watch(quality)
        tables = quantization_tables(quality)
    np.testing.assert_array_equal(tables, quantization_tables(tf.constant([50.0, 20.0, 75.0])))
    slope = tape.gradient(tables, quality).numpy()
    # d (base * scale / 100) / d quality, summed over both tables where not clipped to 255.
    total = float(jpeg.LUMA_TABLE.sum() + jpeg.CHROMA_TABLE.sum())
    assert slope[0] == pytest.approx(-2 * total / 100, rel=1e-5)
    assert slope[2] == pytest.approx(-2 * total / 100, rel=1e-5)
    bases = np.concatenate([jpeg.LUMA_TABLE.ravel(), jpeg.CHROMA_TABLE.ravel()]).astype(float)
    kept = bases[bases * 2.5 < 255].sum()
    assert slope[1] == pytest.approx(-5000 / 20**2 * kept / 100, rel=1e-5)


def test_rounds_half_away_from_zero():
    scaled = tf.reshape(
        tf.constant([4.0 * 10, -4.0 * 10, 39.0, 120.0, -119.0, 0.0, 1.0, 41.0] * 8), [1, 1, 8, 1, 8]
    )
    table = tf.fill([1, 1, 8, 1, 8], 10.0)
    steps = quantize(scaled, table, "identity")
    assert steps[0, 0, 0, 0].numpy().tolist() == [1, -1, 0, 2, -1, 0, 0, 1]


def test_blocks_round_trip():
    plane = tf.reshape(tf.range(2.0 * 16 * 24), [2, 16, 24])
    blocks = to_blocks(plane)
    assert blocks.shape == (2, 2, 8, 3, 8)
    np.testing.assert_array_equal(from_blocks(blocks), plane)


def test_crossing_density_averages_1_over_every_step():
    for first in (0.0, 1.0, 5.0, -3.0):
        x = first + (np.arange(20000) + 0.5) / 20000
        assert np.mean(crossing_density(tf.constant(x, tf.float32), 0.06)) == pytest.approx(1, abs=1e-3)
    assert crossing_density(tf.constant([0.3, -0.43, 0.7]), 0.06).numpy().tolist() == [0, 0, 0]


def real_slopes(real_jpeg, image, quality):
    """d MSE / d quality and d bits / d quality of the real codec: a staircase, so over 6 qualities."""
    ends = []
    for q in (quality - 3, quality + 3):
        content = real_jpeg.encode(image, q)
        error = real_jpeg.decode(content).astype(np.float64) - image
        ends.append((np.mean(error**2), 8.0 * len(content)))
    return [(b - a) / 6 for a, b in zip(*ends, strict=True)]


@pytest.mark.parametrize("quality", [15, 35, 50, 80, 92])
def test_gradient_of_quality_is_within_a_factor_of_2_of_the_real_codec(real_jpeg, large_photos, quality):
    images = tf.constant(large_photos, tf.float32)
    qualities = tf.fill([len(images)], float(quality))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(qualities)
        tables = quantization_tables(qualities)
        decoded = pipeline.simulate(images, tables, "4:2:0", "identity")
        error = tf.reduce_mean(tf.square(decoded - images), axis=[1, 2, 3])
        bits = tf.add_n(list(pipeline.encoded_size(images, tables, "optimized", "4:2:0", "identity")))
    ours = np.stack([tape.gradient(error, qualities), tape.gradient(bits, qualities)], axis=1)
    real = np.array([real_slopes(real_jpeg, image, quality) for image in large_photos])
    ratios = ours / real
    assert np.all((ratios > 0.5) & (ratios < 2)), ratios
