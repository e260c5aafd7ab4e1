"""A Keras preprocessor as a TFLite file."""

import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from jpegpre_tf.errors import ModelError

EXPORT_SIZE = 256  # pixels; resizable at run time to any multiple of 16
SIGNATURE = "serving_default"


class _Served(tf.Module):
    """The inference graph with its variables, so that the converter can freeze them."""

    def __init__(self, preprocessor: Any) -> None:
        super().__init__()
        self.preprocessor = preprocessor
        # The bare variables: the converter does not see through Keras' wrappers and would leave them unfrozen.
        self.v = [variable.value for variable in preprocessor.variables]

    @tf.function(
        input_signature=[
            tf.TensorSpec((1, EXPORT_SIZE, EXPORT_SIZE, 3), tf.float32, name="image"),
            tf.TensorSpec((1, 1, 1, 1), tf.float32, name="quality"),
            tf.TensorSpec((1, 1, 1, 1), tf.float32, name="strength"),
        ]
    )
    def serve(self, image: tf.Tensor, quality: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"output": self.preprocessor(image, quality, strength)}


def export_tflite(preprocessor: Any, path: str | Path) -> Path:
    """Writes float32 TFLite: `image` [1,H,W,3], `quality` and `strength` [1,1,1,1] in, `output` [1,H,W,3] out.

    All tensors are float32 in levels 0..255, addressed by name through the file's only signature. The file is
    exported at 256x256 and resizable to any multiple of 16.

    Args:
        preprocessor: A trained `Preprocessor`.
        path: Where to write; replaced only when the conversion succeeded.

    Raises:
        ModelError: If the result's inputs or outputs are not as asked.
    """
    path = Path(path)
    module = _Served(preprocessor)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        content = converter.convert()
    check_tflite(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return path


def check_tflite(content: bytes) -> None:
    """Raises ModelError unless the model has exactly the inputs and outputs that the contract names, in float32."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content).get_signature_runner(SIGNATURE)
    found = {name: (list(d["shape"]), d["dtype"].__name__) for name, d in runner.get_input_details().items()}
    found |= {
        name: (list(d["shape"]), d["dtype"].__name__) for name, d in runner.get_output_details().items()
    }
    picture, scalar = ([1, EXPORT_SIZE, EXPORT_SIZE, 3], "float32"), ([1, 1, 1, 1], "float32")
    expected = {"image": picture, "quality": scalar, "strength": scalar, "output": picture}
    if found != expected:
        raise ModelError(f"exported TFLite model: expected tensors {expected}, found {found}")
