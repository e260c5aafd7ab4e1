"""A preprocessor as a TFLite file: float32, float16 weights, or int8 networks between uint8 levels."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters.quantized import QuantizedPreprocessor, check_source
from jpegpre_tf.exporters.signatures import (
    DECIDE,
    DESCRIPTION,
    DESCRIPTIONS,
    INPUTS,
    input_specs,
    shape_of,
    signature_function,
)
from jpegpre_tf.exporters.tflite_file import read_model, write_model
from jpegpre_tf.exporters.tflite_levels import replace_casts
from jpegpre_tf.exporters.tflite_metadata import describe
from jpegpre_tf.models.decision_graph import DecisionGraph
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.storage.atomic import write_atomically

EXPORT_SIZE = 256  # pixels; resizable at run time to any multiple of 16
# Operations that the converter may write: LiteRT's XNNPACK delegate takes them all.
OPERATIONS = frozenset(
    """
    ABS ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV FLOOR LOG LOGISTIC
    MAXIMUM MINIMUM MUL NEG PAD RELU_N1_TO_1
    QUANTIZE RELU RESHAPE ROUND SPACE_TO_DEPTH STRIDED_SLICE SUB
    """.split()  # noqa: SIM905  (one name a line would be longer than the rest)
)


class _Served(tf.Module):
    """The inference graph with its variables, so that the converter can freeze them."""

    def __init__(self, graph: DecisionGraph, variables: list[Any], dtype: tf.DType) -> None:
        super().__init__()
        self.v = variables
        image = tf.TensorSpec((1, EXPORT_SIZE, EXPORT_SIZE, 3), dtype, name="image")
        is_uint8 = dtype == tf.uint8
        self.functions = {
            # A uint8 file rounds where it leaves float: `tflite_levels.replace_casts`.
            name: tf.function(
                signature_function(graph, name, takes_uint8=is_uint8, rounds=not is_uint8),
                input_signature=input_specs(name, image),
                autograph=False,
            )
            for name in INPUTS
        }


def export_tflite(
    preprocessor: Preprocessor | QuantizedPreprocessor, path: str | Path, precision: str = "fp32"
) -> Path:
    """Writes TFLite with the signatures `edit`, `carrier` and `decide` (`exporters.signatures`).

    Tensors are addressed by name through a signature. `image` and `output` are RGB samples: float32, or uint8 for int8;
    the others float32. Exported at 256x256 and resizable to any multiple of 16.

    Args:
        preprocessor: A trained `Preprocessor`; for int8 a calibrated `QuantizedPreprocessor`.
        path: Where to write; replaced only when the conversion succeeded.
        precision: "fp32", "fp16" (weights are stored as float16, inputs and outputs float32) or "int8".

    Raises:
        ModelError: If the result's inputs, outputs or operations are not as asked.
        OutputError: If the file cannot be written.
    """
    write_atomically(path, convert_tflite(preprocessor, precision))
    return Path(path)


def convert_tflite(
    preprocessor: Preprocessor | QuantizedPreprocessor,
    precision: str = "fp32",
    properties: dict[str, str] | None = None,
) -> bytes:
    """Returns what `export_tflite` writes, with `properties` in the file's metadata (`tflite_metadata.describe`)."""
    check_source(preprocessor, precision)
    if precision == "int8":
        module = _Served(preprocessor.graph, preprocessor.network_variables, tf.uint8)
    else:
        # The bare variables: the converter does not see through Keras' wrappers and would leave them unfrozen.
        variables = [variable.value for variable in preprocessor.variables]
        module = _Served(preprocessor.graph, variables, tf.float32)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(INPUTS))
        if precision != "fp32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "fp16":
            converter.target_spec.supported_types = [tf.float16]
        content: bytes = converter.convert()
    model = read_model(content)
    if precision == "int8":
        replace_casts(model)
    describe(model, {"description": DESCRIPTION, **(properties or {})}, DESCRIPTIONS)
    content = write_model(model)
    check_tflite(content, precision)
    return content


def check_tflite(content: bytes, precision: str = "fp32") -> None:
    """Raises ModelError unless tensors, operations and their types are what the contract and the precision say."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    for signature, inputs in INPUTS.items():
        runner = interpreter.get_signature_runner(signature)
        details = runner.get_input_details() | runner.get_output_details()
        found = {name: (list(d["shape"]), d["dtype"].__name__) for name, d in details.items()}
        picture = ([1, EXPORT_SIZE, EXPORT_SIZE, 3], "uint8" if precision == "int8" else "float32")
        expected = {"image": picture} | {name: (list(shape_of(name)), "float32") for name in inputs}
        if signature == DECIDE:
            blocks = EXPORT_SIZE // 8
            expected["luma"] = ([1, blocks, blocks, 64], "float32")
            expected["chroma"] = ([1, blocks // 2, blocks // 2, 128], "float32")
        else:
            expected["output"] = picture
        if found != expected:
            raise ModelError(
                f"exported TFLite model, signature {signature}: expected tensors {expected}, found {found}"
            )
    found_operations = operations(content)
    unknown = sorted({name for name, _ in found_operations} - OPERATIONS)
    if unknown:
        raise ModelError(
            f"exported TFLite model: operations {', '.join(unknown)} are not in the list to keep to"
        )
    if precision == "int8":
        _check_int8(found_operations)


def _check_int8(found: Counter[tuple[str, str]]) -> None:
    """Checks how many convolutions are float."""
    floats = found[("CONV_2D", "FLOAT32")]
    # In every signature the two tables put in order and the first of each network's branch of tables, for 1x1 pixels,
    # and the forward transform's 5 (color, luma, chroma samples, Cb, Cr); in two the inverse transform's 4; the
    # encoder's two tables in `carrier`, headroom's 2 sums in `edit`, those of white and of black in the two others.
    expected = len(INPUTS) * (2 + 2 + 5) + 2 * 4 + 2 + 2 + 2 * 2
    # Networks whose branches of tables are equal share the first convolution.
    if floats not in (expected, expected - len(INPUTS)) or not found[("CONV_2D", "INT8")]:
        raise ModelError(
            f"exported int8 TFLite model: expected {expected} float convolutions and the others int8, found "
            f"{floats} float, {found[('CONV_2D', 'INT8')]} int8"
        )


def operations(content: bytes) -> Counter[tuple[str, str]]:
    """Counts (operation, type of its first output) of a TFLite file."""
    model = read_model(content)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    types = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    counts: Counter[tuple[str, str]] = Counter()
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            # Codes below 127 are in the older of the two fields.
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            counts[name, types[graph.tensors[operator.outputs[0]].type]] += 1
    return counts
