"""One check that every layer of the package passes, in the spirit of Keras' `run_layer_test`."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import jpegpre_tf

_LOAD = """
import sys
import jpegpre_tf.layers, jpegpre_tf.models
from jpegpre_tf.losses import *  # which imports its classes when they are named, not before
import keras, numpy
model = keras.models.load_model(sys.argv[1])
data = numpy.load(sys.argv[2])
outputs = keras.tree.flatten(model([data[f"arr_{i}"] for i in range(len(data.files))]))
numpy.savez(sys.argv[3], *outputs)
"""


def check_layer(
    layer: keras.layers.Layer,
    inputs: Sequence[np.ndarray],
    folder: Path,
    *,
    options: Mapping[str, Any] | None = None,
    gradient_to: Sequence[int] = (0,),
    compiles: bool = True,
    dtypes: Sequence[str] = ("mixed_float16", "mixed_bfloat16"),
) -> list[np.ndarray]:
    """Config round trip, symbolic call, a fresh process, XLA, dtype policies, and finite gradients.

    Args:
        layer: Called with `inputs` in this order.
        inputs: float32 arrays; the first axis is the batch.
        folder: For files.
        options: Keyword arguments of the call that are not tensors.
        gradient_to: Indices of inputs that receive a gradient; empty for layers without one.
        compiles: Whether the layer runs in XLA.
        dtypes: Policies under which the result has to be the same, value by value.

    Returns:
        The results of the plain call.
    """
    options = dict(options or {})
    tensors = [tf.constant(value) for value in inputs]
    expected = [np.asarray(part) for part in keras.tree.flatten(layer(*tensors, **options))]

    def check(outputs: Any, what: str) -> None:
        for received, wanted in zip(keras.tree.flatten(outputs), expected, strict=True):
            assert received.dtype == wanted.dtype, what
            # Sums in another order: a few units in the last place.
            np.testing.assert_allclose(received, wanted, rtol=2e-5, atol=2e-5, err_msg=what)

    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    again(*tensors, **options)
    again.set_weights(layer.get_weights())
    check(again(*tensors, **options), "from_config")

    symbols = [keras.Input(value.shape[1:], batch_size=None, dtype="float32") for value in inputs]
    model = keras.Model(symbols, layer(*symbols, **options))
    for symbol, wanted in zip(keras.tree.flatten(model.outputs), expected, strict=True):
        assert symbol.shape[1:] == wanted.shape[1:], "compute_output_shape"
    check(model(tensors), "functional model")

    model.save(folder / "model.keras")
    np.savez(folder / "in.npz", *inputs)
    files = [str(folder / name) for name in ("model.keras", "in.npz", "out.npz")]
    root = Path(jpegpre_tf.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", _LOAD, *files], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = np.load(folder / "out.npz")
    check([loaded[name] for name in loaded.files], "fresh process")

    if compiles:
        check(tf.function(lambda *x: layer(*x, **options), jit_compile=True)(*tensors), "XLA")
    for name in dtypes:
        _check_policy(name, layer, tensors, options, check)
    if gradient_to:
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs = keras.tree.flatten(layer(*tensors, **options))
            total = tf.add_n([tf.reduce_sum(tf.cast(part, tf.float32)) for part in outputs])
        wanted = [tensors[index] for index in gradient_to] + layer.trainable_variables
        gradients = tape.gradient(total, wanted)
        for gradient in gradients:
            assert gradient is not None and np.all(np.isfinite(gradient)), "gradient"
        assert any(np.any(gradient) for gradient in gradients), "gradients are all 0"
    return expected


def _check_policy(
    name: str, layer: Any, tensors: list[tf.Tensor], options: dict[str, Any], check: Any
) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        config = layer.get_config()
        # A layer made under the policy, not one that remembers another.
        config.pop("dtype", None)
        other = type(layer).from_config(config)
        other(*tensors, **options)
        other.set_weights(layer.get_weights())
        check(other(*tensors, **options), name)
    finally:
        keras.config.set_dtype_policy(before)
