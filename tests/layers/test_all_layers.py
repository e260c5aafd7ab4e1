"""Every layer, objective and preprocessor keeps Keras' own protocols, and computes in float32 under any policy."""

import ast
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import jpegpre_tf
from jpegpre_tf import layers, losses
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.models.encoder_quantizer import EncoderQuantizer
from jpegpre_tf.models.rate_network import RateNetwork
from tests.layers.check_layer import check_layer

QUALITY = np.array([35.0, 80.0], np.float32)
STRENGTH = np.array([1.0, 0.6], np.float32)
RATE = np.array([0.8, 1.4], np.float32)
TABLES = np.stack([np.stack(quantization_tables(int(q))) for q in QUALITY]).astype(np.float32)

ROOT = Path(__file__).parents[2]
# Not named here: a part of `RateNetwork`, tested with it.
PARTS = {"_BlockBits"}
# Holds a Python function, so it refuses to be saved; tests/layers/test_mixed_gradient.py tests it.
UNSAVED = {"RealCodec"}


@pytest.fixture
def images(photos: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(photos[:2, :48, :64]).astype(np.float32)


def test_every_layer_is_checked() -> None:
    kinds = ("keras.layers.Layer", "keras.Model")
    files = [
        file for room in ("layers", "losses", "models") for file in (ROOT / "jpegpre_tf" / room).rglob("*.py")
    ]
    found = {
        node.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in kinds for base in node.bases)
    }
    named = set(re.findall(r"\w+", Path(__file__).read_text(encoding="utf-8").partition("def images")[2]))
    assert found - named == PARTS | UNSAVED


def test_exact_layers(images: np.ndarray, tmp_path: Path) -> None:
    check_layer(layers.JPEGSimulator(), [images, QUALITY], tmp_path)
    check_layer(layers.RateEstimator(), [images, QUALITY], tmp_path)


def test_tuned_tables(tmp_path: Path) -> None:
    layer = layers.TunedTables(calibration=((1, 100), (2, 99)), gain=3.0)
    layer.build()
    layer.scaled_factors.assign(np.random.default_rng(0).normal(0, 0.1, (4, 2, 8, 8)))
    check_layer(layer, [QUALITY], tmp_path, gradient_to=())


def test_dead_zone(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    steps = generator.laplace(0, 1, (2, 3, 4, 64)).astype(np.float32)
    gates = generator.uniform(0, 1, (2, 3, 4, 96)).astype(np.float32)
    check_layer(layers.DeadZone(), [steps, gates, STRENGTH.reshape(2, 1, 1, 1)], tmp_path, gradient_to=(0, 1))


def test_mixed_gradient(images: np.ndarray, tmp_path: Path) -> None:
    layer = layers.MixedGradient(layers.JPEGSimulator(surrogate="soft"), layers.JPEGSimulator())
    check_layer(layer, [images, QUALITY], tmp_path)


@pytest.mark.parametrize(
    "objective", [losses.BDRate({"psnr_y": 1.0, "ssim": 2.0}), losses.RateDistortion()], ids=["bd", "rd"]
)
def test_objectives(objective: Any, images: np.ndarray, tmp_path: Path) -> None:
    # Noise: what is nearly equal has an SSIM whose difference from 1 float32 does not resolve.
    noisy = images + np.random.default_rng(0).normal(0, 8, images.shape).astype(np.float32)
    inputs = [images, noisy, QUALITY, RATE, STRENGTH]
    check_layer(objective, inputs, tmp_path, gradient_to=(1, 3))


def test_step_error(images: np.ndarray, tmp_path: Path) -> None:
    check_layer(losses.StepError(), [images, images + 2.0, QUALITY], tmp_path, gradient_to=(1,))


def test_preprocessor(images: np.ndarray, tmp_path: Path) -> None:
    """Its networks may compute in half precision, which moves thresholds; so no other policy."""
    model = jpegpre_tf.Preprocessor(channels=8)
    check_layer(model, [images, TABLES, STRENGTH], tmp_path, gradient_to=(), dtypes=())


def test_networks_of_an_encoder(images: np.ndarray, tmp_path: Path) -> None:
    """As the preprocessor's: no other policy."""
    size = {"channels": 8, "spatial_blocks": 1}
    inputs = [images, QUALITY]
    check_layer(EncoderQuantizer(**size), inputs, tmp_path, dtypes=())
    check_layer(jpegpre_tf.NeuralSimulator(**size), inputs, tmp_path, dtypes=())
    rate = jpegpre_tf.NeuralRateEstimator(**size, width=8, context_width=4, symbols=True)
    check_layer(rate, inputs, tmp_path, dtypes=())


def test_rate_network(images: np.ndarray) -> None:
    """Its input is a structure, which `check_layer` has no file for; `NeuralRateEstimator` above saves it."""
    decisions, _ = EncoderQuantizer(channels=8)(images, QUALITY)
    network = RateNetwork(width=8, context_width=4, symbols=True)
    again = RateNetwork.from_config(network.get_config())
    assert again.get_config() == network.get_config()
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(again(decisions), network(decisions))
    shapes = keras.tree.map_structure(lambda part: tuple(part.shape), decisions)
    assert network.compute_output_shape(shapes) == network(decisions).shape
    for part in network.parts:
        twin = type(part).from_config(part.get_config())
        assert twin.get_config() == part.get_config()
        assert [w.shape for w in twin.weights] == [w.shape for w in part.weights]


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64"])
def test_the_simulator_equals_the_codec_under_every_policy(
    policy: str, photos: np.ndarray, real_jpeg: Any
) -> None:
    """Also of half precision pictures, whose samples are integers: all of 0..255 are exact in both formats."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        simulator, rate = layers.JPEGSimulator(), layers.RateEstimator()
        picture, quality = keras.Input((None, None, 3)), keras.Input((1,))
        functional = keras.Model([picture, quality], [simulator(picture, quality), rate(picture, quality)])
        inputs = [photos[:1].astype(np.float32), np.array([[60.0]])]
        predicted = functional.predict(inputs, verbose=0)
    finally:
        keras.config.set_dtype_policy(before)
    half = keras.ops.cast(photos[:1], policy.removeprefix("mixed_"))
    content = real_jpeg.encode(photos[0], 60)
    for decoded, rate_bpp in ((simulator(half, 60), rate(half, 60)), predicted):
        np.testing.assert_array_equal(np.asarray(decoded)[0], real_jpeg.decode(content))
        assert float(rate_bpp[0]) * photos[0, ..., 0].size == pytest.approx(8 * len(content), abs=0.5)
