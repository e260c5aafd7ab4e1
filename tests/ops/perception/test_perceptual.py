"""PSNR-HVS-M and SSIMULACRA2 against the packages that evaluation scores with, and their gradients."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.evaluation.metrics import METRICS, Frame
from jpegpre_tf.losses.metrics import METRICS as TRAINABLE

QUALITIES = (8, 40, 90)


@pytest.fixture(scope="module")
def crop(large_photos: np.ndarray) -> np.ndarray:
    """256x256: on less the ssimulacra2 package mixes up its weights, as libjxl does."""
    return large_photos[1]


@pytest.fixture(scope="module")
def decoded(crop: np.ndarray, real_jpeg) -> list[np.ndarray]:
    return [real_jpeg.decode(real_jpeg.encode(crop, quality)) for quality in QUALITIES]


# Absolute, in dB or points. Luma is not rounded in either; SSIMULACRA2 leaves out small weights.
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("psnr_y", 1e-3),
        ("psnr_rgb", 1e-3),
        ("ssim", 1e-3),
        ("ms_ssim", 1e-3),
        ("psnr_hvs_m", 1e-3),
        ("ssimulacra2", 0.05),
    ],
)
def test_metrics_equal_the_evaluation(
    name: str, tolerance: float, crop: np.ndarray, decoded: list[np.ndarray]
) -> None:
    metric = METRICS[name]()
    prepared = metric.prepare(Frame(crop))
    expected = [metric.score(prepared, Frame(picture)) for picture in decoded]
    original = tf.constant(np.stack([crop] * len(decoded)), tf.float32)
    found = TRAINABLE[name](original, tf.constant(np.stack(decoded), tf.float32))
    np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.mark.parametrize("name", sorted(TRAINABLE))
def test_gradients_are_slopes(name: str, crop: np.ndarray, decoded: list[np.ndarray]) -> None:
    original = tf.constant(crop[None], tf.float32)
    picture = tf.constant(decoded[1][None], tf.float32)
    # Towards the original: along noise the changes cancel, and rounding is all that is left.
    direction = original - picture
    with tf.GradientTape() as tape:
        tape.watch(picture)
        value = TRAINABLE[name](original, picture)
    slope = float(tf.reduce_sum(tape.gradient(value, picture) * direction))
    step = 0.02
    ahead, behind = (TRAINABLE[name](original, picture + sign * step * direction) for sign in (1, -1))
    # Relus and norms bend within the step.
    assert slope == pytest.approx(float((ahead - behind)[0]) / (2 * step), rel=0.05)


@pytest.mark.parametrize("name", sorted(TRAINABLE))
def test_equal_and_flat_pictures_have_finite_gradients(name: str) -> None:
    flat = tf.fill((1, 176, 176, 3), 200.0)
    with tf.GradientTape() as tape:
        tape.watch(flat)
        value = TRAINABLE[name](tf.identity(flat), flat)
    assert np.isfinite(value) and np.all(np.isfinite(tape.gradient(value, flat)))
