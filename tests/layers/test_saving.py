"""The layers after .keras save and load in a process that imports only the package, and inside tf_keras."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import jpegpre_tf
from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.quantization.quantization import quantization_tables

LOAD = """
import sys
import jpegpre_tf
import jpegpre_tf.layers
import keras, numpy
model = keras.models.load_model(sys.argv[1])
data = numpy.load(sys.argv[2])
decoded, rate_bpp = model([data["images"], data["quality"]])
numpy.savez(sys.argv[3], decoded=decoded, rate_bpp=rate_bpp)
"""


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_save_and_load_in_a_fresh_process(photos, tmp_path, jit_compile):
    photos = photos[:, :30, :50].astype(np.float32)
    qualities = np.array([10.0, 50.0, 95.0], np.float32)
    images, quality = keras.Input([None, None, 3]), keras.Input([])
    simulator = jpegpre_tf.JPEGSimulator("4:2:2", "soft", jit_compile)
    rate = jpegpre_tf.RateEstimator("standard", "4:2:2", "dither", jit_compile)
    model = keras.Model([images, quality], [simulator(images, quality), rate(images, quality)])
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "in.npz", images=photos, quality=qualities)
    files = [str(tmp_path / name) for name in ("model.keras", "in.npz", "out.npz")]
    root = Path(jpegpre_tf.__file__).parent.parent
    subprocess.run([sys.executable, "-c", LOAD, *files], check=True, cwd=root)
    loaded = np.load(tmp_path / "out.npz")
    np.testing.assert_array_equal(loaded["decoded"], simulator(photos, qualities))
    np.testing.assert_array_equal(loaded["rate_bpp"], rate(photos, qualities))


@pytest.mark.parametrize(
    "layer",
    [
        jpegpre_tf.JPEGSimulator("4:4:4", "cubic", True, name="a"),
        jpegpre_tf.RateEstimator("standard", "4:2:2", "dither", True, name="b"),
    ],
)
def test_config_round_trip(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_inside_a_tf_keras_model(real_jpeg, photos):
    tf_keras = pytest.importorskip("tf_keras")
    photos = photos[:, :48, :40]
    qualities = np.array([10.0, 50.0, 95.0], np.float32)

    class Simulate(tf_keras.layers.Layer):
        def call(self, inputs):
            images, quality = inputs
            tables = quantization_tables(quality)
            return pipeline.simulate(images, tables, "4:2:0", "identity")

    images, quality = tf_keras.Input([None, None, 3]), tf_keras.Input([])
    gain = tf_keras.layers.Conv2D(3, 1, use_bias=False)
    model = tf_keras.Model([images, quality], Simulate()([gain(images), quality]))
    gain.set_weights([np.eye(3)[None, None]])
    model.compile(tf_keras.optimizers.SGD(1e-9), "mse")
    history = model.fit([photos.astype(np.float32), qualities], photos, batch_size=3, verbose=0)
    pairs = zip(photos, (10, 50, 95), strict=True)
    decoded = np.stack([real_jpeg.decode(real_jpeg.encode(photo, q)) for photo, q in pairs])
    expected = np.mean((decoded.astype(np.float64) - photos) ** 2)
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)
    assert np.any(gain.get_weights()[0] != np.eye(3))
