"""A preprocessor as an ONNX file: float32, float16, or int8 networks between uint8 levels."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters.onnx_int8 import quantize_weights
from jpegpre_tf.exporters.quantized import check_source
from jpegpre_tf.storage.atomic import write_atomically

OPSET = 17
_PURPOSE = "ONNX export"
_SIZES = {1: "height", 2: "width"}
# Metadata properties of every file.
_DESCRIPTION = {
    "image": "RGB levels 0..255; height and width multiples of 16, padded by repeating the last row and column",
    "quality": "JPEG quality 1..100 that the picture will be encoded with",
    "strength": "0 = identity, 1 = as trained",
    "output": "RGB levels 0..255, whole numbers",
}


def export_onnx(preprocessor: Any, path: str | Path, precision: str = "fp32") -> Path:
    """Writes ONNX: `image` [1,height,width,3], `quality` and `strength` [1,1,1,1] in, `output` like `image` out.

    `image` and `output` are levels: float32, or uint8 for int8; the others float32. Height and width are free,
    multiples of 16.

    Args:
        preprocessor: A trained `Preprocessor`; for int8 a calibrated `QuantizedPreprocessor`.
        path: Where to write; replaced only when the conversion succeeded.
        precision: "fp32", "fp16" (inside; inputs and outputs float32) or "int8" (networks, as QDQ with the
            quantisation of the TFLite file).

    Raises:
        ModelError: If the result is not valid ONNX or its inputs or outputs are not as asked.
        MissingExtraError: If the extra [export] is not installed.
        OutputError: If the file cannot be written.
    """
    write_atomically(path, convert_onnx(preprocessor, precision))
    return Path(path)


def convert_onnx(
    preprocessor: Any, precision: str = "fp32", properties: dict[str, str] | None = None
) -> bytes:
    """Returns what `export_onnx` writes, with `properties` as the file's metadata."""
    check_source(preprocessor, precision)
    onnx = require("onnx", extra="export", purpose=_PURPOSE)
    if precision == "int8":
        model = _traced(preprocessor.levels, tf.uint8)
        quantize_weights(model)
    else:
        model = _traced(lambda *inputs: preprocessor(*inputs), tf.float32)
    if precision == "fp16":
        model = _half(model)
    onnx.helper.set_model_props(model, _DESCRIPTION | (properties or {}))
    content: bytes = model.SerializeToString()
    check_onnx(content, precision)
    return content


def _traced(function: Any, dtype: tf.DType) -> Any:
    """The onnx.ModelProto of a function of image, quality and strength; image and result in `dtype`."""
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
    for value in (*model.graph.input, *model.graph.output):
        if value.name in ("image", "output"):
            for axis, size in _SIZES.items():
                value.type.tensor_type.shape.dim[axis].dim_param = size
    # Sizes that tf2onnx could not know carry numbered names: left to ONNX's own inference.
    del model.graph.value_info[:]
    return model


def _half(model: Any) -> Any:
    """The same in float16 inside, float32 at inputs and outputs."""
    float16 = require("onnxruntime.transformers.float16", extra="export", purpose=_PURPOSE)
    graph = require("onnxruntime.transformers.onnx_model", extra="export", purpose=_PURPOSE)
    # Min and Max are blocked by default for old runtimes; unblocked they would cut the graph into pieces.
    blocked = [name for name in float16.DEFAULT_OP_BLOCK_LIST if name not in ("Min", "Max")]
    half = graph.OnnxModel(float16.convert_float_to_float16(model, keep_io_types=True, op_block_list=blocked))
    half.topological_sort()
    return half.model


def check_onnx(content: bytes, precision: str = "fp32") -> None:
    """Raises ModelError unless the file is valid and has the contract's inputs and outputs.

    Args:
        content: The ONNX file.
        precision: "fp32", "fp16" or "int8".
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
    dtype = "uint8" if precision == "int8" else "float32"
    picture, scalar = ([1, "height", "width", 3], dtype), ([1, 1, 1, 1], "float32")
    expected = {"image": picture, "quality": scalar, "strength": scalar, "output": picture}
    if found != expected:
        raise ModelError(f"exported ONNX model: expected tensors {expected}, found {found}")
