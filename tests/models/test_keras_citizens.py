"""Models in Keras' own ways: summary, predict, functional and subclassed use, mixed precision, several devices."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.jpeg import quantization_tables

SMALL = {"channels": 8, "spatial_blocks": 1}
TABLES = np.stack(quantization_tables(50)).astype(np.float32)
QUALITY = np.array([40.0, 70.0], np.float32)


@pytest.fixture
def images(photos: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(photos[:2, :32, :48])


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16"])
def policy(request: pytest.FixtureRequest) -> Iterator[str]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def networks() -> list[Any]:
    rate = jpegpre_tf.NeuralRateEstimator(**SMALL, width=8, context_width=4)
    return [jpegpre_tf.NeuralSimulator(**SMALL), rate]


def test_summary_and_predict(images: np.ndarray) -> None:
    preprocessor = jpegpre_tf.Preprocessor(channels=8)
    for model in (preprocessor, *networks()):
        lines: list[str] = []
        model.summary(print_fn=lambda line, lines=lines: lines.append(line))
        assert f"Total params: {model.count_params():,}" in "".join(lines)
    tables = np.stack([TABLES, TABLES])
    expected = preprocessor(images, tables)
    for inputs in ([images, tables], {"image": images, "tables": tables}):
        np.testing.assert_array_equal(preprocessor.predict(inputs, verbose=0), expected)
    for model in networks():
        found = model.predict([images, QUALITY], verbose=0)
        np.testing.assert_allclose(found, model(images, QUALITY), rtol=1e-4)


def test_layers_and_models_in_a_functional_model(images: np.ndarray, tmp_path: Path) -> None:
    picture = keras.Input((None, None, 3), name="picture")
    edited = jpegpre_tf.Preprocessor(channels=8)(picture, TABLES.tolist(), 0.5)
    decoded = jpegpre_tf.JPEGSimulator()(edited, 50)
    rate = jpegpre_tf.RateEstimator()(edited, quality=50)
    model = keras.Model(picture, [decoded, rate])
    assert [output.shape for output in model.outputs] == [(None, None, None, 3), (None,)]
    expected = model.predict(images, verbose=0)
    model.save(tmp_path / "model.keras")
    for one, other in zip(keras.saving.load_model(tmp_path / "model.keras")(images), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)  # a sum of four floats, in another order


@pytest.mark.parametrize("number", range(3))
def test_models_export_without_a_call_before(number: int, images: np.ndarray, tmp_path: Path) -> None:
    model = [jpegpre_tf.Preprocessor(channels=8), *networks()][number]
    model.export(tmp_path / "exported", verbose=False)
    inputs = {"tables": np.stack([TABLES, TABLES]), "strength": np.ones(2, np.float32), "quality": QUALITY}
    arguments = [inputs.get(name, images.astype(np.float32)) for name in model.INPUTS]
    exported = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(exported.serve(*arguments), model(*arguments), rtol=1e-4)


def test_a_model_of_ones_own_trains_through_the_layers(images: np.ndarray) -> None:
    class Enhancer(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.change = keras.layers.Conv2D(3, 1, kernel_initializer="zeros")
            self.codec = jpegpre_tf.JPEGSimulator()

        def call(self, pictures: Any) -> Any:
            pictures = keras.ops.cast(pictures, "float32")
            return self.codec(pictures + self.change(pictures / 255.0), 30)

    model = Enhancer()
    model.compile(optimizer=keras.optimizers.Adam(1.0), loss="mse")
    history = model.fit(images, images.astype(np.float32), epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_networks_compute_in_half_precision_and_give_float32(policy: str, images: np.ndarray) -> None:
    low = policy.removeprefix("mixed_")
    made = [jpegpre_tf.Preprocessor(channels=8), *networks()]
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    twins = [jpegpre_tf.Preprocessor(channels=8), *networks()]
    keras.config.set_dtype_policy(before)
    for model, twin in zip(made, twins, strict=True):
        twin.set_weights(model.get_weights())
        network = getattr(model, "quantizer", model).luma_network
        assert network.layers[-1].compute_dtype == low
        condition = (TABLES,) if isinstance(model, jpegpre_tf.Preprocessor) else (QUALITY,)
        received, expected = np.asarray(model(images, *condition)), np.asarray(twin(images, *condition))
        assert received.dtype == np.float32
        # Untrained simulators round whatever the precision; thresholds of the preprocessor move by a hundredth of a
        # step, and a rate's bits by a hundredth.
        if isinstance(model, jpegpre_tf.Preprocessor):
            assert np.mean(received != expected) < 0.1
        else:
            np.testing.assert_allclose(received, expected, rtol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
def test_training_in_half_precision_takes_the_same_steps(policy: str, images: np.ndarray) -> None:
    """The loss is scaled under mixed_float16, and its gradients scaled back: one step of plain descent is the same."""
    batch = (images[:, :16, :16], QUALITY, np.ones(2, np.float32))
    moved = []
    for name in (policy, "float32"):
        keras.config.set_dtype_policy(name)
        keras.utils.set_random_seed(0)
        trainer = jpegpre_tf.PreprocessorTrainer(jpegpre_tf.Preprocessor(channels=8))
        before = trainer.preprocessor.get_weights()
        trainer.compile(optimizer=keras.optimizers.SGD(0.1))
        trainer.fit(tf.data.Dataset.from_tensors(batch), verbose=0)
        after = trainer.preprocessor.get_weights()
        moved.append(np.concatenate([(a - b).ravel() for a, b in zip(after, before, strict=True)]))
    assert np.linalg.norm(moved[1]) > 0
    assert np.linalg.norm(moved[0] - moved[1]) < 0.3 * np.linalg.norm(moved[1])


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_are_refused_before_keras_is_imported(backend: str) -> None:
    program = (
        "import sys, jpegpre_tf.runtime\n"
        "try: jpegpre_tf.JPEGSimulator\n"
        "except ImportError as error: print(error)\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "from jpegpre_tf.cli.main import main\n"
        f"sys.exit(main(['train-tables', {str(Path(__file__).parents[1] / 'pictures')!r}, '-o', 'x.json']))\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert f"need Keras on TensorFlow: set KERAS_BACKEND=tensorflow. Received: '{backend}'" in done.stdout
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "KERAS_BACKEND" in done.stderr
