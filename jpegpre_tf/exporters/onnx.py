"""A Keras preprocessor as an ONNX file."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.atomic import write_atomically

OPSET = 17
_PURPOSE = "ONNX export"
_SIZES = {1: "height", 2: "width"}


def export_onnx(preprocessor: Any, path: str | Path) -> Path:
    """Writes float32 ONNX: `image` [1,height,width,3], `quality` and `strength` [1,1,1,1] in, `output` out.

    All tensors are float32 in levels 0..255; height and width are free, multiples of 16.

    Args:
        preprocessor: A trained `Preprocessor`.
        path: Where to write; replaced only when the conversion succeeded.

    Raises:
        ModelError: If the result is not valid ONNX or its inputs or outputs are not as asked.
        MissingExtraError: If the extra [export] is not installed.
    """
    content = convert(lambda image, quality, strength: preprocessor(image, quality, strength))
    write_atomically(path, content)
    return Path(path)


def convert(function: Any, dtype: tf.DType = tf.float32) -> bytes:
    """Returns the ONNX file of a function of image, quality and strength; image and result in `dtype`."""
    tf2onnx = require("tf2onnx", extra="export", purpose=_PURPOSE)
    signature = [
        tf.TensorSpec((1, None, None, 3), dtype, name="image"),
        tf.TensorSpec((1, 1, 1, 1), tf.float32, name="quality"),
        tf.TensorSpec((1, 1, 1, 1), tf.float32, name="strength"),
    ]

    @tf.function(input_signature=signature)
    def serve(image: tf.Tensor, quality: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"output": function(image, quality, strength)}

    model, _ = tf2onnx.convert.from_function(serve, input_signature=signature, opset=OPSET)
    for value in (model.graph.input[0], model.graph.output[0]):
        for axis, size in _SIZES.items():
            value.type.tensor_type.shape.dim[axis].dim_param = size
    # Sizes that tf2onnx could not know carry numbered names: left to ONNX's own inference.
    del model.graph.value_info[:]
    content: bytes = model.SerializeToString()
    check_onnx(content, "uint8" if dtype == tf.uint8 else "float32")
    return content


def check_onnx(content: bytes, dtype: str) -> None:
    """Raises ModelError unless the file is valid and has the contract's inputs and outputs.

    Args:
        content: The ONNX file.
        dtype: Of `image` and `output`: "float32" or "uint8".
    """
    onnx = require("onnx", extra="export", purpose=_PURPOSE)
    model = onnx.load_from_string(content)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"exported ONNX model is not valid: {error}") from error
    found = {}
    for value in (*model.graph.input, *model.graph.output):
        tensor = value.type.tensor_type
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        found[value.name] = ([d.dim_param or d.dim_value for d in tensor.shape.dim], kind)
    picture, scalar = ([1, "height", "width", 3], dtype), ([1, 1, 1, 1], "float32")
    expected = {"image": picture, "quality": scalar, "strength": scalar, "output": picture}
    if found != expected:
        raise ModelError(f"exported ONNX model: expected tensors {expected}, found {found}")
