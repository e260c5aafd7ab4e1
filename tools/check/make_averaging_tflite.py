"""Writes tests/evaluation/data/averaging.tflite: a stand-in for a model, which mixes in a 3x3 average.

python tools/check/make_averaging_tflite.py
"""

from pathlib import Path

import tensorflow as tf

TARGET = Path(__file__).resolve().parents[2] / "tests/evaluation/data/averaging.tflite"


class Averaging(tf.Module):
    """image + strength * 0.15 * (average - image); `quality` is an input without effect."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([1, 256, 256, 3], tf.float32, name="image"),
            tf.TensorSpec([1, 1, 1, 1], tf.float32, name="quality"),
            tf.TensorSpec([1, 1, 1, 1], tf.float32, name="strength"),
        ]
    )
    def serve(self, image, quality, strength):
        average = tf.nn.avg_pool2d(image, 3, 1, "SAME")
        return {"output": image + strength * 0.15 * (average - image) + 0 * quality}


if __name__ == "__main__":
    module = Averaging()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serve.get_concrete_function()], module
    )
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(converter.convert())
