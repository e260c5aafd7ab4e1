"""Two devices of one machine: means over both, and `fit` under MirroredStrategy."""

import subprocess
import sys

import pytest

# A process for each check: devices are set once, and collective operations of two strategies do not mix.
_TWO_DEVICES = """
import sys
import keras, numpy as np, pytest, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import jpegpre_tf
from jpegpre_tf.training.distributed.workers import Workers

def mean_of_the_whole_batch():
    workers = Workers("mirrored")
    assert (workers.count, workers.replicas, workers.local_replicas) == (1, 2, 2)
    batch = np.arange(12, dtype=np.float32).reshape(4, 3)
    seen = []
    def function(part):
        seen.append(part.shape)
        return [tf.reduce_mean(part, axis=0), tf.reduce_mean(part ** 2)]
    first, second = tf.function(lambda part: workers.mean(function, (part,)))(tf.constant(batch))
    np.testing.assert_allclose(first, batch.mean(axis=0))
    np.testing.assert_allclose(second, (batch ** 2).mean())
    assert {tuple(shape) for shape in seen} == {(2, 3)}, seen

def fit_takes_the_step_of_one_device():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (4, 16, 16, 3)).astype(np.uint8)
    data = tf.data.Dataset.from_tensors((images, np.full(4, 40.0, np.float32), np.ones(4, np.float32)))
    weights = []
    for strategy in (tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
        with strategy.scope():
            keras.utils.set_random_seed(0)
            trainer = jpegpre_tf.PreprocessorTrainer(jpegpre_tf.Preprocessor(channels=4))
            trainer.compile(optimizer=keras.optimizers.SGD(0.01))
        assert np.isfinite(trainer.fit(data, verbose=0).history["loss"]).all()
        weights.append(np.concatenate([np.asarray(w).ravel() for w in trainer.preprocessor.get_weights()]))
    np.testing.assert_allclose(weights[1], weights[0], atol=1e-6)
    with strategy.scope():
        with pytest.raises(ValueError, match="`jit_compile` must be False for a strategy of several devices"):
            trainer.compile(jit_compile=True)
        # A functional model of one's own; one picture leaves a device without work.
        picture, quality = keras.Input((16, 16, 3)), keras.Input((1,))
        model = keras.Model([picture, quality], jpegpre_tf.JPEGSimulator()(picture, quality))
    for count in (1, 4):
        decoded = model.predict([images[:count], np.full((count, 1), 40.0)], verbose=0)
        np.testing.assert_array_equal(decoded, jpegpre_tf.JPEGSimulator()(images[:count], 40))

globals()[sys.argv[1]]()
"""


@pytest.mark.slow
@pytest.mark.parametrize("check", ["mean_of_the_whole_batch", "fit_takes_the_step_of_one_device"])
def test_mirrored_devices_of_one_machine(check: str) -> None:
    done = subprocess.run([sys.executable, "-c", _TWO_DEVICES, check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
