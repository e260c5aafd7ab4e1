"""The preprocessing network: contract, identity, locality, saving."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from jpegpre_tf import Preprocessor, jpeg
from jpegpre_tf.models.preprocessor import step_tables
from jpegpre_tf.ops.quantization import quantization_tables

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    with Image.open(PICTURES / "gb82_city.webp") as image:
        return np.asarray(image)[None, 100:196, 60:204].astype(np.float32)


@pytest.fixture(scope="module")
def model() -> Preprocessor:
    return Preprocessor(channels=16, mixing_blocks=1, chroma_mixing_blocks=1)


def scalar(value: float) -> np.ndarray:
    return np.full((1, 1, 1, 1), value, np.float32)


@pytest.mark.parametrize("quality", [1, 10, 50, 75, 100])
def test_strength_zero_is_the_identity(model: Preprocessor, picture: np.ndarray, quality: int) -> None:
    np.testing.assert_array_equal(model(picture, scalar(quality), scalar(0)), picture)


def test_blocks_that_cannot_hold_a_change_are_left_alone(model: Preprocessor) -> None:
    """Text on white: not a sample of its blocks changes, nor of chroma in their 16x16 pixels."""
    noise = np.random.default_rng(0).integers(60, 200, (1, 64, 64, 3)).astype(np.float32)
    noise[0, :8, 8:16, :][::3] = 255.0
    edited = np.asarray(model(noise, scalar(20), scalar(1)))
    changed = np.any(edited != noise, axis=-1)[0]
    assert not changed[:8, 8:16].any()
    assert changed[16:, 16:].mean() > 0.5
    chroma_free = np.ptp(edited[0, :16, :16] - noise[0, :16, :16], axis=-1)
    assert chroma_free.max() <= 1.0  # luma alone: all channels by as much, but for rounding


def test_step_tables_are_the_encoders() -> None:
    qualities = np.arange(1, 101, dtype=np.float32)
    expected = np.asarray(quantization_tables(qualities)).reshape(100, 2, 64)
    received = np.stack([np.asarray(t)[:, 0, 0] for t in step_tables(qualities.reshape(-1, 1, 1, 1))], axis=1)
    np.testing.assert_array_equal(received, expected)


def test_levels_stay_integers_in_range(model: Preprocessor, picture: np.ndarray) -> None:
    result = np.asarray(model(picture, scalar(30), scalar(1)))
    np.testing.assert_array_equal(result, np.clip(np.round(result), 0, 255))


def test_file_shrinks_and_does_so_gradually_with_strength(model: Preprocessor, picture: np.ndarray) -> None:
    sizes = []
    for strength in (0, 0.25, 0.5, 0.75, 1):
        edited = np.asarray(model(picture, scalar(50), scalar(strength)))[0].astype(np.uint8)
        sizes.append(jpeg.file_size(jpeg.encode_coefficients(edited, 50)))
    assert all(larger >= smaller for larger, smaller in itertools.pairwise(sizes))
    assert sizes[-1] < 0.99 * sizes[0]


def test_levels_are_lowered_not_raised(model: Preprocessor, picture: np.ndarray) -> None:
    """The edit only moves coefficients towards zero. Rounding the edited picture to 8 bits adds noise of a few
    hundredths of a step at quality 50, so the levels of a few coefficients that were near a tie do rise."""
    edited = np.asarray(model(picture, scalar(50), scalar(1)))[0].astype(np.uint8)
    before = np.abs(jpeg.encode_coefficients(picture[0].astype(np.uint8), 50).planes[0])
    after = np.abs(jpeg.encode_coefficients(edited, 50).planes[0])
    assert (after > before).sum() < 0.1 * (after < before).sum()
    assert (after - before).max() <= 1


def test_an_output_pixel_depends_on_no_more_than_the_declared_overlap(model: Preprocessor) -> None:
    from jpegpre_tf.exporters.model_card import tile_overlap

    generator = np.random.default_rng(0)
    picture = generator.integers(0, 256, (1, 96, 96, 3)).astype(np.float32)
    other = picture.copy()
    other[:, :16] = generator.integers(0, 256, (1, 16, 96, 3))
    first, second = (np.asarray(model(x, scalar(50), scalar(1))) for x in (picture, other))
    reach = 16 + tile_overlap(model)
    # Convolutions may sum in another order: 1 level at rounding ties.
    assert np.abs(first[:, reach:] - second[:, reach:]).max() <= 1
    assert np.any(first[:, :16] != second[:, :16])


def test_every_weight_receives_a_gradient(model: Preprocessor, picture: np.ndarray) -> None:
    with tf.GradientTape() as tape:
        edited = model(picture, scalar(50), scalar(1), training=True)
        loss = tf.reduce_mean(tf.square(edited - picture))
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(gradient is not None and np.all(np.isfinite(gradient)) for gradient in gradients)


def test_survives_saving_and_loading_in_a_new_process(
    model: Preprocessor, picture: np.ndarray, tmp_path: Path
) -> None:
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "in.npy", picture)
    script = (
        "import sys, numpy as np, keras, jpegpre_tf.models\n"
        "folder = sys.argv[1]\n"
        "model = keras.models.load_model(folder + '/model.keras')\n"
        "one = np.ones((1, 1, 1, 1), np.float32)\n"
        "np.save(folder + '/out.npy', model(np.load(folder + '/in.npy'), 40 * one, one))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), model(picture, scalar(40), scalar(1)))
