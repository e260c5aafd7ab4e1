"""Lets a TFLite file take and give uint8 samples at no cost.

The converter writes a CAST at either end of a float graph with uint8 inputs and outputs; XNNPACK does not take CAST,
and LiteRT's own is slow. A uint8 tensor of scale 1 and zero point 0 *is* its levels, so DEQUANTIZE and QUANTIZE do the
same in vector code, and QUANTIZE rounds and clips besides.
"""

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from jpegpre_tf.errors import ModelError


def replace_casts(model: Any) -> None:
    """Replaces the CAST of every uint8 input and output of a `ModelT`, in place.

    Raises:
        ModelError: If a graph does not begin and end in such casts, the last after a minimum.
    """
    for graph in model.subgraphs:
        _replace_in(model, graph)


def _replace_in(model: Any, graph: Any) -> None:
    casts = [
        operator for operator in graph.operators if _code(model, operator) == schema.BuiltinOperator.CAST
    ]
    first = [operator for operator in casts if operator.inputs[0] in graph.inputs]
    last = [operator for operator in casts if operator.outputs[0] in graph.outputs]
    is_uint8 = any(graph.tensors[index].type == schema.TensorType.UINT8 for index in graph.outputs)
    if len(casts) != 1 + is_uint8 or len(first) != 1 or len(last) != is_uint8:
        raise ModelError(
            f"int8 TFLite model: expected a cast of each uint8 tensor, found {len(casts)} in all"
        )
    _replace(model, first[0], "DEQUANTIZE", graph.tensors[first[0].inputs[0]])
    for operator in last:
        _replace(model, operator, "QUANTIZE", graph.tensors[operator.outputs[0]])
        before = next(other for other in graph.operators if operator.inputs[0] in other.outputs)
        if _code(model, before) != schema.BuiltinOperator.MINIMUM:
            raise ModelError("int8 TFLite model: expected a minimum before the last cast")
        operator.inputs = [before.inputs[0]]
        graph.operators.remove(before)


def _code(model: Any, operator: Any) -> int:
    return _code_of(model.operatorCodes[operator.opcodeIndex])


def _replace(model: Any, operator: Any, name: str, levels: Any) -> None:
    number = getattr(schema.BuiltinOperator, name)
    existing = [i for i, code in enumerate(model.operatorCodes) if _code_of(code) == number]
    if not existing:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = number
        code.version = 1
        model.operatorCodes.append(code)
        existing = [len(model.operatorCodes) - 1]
    operator.opcodeIndex = existing[0]
    options = f"{name.capitalize()}Options"
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
    operator.builtinOptions = getattr(schema, f"{options}T")()
    levels.quantization = schema.QuantizationParametersT()
    levels.quantization.scale, levels.quantization.zeroPoint = [1.0], [0]


def _code_of(code: Any) -> int:
    # Codes below 127 are in the older of the two fields.
    return max(code.builtinCode, code.deprecatedBuiltinCode)
