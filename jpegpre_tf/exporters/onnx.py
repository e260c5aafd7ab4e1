"""A preprocessor as an ONNX file: float32, float16, or int8 networks between uint8 levels."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters.onnx_file import store_once
from jpegpre_tf.exporters.onnx_int8 import quantize_weights
from jpegpre_tf.exporters.quantized import QuantizedPreprocessor, check_source, float_graph
from jpegpre_tf.exporters.signatures import (
    DESCRIPTIONS,
    EDIT,
    INPUTS,
    OUTPUTS,
    input_specs,
    shape_of,
    signature_function,
)
from jpegpre_tf.layers.dead_zone import ONE_SPAN
from jpegpre_tf.models.decision_graph import DecisionGraph
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.storage.atomic import write_atomically

OPSET = 17
_PURPOSE = "ONNX export"
# Tensor -> axis -> name of its size.
_SIZES = {
    "image": {1: "height", 2: "width"},
    "output": {1: "height", 2: "width"},
    "luma": {1: "luma_rows", 2: "luma_columns"},
    "chroma": {1: "chroma_rows", 2: "chroma_columns"},
}


def export_onnx(
    preprocessor: Preprocessor | QuantizedPreprocessor,
    path: str | Path,
    precision: str = "fp32",
    signature: str = EDIT,
) -> Path:
    """Writes one signature as ONNX (`exporters.signatures` has inputs and outputs).

    One file for each signature: an ONNX model computes all of its outputs whenever it runs. `image` and `output` are
    RGB samples: float32, or uint8 for int8; the others float32. Height and width are free, multiples of 16.

    Args:
        preprocessor: A trained `Preprocessor`; for int8 a calibrated `QuantizedPreprocessor`.
        path: Where to write; replaced only when the conversion succeeded.
        precision: "fp32", "fp16" (inside; inputs and outputs float32) or "int8" (networks, as QDQ with the
            quantization of the TFLite file).
        signature: "edit", "carrier" or "decide".

    Raises:
        ModelError: If the result is not valid ONNX or its inputs or outputs are not as asked.
        MissingExtraError: If the extra [export] is not installed.
        OutputError: If the file cannot be written.
    """
    write_atomically(path, convert_onnx(preprocessor, precision, signature))
    return Path(path)


def convert_onnx(
    preprocessor: Preprocessor | QuantizedPreprocessor,
    precision: str = "fp32",
    signature: str = EDIT,
    properties: dict[str, str] | None = None,
) -> bytes:
    """Returns what `export_onnx` writes, with `properties` as the file's metadata."""
    check_source(preprocessor, precision)
    onnx = require("onnx", extra="export", purpose=_PURPOSE)
    if precision == "int8":
        model = _trace(preprocessor.graph, signature, tf.uint8)
        quantize_weights(model)
    else:
        model = _trace(float_graph(preprocessor), signature, tf.float32)
    if precision == "fp16":
        model = _convert_to_half(model)
    store_once(model)
    described = {name: DESCRIPTIONS[name] for name in ("image", *INPUTS[signature], *OUTPUTS[signature])}
    spans = {"zero_span": repr(float(preprocessor.dead_zone.zero_span)), "one_span": repr(ONE_SPAN)}
    # For the kernel of export/kernel, which reads the network from this file.
    onnx.helper.set_model_props(model, {"signature": signature} | spans | described | (properties or {}))
    content: bytes = model.SerializeToString()
    check_onnx(content, precision, signature)
    return content


def _trace(graph: DecisionGraph, signature: str, dtype: tf.DType) -> Any:
    """The onnx.ModelProto of a signature; samples in `dtype`."""
    tf2onnx = require("tf2onnx", extra="export", purpose=_PURPOSE)
    specs = input_specs(signature, tf.TensorSpec((1, None, None, 3), dtype, name="image"))
    function = signature_function(graph, signature, takes_uint8=dtype == tf.uint8, rounds=True)
    serve = tf.function(function, input_signature=specs, autograph=False)
    model, _ = tf2onnx.convert.from_function(serve, input_signature=specs, opset=OPSET)
    for value in (*model.graph.input, *model.graph.output):
        for axis, size in _SIZES.get(value.name, {}).items():
            value.type.tensor_type.shape.dim[axis].dim_param = size
    # Sizes that tf2onnx could not know carry numbered names: left to ONNX's own inference.
    del model.graph.value_info[:]
    return model


def _convert_to_half(model: Any) -> Any:
    """The same in float16 inside, float32 at inputs and outputs."""
    float16 = require("onnxruntime.transformers.float16", extra="export", purpose=_PURPOSE)
    graph = require("onnxruntime.transformers.onnx_model", extra="export", purpose=_PURPOSE)
    # Min and Max are blocked by default for old runtimes; unblocked they would cut the graph into pieces.
    blocked = [name for name in float16.DEFAULT_OP_BLOCK_LIST if name not in ("Min", "Max")]
    half = graph.OnnxModel(float16.convert_float_to_float16(model, keep_io_types=True, op_block_list=blocked))
    half.topological_sort()
    return half.model


def check_onnx(content: bytes, precision: str = "fp32", signature: str = EDIT) -> None:
    """Raises ModelError unless the file is valid and has the contract's inputs and outputs.

    Args:
        content: The ONNX file.
        precision: "fp32", "fp16" or "int8".
        signature: "edit", "carrier" or "decide".
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
    samples = "uint8" if precision == "int8" else "float32"
    expected: dict[str, tuple[list[Any], str]] = {}
    for name in ("image", *OUTPUTS[signature]):
        rows, columns = _SIZES[name].values()
        is_picture = name in ("image", "output")
        channels = {"luma": 64, "chroma": 128}.get(name, 3)
        expected[name] = ([1, rows, columns, channels], samples if is_picture else "float32")
    expected |= {name: (list(shape_of(name)), "float32") for name in INPUTS[signature]}
    if found != expected:
        raise ModelError(f"exported ONNX model: expected tensors {expected}, found {found}")
