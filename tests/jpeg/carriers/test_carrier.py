"""Encoders find in a carrier the coefficients that it was made of."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.carriers.carrier import (
    carrier_pixels,
    clipping,
    measured_carrier,
    whole_mcus,
    wrong_share,
)
from jpegpre_tf.jpeg.carriers.carrier_correction import corrected_pixels
from jpegpre_tf.jpeg.carriers.encoder_choice import choose_encoder_quality, encoder_quality_for


def hard_pictures() -> dict[str, np.ndarray]:
    """uint8 (128, 128, 3) by kind."""
    size = 128
    chance = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size]
    text = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(text)
    for top in range(0, size, 14):
        draw.text((3, top), "The quick brown fox 0123", fill="black")
    result = {"text": np.asarray(text)}
    result["checkerboard"] = np.repeat(((rows // 5 + columns // 5) % 2 * 255)[..., np.newaxis], 3, axis=2)
    colors = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "violet": (255, 0, 255)}
    for name, color in colors.items():
        result[name] = np.zeros((size, size, 3))
        result[name][16:90, 24:80] = color
        result[name][60:, 40:60] = 255
    result["noise"] = chance.integers(0, 256, (size, size, 3))
    result["black"] = np.zeros((size, size, 3))
    result["white"] = np.full((size, size, 3), 255)
    result["lines"] = np.full((size, size, 3), 255)
    result["lines"][::7] = 0
    result["lines"][:, ::11] = (255, 0, 0)
    result["night"] = np.clip(chance.normal(6, 5, (size, size, 3)), 0, 255)
    result["night"][chance.random((size, size)) < 0.002] = 255
    return {name: image.astype(np.uint8) for name, image in result.items()}


HARD = hard_pictures()


@pytest.mark.parametrize("kind", sorted(HARD))
@pytest.mark.parametrize(("quality", "most"), [(16, 1 / 5000), (60, 1 / 5000), (80, 1 / 5000), (90, 1 / 500)])
def test_hard_pictures_come_out_as_decided(kind, quality, most):
    coefficients = jpeg.encode_coefficients(HARD[kind], quality)
    chosen = choose_encoder_quality(coefficients, jpeg.quantization_tables)
    tables = jpeg.quantization_tables(chosen)
    pixels = carrier_pixels(coefficients, tables)
    assert wrong_share(pixels, coefficients, tables) <= most
    assert wrong_share(corrected_pixels(pixels, coefficients, tables), coefficients, tables) <= most


# Not at 95: there files have steps of one level, and where samples are cut at 0 and 255 no encoder's quality helps.
@pytest.mark.parametrize(("quality", "most"), [(16, 1 / 5000), (60, 1 / 5000), (80, 1 / 5000), (90, 1 / 500)])
def test_photos_come_out_as_decided(photos, quality, most):
    for photo in photos:
        coefficients = jpeg.encode_coefficients(photo, quality)
        tables = jpeg.quantization_tables(choose_encoder_quality(coefficients, jpeg.quantization_tables))
        pixels = corrected_pixels(carrier_pixels(coefficients, tables), coefficients, tables)
        assert wrong_share(pixels, coefficients, tables) <= most


def test_the_second_pass_mends_fine_steps(photos):
    tables = jpeg.quantization_tables(98)
    for image in (*photos, photos[0][..., 0].copy()):
        coefficients = jpeg.encode_coefficients(image, 70)
        pixels = carrier_pixels(coefficients, tables)
        before = wrong_share(pixels, coefficients, tables)
        corrected = corrected_pixels(pixels, coefficients, tables)
        after = wrong_share(corrected, coefficients, tables)
        assert before > 1 / 5000
        assert after < before / 3
        assert np.abs(corrected.astype(int) - pixels).max() <= 8


def test_a_carrier_that_is_right_is_left_alone(photos):
    tables = jpeg.quantization_tables(80)
    coefficients = jpeg.encode_coefficients(photos[0], 40)
    pixels = carrier_pixels(coefficients, tables)
    np.testing.assert_array_equal(corrected_pixels(pixels, coefficients, tables), pixels)


def test_strips_leave_no_seam(picture):
    coefficients = jpeg.encode_coefficients(picture("smooth", 300, 40, 1), 50)
    tables = jpeg.quantization_tables(80)
    whole = carrier_pixels(coefficients, tables)
    rows = whole_mcus(coefficients)
    for top in range(0, len(rows[1]), 5):
        planes = rows[0][2 * top : 2 * top + 10], rows[1][top : top + 5], rows[2][top : top + 5]
        part = jpeg.Coefficients(planes, coefficients.tables, 16 * len(planes[1]), 48, "4:2:0")
        np.testing.assert_array_equal(carrier_pixels(part, tables), whole[16 * top : 16 * top + 80])


def test_sizes_are_whole_mcus(picture):
    for height, width in ((1, 1), (16, 17), (33, 8)):
        image = picture("noise", height, width, 0)
        tables = jpeg.quantization_tables(85)
        color = carrier_pixels(jpeg.encode_coefficients(image, 30), tables)
        assert color.shape == (-(-height // 16) * 16, -(-width // 16) * 16, 3)
        gray = carrier_pixels(jpeg.encode_coefficients(image[..., 0].copy(), 30), tables)
        assert gray.shape == (-(-height // 8) * 8, -(-width // 8) * 8)


def test_other_coefficients_are_refused(picture):
    image = picture("noise", 20, 20, 0)
    tables = jpeg.quantization_tables(85)
    with pytest.raises(ValueError, match=r"must be 4:2:0\. Received: subsampling='4:4:4'"):
        carrier_pixels(jpeg.encode_coefficients(image, 50, "4:4:4"), tables)
    planes = jpeg.encode_coefficients(image, 50).planes
    with pytest.raises(
        ValueError, match=r"plane 0 of a picture of 40x20 must be .* Received: \(3, 3, 8, 8\)"
    ):
        carrier_pixels(jpeg.Coefficients(planes, tables, 20, 40, "4:2:0"), tables)


def test_low_encoder_quality_clips_and_another_is_chosen():
    coefficients = jpeg.encode_coefficients(HARD["text"], 80)
    assert clipping(coefficients, jpeg.quantization_tables(60))[0] > 0.1
    assert clipping(coefficients, jpeg.quantization_tables(90)) == (0, 0)
    chosen = choose_encoder_quality(coefficients, jpeg.quantization_tables)
    assert chosen >= encoder_quality_for(coefficients.tables, jpeg.quantization_tables)
    assert clipping(coefficients, jpeg.quantization_tables(chosen))[0] < 0.001


def test_a_carrier_and_what_is_cut_of_it_at_once(photos):
    tables = jpeg.quantization_tables(60)
    for image in (HARD["text"], HARD["text"][..., 0].copy(), photos[0]):
        coefficients = jpeg.encode_coefficients(image, 80)
        pixels, share = measured_carrier(coefficients, tables)
        np.testing.assert_array_equal(pixels, carrier_pixels(coefficients, tables))
        assert share == clipping(coefficients, tables)[0]


def test_files_of_finer_steps_than_the_encoder_has_take_what_loses_least():
    """At 95 no quality of the encoder has less contrast in all coefficients: the one that cuts least is taken."""
    coefficients = jpeg.encode_coefficients(HARD["checkerboard"], 95)
    chosen = choose_encoder_quality(coefficients, jpeg.quantization_tables)
    assert chosen == 95 != encoder_quality_for(coefficients.tables, jpeg.quantization_tables)
    cuts = {quality: clipping(coefficients, jpeg.quantization_tables(quality))[1] for quality in (95, 97)}
    assert cuts[95] < cuts[97]


def test_an_encoder_of_fine_steps_only_is_used_all_the_same(photos):
    coefficients = jpeg.encode_coefficients(photos[0], 50)
    flat = np.full((8, 8), 1, np.uint16)
    assert choose_encoder_quality(coefficients, lambda quality: (flat, flat)) == 60
