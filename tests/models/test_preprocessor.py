"""The preprocessing network: contract, identity, locality, saving."""

import itertools
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from jpegpre_tf import Preprocessor, jpeg
from jpegpre_tf.errors import ModelError
from jpegpre_tf.models.trained import load_preprocessor
from jpegpre_tf.ops.transform.picture_dct import ORDER

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    with Image.open(PICTURES / "gb82_city.webp") as image:
        return np.asarray(image)[None, 100:196, 60:204].astype(np.float32)


@pytest.fixture(scope="module")
def model() -> Preprocessor:
    return Preprocessor(channels=16, mixing_blocks=1, chroma_mixing_blocks=1)


def tables(quality: int) -> np.ndarray:
    return np.stack(jpeg.quantization_tables(quality)).astype(np.float32)


@pytest.mark.parametrize("quality", [1, 10, 50, 75, 100])
def test_strength_zero_is_the_identity(model: Preprocessor, picture: np.ndarray, quality: int) -> None:
    np.testing.assert_array_equal(model(picture, tables(quality), strength=0), picture)


def test_blocks_that_cannot_hold_a_change_are_left_alone(model: Preprocessor) -> None:
    """Text on white: not a sample of its blocks changes, nor of chroma in their 16x16 pixels."""
    noise = np.random.default_rng(0).integers(60, 200, (1, 64, 64, 3)).astype(np.float32)
    noise[0, :8, 8:16, :][::3] = 255.0
    edited = np.asarray(model(noise, tables(20), strength=1))
    changed = np.any(edited != noise, axis=-1)[0]
    assert not changed[:8, 8:16].any()
    assert changed[16:, 16:].mean() > 0.5
    chroma_free = np.ptp(edited[0, :16, :16] - noise[0, :16, :16], axis=-1)
    assert chroma_free.max() <= 1.0  # luma alone: all channels by as much, but for rounding


def test_levels_stay_integers_in_range(model: Preprocessor, picture: np.ndarray) -> None:
    result = np.asarray(model(picture, tables(30), strength=1))
    np.testing.assert_array_equal(result, np.clip(np.round(result), 0, 255))


def test_file_shrinks_and_does_so_gradually_with_strength(model: Preprocessor, picture: np.ndarray) -> None:
    sizes = []
    for strength in (0, 0.25, 0.5, 0.75, 1):
        edited = np.asarray(model(picture, tables(50), strength=strength))[0].astype(np.uint8)
        sizes.append(jpeg.file_size(jpeg.encode_coefficients(edited, 50)))
    assert all(larger >= smaller for larger, smaller in itertools.pairwise(sizes))
    assert sizes[-1] < 0.99 * sizes[0]


def test_levels_are_lowered_not_raised(model: Preprocessor, picture: np.ndarray) -> None:
    """The edit only moves coefficients towards zero. Rounding the edited picture to 8 bits adds noise of a few
    hundredths of a step at quality 50, so the levels of a few coefficients that were near a tie do rise."""
    edited = np.asarray(model(picture, tables(50), strength=1))[0].astype(np.uint8)
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
    first, second = (np.asarray(model(x, tables(50), strength=1)) for x in (picture, other))
    reach = 16 + tile_overlap(model)
    # Convolutions may sum in another order: 1 level at rounding ties.
    assert np.abs(first[:, reach:] - second[:, reach:]).max() <= 1
    assert np.any(first[:, :16] != second[:, :16])


def test_every_weight_receives_a_gradient(model: Preprocessor, picture: np.ndarray) -> None:
    with tf.GradientTape() as tape:
        edited = model(picture, tables(50), strength=1, training=True)
        loss = tf.reduce_mean(tf.square(edited - picture))
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(gradient is not None and np.all(np.isfinite(gradient)) for gradient in gradients)


def test_survives_saving_and_loading_in_a_new_process(
    model: Preprocessor, picture: np.ndarray, tmp_path: Path
) -> None:
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "in.npy", picture)
    np.save(tmp_path / "t.npy", tables(40))
    script = (
        "import sys, numpy as np, keras, jpegpre_tf.models\n"
        "folder = sys.argv[1]\n"
        "model = keras.models.load_model(folder + '/model.keras')\n"
        "np.save(folder + '/out.npy', model(np.load(folder + '/in.npy'), np.load(folder + '/t.npy'), strength=1))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), model(picture, tables(40), strength=1))


@pytest.mark.parametrize("quality", [3, 50, 90, 100])
@pytest.mark.parametrize("strength", [0, 0.5, 1])
def test_decisions_are_the_same_with_and_without_gradients(
    model: Preprocessor, picture: np.ndarray, quality: int, strength: float
) -> None:
    plain = model.decide(picture, tables(quality), strength)
    trained = model.decide(picture, tables(quality), strength, training=True)
    for a, b, real in zip(plain.quantized, trained.quantized, trained.real, strict=True):
        # Both are exact but for sums in another order, which a few coefficients at a threshold tell apart.
        assert np.mean(np.asarray(a) != np.asarray(b)) < 1e-4
        np.testing.assert_array_equal(b, np.sign(real) * np.floor(np.abs(real) + 0.5))


def test_strength_zero_decides_as_the_encoder(model: Preprocessor, picture: np.ndarray) -> None:
    encoded = jpeg.encode_coefficients(picture[0].astype(np.uint8), 50).planes
    decided = model.decide(picture, tables(50), 0).quantized
    for mine, expected in zip(decided, encoded, strict=True):
        received = np.asarray(mine)[0].reshape(expected.shape)
        assert np.abs(received - expected).max() <= 1
        # The encoder rounds colours and averaged chroma to integers first: coefficients near a tie go the other way.
        assert np.mean(received != expected) < 0.01


def test_thresholds_make_decisions_of_coefficients_in_one_direction(
    model: Preprocessor, picture: np.ndarray
) -> None:
    """Lowered towards zero, DC never, and the high half from 2 never to 1."""
    # White and black are raised and lowered.
    inside = np.clip(picture, 1, 254)
    rounded, decided = (model.decide(inside, tables(30), s).quantized.luma for s in (0, 1))
    rounded, decided = np.asarray(rounded)[0], np.asarray(decided)[0]
    np.testing.assert_array_equal(decided[..., 0], rounded[..., 0])
    assert np.all(np.abs(decided) <= np.abs(rounded)) and np.all(decided * rounded >= 0)
    assert np.any(decided != rounded)
    high = ORDER[32:]
    assert not np.any((np.abs(rounded[..., high]) == 2) & (np.abs(decided[..., high]) == 1))


def test_decisions_take_white_and_black_to_lie_beyond_what_samples_can_be(model: Preprocessor) -> None:
    """So that decoders cut off what quantization adds to them; not of a nearly white picture, nor at strength 0."""
    picture = np.full((1, 16, 32, 3), 254.0, np.float32)
    picture[:, :, 16:] = 0.0
    picture[:, :8, :8] = 255.0
    picture[:, 8:10, 8:11] = 255.0  # too few to be raised
    table = tables(50)
    entry = table[0, 0, 0]
    for strength in (0.0, 0.5, 1.0):
        luma = np.asarray(model.decide(picture, table, strength).quantized.luma)[0, ..., 0]
        white, nearly_white, black = luma[0, 0], luma[0, 1], luma[0, 2]
        few_white = luma[1, 1]
        beyond = 0.55 * strength * entry
        assert white == np.round(8 * (127 + beyond) / entry)
        assert nearly_white == few_white == np.round(8 * 126 / entry)
        assert black == np.round(8 * (-128 - beyond) / entry)


def test_an_encoder_writes_the_decisions_of_a_carrier(model: Preprocessor, picture: np.ndarray) -> None:
    """Through the project's own encoder, with finer tables than those that the decisions are for."""
    target = np.clip(tables(60) * np.linspace(1, 1.7, 64).reshape(8, 8).round(1), 1, 255).round()
    carrier = np.asarray(model.carrier(picture, target, 1, tables(70)))
    np.testing.assert_array_equal(carrier, np.clip(np.round(carrier), 0, 255))
    written = jpeg.encode_coefficients(carrier[0].astype(np.uint8), 70).planes
    for expected, received in zip(model.decide(picture, target, 1).quantized, written, strict=True):
        assert np.mean(np.asarray(expected)[0].reshape(received.shape) != received) < 2e-4


def test_every_weight_and_table_entry_receives_a_gradient_through_decisions(
    model: Preprocessor, picture: np.ndarray
) -> None:
    both = tf.constant(tables(80))
    with tf.GradientTape() as tape:
        tape.watch(both)
        decisions = model.decide(picture, both, 1, training=True)
        loss = tf.add_n([tf.reduce_sum(tf.square(q)) for q in decisions.quantized])
    gradients = tape.gradient(loss, [both, *model.trainable_variables])
    assert all(gradient is not None and np.all(np.isfinite(gradient)) for gradient in gradients)
    assert np.any(gradients[0])


def test_tables_of_each_picture_are_its_own(model: Preprocessor, picture: np.ndarray) -> None:
    two = np.concatenate([picture, picture[:, :, ::-1]])
    together = model(two, np.stack([tables(30), tables(80)]), np.array([1.0, 0.5]))
    apart = [model(two[i : i + 1], tables(q), strength=s)[0] for i, q, s in ((0, 30, 1.0), (1, 80, 0.5))]
    # Sums of another batch may be in another order: a level at ties.
    assert np.abs(np.asarray(together) - np.stack(apart)).max() <= 1
    assert np.mean(np.asarray(together) != np.stack(apart)) < 1e-3


def test_the_shipped_architecture_costs_at_most_a_thousand_multiply_adds() -> None:
    cost = Preprocessor().multiply_adds()
    assert cost["luma"] == pytest.approx(330.75) and cost["chroma"] == pytest.approx(126.0)


@pytest.mark.parametrize(
    ("image", "tables_shape"),
    [((1, 20, 32, 3), (2, 8, 8)), ((1, 32, 32, 3), (2, 64)), ((32, 32, 3), (2, 8, 8))],
)
def test_wrong_shapes_are_refused(model: Preprocessor, image: tuple, tables_shape: tuple) -> None:
    with pytest.raises(ValueError, match="must have shape"):
        model(np.zeros(image, np.float32), np.ones(tables_shape, np.float32), strength=1.0)


def test_conditions_of_another_batch_are_refused(model: Preprocessor) -> None:
    images, tables = np.zeros((4, 16, 16, 3), np.uint8), np.full((3, 2, 8, 8), 20.0)
    with pytest.raises(
        ValueError, match=r"`tables` must be one for all pictures, or one for each of 4. Received: 3"
    ):
        model(images, tables)
    with pytest.raises(ValueError, match="`strength` must be one for all pictures"):
        model.decide(images, tables[0], [0.5, 1.0])
    with pytest.raises(ValueError, match=r"`tables` must be numbers. Received: dtype=string"):
        model(images, "annex-k")


def test_a_model_of_other_networks_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "old.keras"
    Preprocessor(channels=8).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["mixing_blocks"] = 2  # networks that the weights do not fit
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match=r"old.keras: .*versions 4 and before") as caught:
        load_preprocessor(path)
    assert "\n" not in str(caught.value)
