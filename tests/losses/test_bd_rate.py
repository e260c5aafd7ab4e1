"""BDRate: in truth the BD-rate, in configuration a layer."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from jpegpre_tf.jpeg.codec import FIXED_HEADER_BYTES
from jpegpre_tf.losses import BDRate, RateDistortion, StepError
from jpegpre_tf.losses.bd_rate import HARM_ALLOWANCE
from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.losses.rate_slopes import HEADER_BPP, coefficients, floor_coefficients, rate_slope


def encoded(picture: np.ndarray, quality: int) -> tuple[float, np.ndarray]:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, optimize=True)
    return 8 * len(file.getbuffer()) / picture[..., 0].size, np.asarray(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_slopes_are_those_of_plain_jpegs_curve(name: str, large_photos: np.ndarray) -> None:
    ratios = []
    for picture in large_photos:
        (low_rate, low), (high_rate, high) = (encoded(picture, quality) for quality in (45, 55))
        original, *decoded = (tf.constant(x[None], tf.float32) for x in (picture, low, high))
        gain = METRICS[name](original, decoded[1]) - METRICS[name](original, decoded[0])
        header = 8 * (FIXED_HEADER_BYTES + 300) / picture[..., 0].size - HEADER_BPP
        rates = np.array([low_rate, high_rate]) - header
        fitted = rate_slope(name, tf.constant([50.0]), tf.constant([rates.mean()], tf.float32))
        ratios.append(float((np.log(rates[1] / rates[0]) / gain / fitted)[0]))
    # Slopes of single pictures scatter by 0.22 to 0.34 of their logarithm (rate_slopes.json).
    assert 0.6 < np.exp(np.mean(np.log(ratios))) < 1.6


def test_slopes_are_those_of_decibels_that_get_dearer() -> None:
    assert set(coefficients()) == set(METRICS)
    quality, rate = tf.constant([20.0, 80.0]), tf.constant([0.4, 1.2])
    for name in METRICS:
        slopes = rate_slope(name, quality, rate).numpy()
        assert np.all(slopes > 0.005) and np.all(slopes < 0.6)


def test_strength_weighs_the_rate() -> None:
    flat = tf.fill((2, 176, 176, 3), 100.0)
    strength = tf.constant([1.0, 0.25])
    rate = tf.constant([0.5, 0.5])
    loss = BDRate({"psnr_y": 1.0})(flat, flat, tf.constant([50.0, 50.0]), rate, strength).numpy()
    payload = 0.5 - 8 * (FIXED_HEADER_BYTES + 300) / 176**2 + HEADER_BPP
    assert loss[0] - loss[1] == pytest.approx(0.75 * np.log(payload), rel=1e-4)


def test_harm_counts_what_got_worse_than_plain_jpeg_by_more_than_the_allowance(
    large_photos: np.ndarray,
) -> None:
    original = tf.constant(large_photos[:2], tf.float32)
    plain = tf.constant(np.stack([encoded(picture, 50)[1] for picture in large_photos[:2]]), tf.float32)
    # The first picture as plain, the second 1 % larger and off by 3 levels more.
    decoded = plain + tf.reshape([0.0, 3.0], (2, 1, 1, 1))
    quality, strength, plain_rate = (
        tf.constant([50.0, 50.0]),
        tf.constant([1.0, 0.5]),
        tf.constant([1.0, 1.0]),
    )
    rate = plain_rate * tf.constant([1.0, 1.01])
    arguments = original, decoded, quality, rate, strength
    weights = {"psnr_y": 1.0, "ssim": 0.0}
    without = BDRate(weights)(*arguments).numpy()
    harm = (BDRate(weights, harm_weight=2.0)(*arguments, plain, plain_rate) - without).numpy()
    assert harm[0] == pytest.approx(0.0, abs=1e-5)
    # The header of a file weighs on a crop as on a picture: rates are 1.0 and 1.01 less that.
    header = 8 * (FIXED_HEADER_BYTES + 300) / original.shape[1] ** 2 - HEADER_BPP
    changes = []
    for name in weights:
        gain = METRICS[name](original, decoded) - METRICS[name](original, plain)
        slope = rate_slope(name, quality, rate - header)
        changes.append(float((tf.math.log((rate - header) / (plain_rate - header)) - slope * gain)[1]))
    assert max(changes) > 0.02
    expected = sum(max(0.0, change - HARM_ALLOWANCE) for change in changes) / len(changes)
    assert harm[1] == pytest.approx(2.0 * expected, rel=1e-3)


def test_harm_needs_plain_jpeg() -> None:
    flat = tf.fill((1, 176, 176, 3), 100.0)
    layer = BDRate({"psnr_y": 1.0}, harm_weight=1.0)
    assert layer.compares_with_plain
    with pytest.raises(ValueError, match="plain_decoded"):
        layer(flat, flat, tf.constant([50.0]), tf.constant([0.5]), tf.constant([1.0]))
    with pytest.raises(ValueError, match="harm_weight"):
        BDRate({"psnr_y": 1.0}, harm_weight=-1.0)


@pytest.mark.parametrize("metrics", [{}, {"psnr_y": 0.0}, {"psnr_y": -1.0}, {"vmaf": 1.0}])
def test_bad_weights(metrics: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="metrics"):
        BDRate(metrics)
    with pytest.raises(ValueError, match="metrics"):
        BDRate({"ssim": 1.0}, given_metrics=metrics)


def test_pictures_too_small_for_a_metric_are_refused() -> None:
    flat, one = tf.fill((1, 160, 192, 3), 100.0), tf.constant([1.0])
    with pytest.raises(
        ValueError, match=r"ms_ssim needs pictures of at least 176 pixels a side\. Received: 160"
    ):
        BDRate({"ms_ssim": 1.0, "psnr_y": 1.0})(flat, flat, 50 * one, one, one)
    assert BDRate({"ms_ssim": 0.0, "psnr_y": 1.0})(flat, flat, 50 * one, one, one).shape == (1,)


def test_parts_add_up_to_the_loss(large_photos: np.ndarray) -> None:
    original = tf.constant(large_photos[:2], tf.float32)
    quality, rate, strength = tf.constant([30.0, 70.0]), tf.constant([0.7, 1.2]), tf.constant([1.0, 0.5])
    objective = BDRate({"psnr_y": 3.0, "ssim": 1.0})
    parts = objective.parts(original, original + 3.0, quality, rate, strength)
    assert set(parts) == {"loss", *objective.part_names} == {"loss", "log_rate", "psnr_y", "ssim"}
    payload = tf.exp(parts["log_rate"])
    gain = sum(w * rate_slope(n, quality, payload) * parts[n] for n, w in (("psnr_y", 0.75), ("ssim", 0.25)))
    np.testing.assert_allclose(parts["loss"], strength * parts["log_rate"] - gain, rtol=1e-5)


def test_pictures_of_given_tables_are_weighed_by_weights_of_their_own(large_photos: np.ndarray) -> None:
    original = tf.constant(large_photos[:2], tf.float32)
    decoded, strength = original + 3.0, tf.ones([2])
    quality, rate = tf.constant([30.0, 70.0]), tf.constant([0.7, 1.2])
    objective = BDRate({"psnr_y": 1.0}, given_metrics={"ssim": 2.0, "psnr_y": 2.0})
    assert objective.weighs_given and not BDRate({"psnr_y": 1.0}).weighs_given
    assert objective.part_names == ("log_rate", "psnr_y", "ssim")
    loss = objective(original, decoded, quality, rate, strength, is_given=[False, True])
    learned = BDRate({"psnr_y": 1.0})(original, decoded, quality, rate, strength)
    given = BDRate({"ssim": 1.0, "psnr_y": 1.0})(original, decoded, quality, rate, strength)
    np.testing.assert_allclose(loss, [learned[0], given[1]], rtol=1e-5)
    assert abs(float(learned[1] - given[1])) > 1e-3


def test_slopes_of_nearly_flat_crops_are_those_of_the_flattest_twentieth() -> None:
    """The slope of a metric grows with falling rate, and would grow without bound."""
    quality = tf.fill([200], 60.0)
    rates = tf.exp(tf.linspace(np.log(0.005), np.log(2.0), 200))
    slopes = np.asarray(rate_slope("psnr_rgb", quality, tf.cast(rates, tf.float32)))
    floor = np.exp(np.dot(floor_coefficients(), np.log(2 - 60 / 50) ** np.arange(3)))
    below = np.asarray(rates) < floor
    assert 0.05 < floor < 0.4 and np.ptp(slopes[below]) < 1e-6
    assert np.ptp(slopes[~below]) > 1e-3


def test_an_old_configuration_is_still_read() -> None:
    config = BDRate({"ssim": 1.0}).get_config()
    config["measures"] = config.pop("metrics")
    assert BDRate.from_config(config).metric_weights == {"ssim": 1.0}


def test_configuration_round_trips() -> None:
    layer = BDRate({"psnr_y": 1.0, "ssim": 0.5}, harm_weight=0.5, given_metrics={"ssim": 1.0})
    assert BDRate.from_config(layer.get_config()).get_config() == layer.get_config()
    layer = RateDistortion(StepError(chroma_weight=0.5), rate_weight=0.1, name="loss")
    again = RateDistortion.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_rate_weight_must_trade_something() -> None:
    with pytest.raises(ValueError, match="rate_weight"):
        RateDistortion(rate_weight=0)
