"""Lets a TFLite file take and give uint8 levels at no cost.

The converter writes a CAST at either end of a float graph with uint8 inputs and outputs; XNNPACK does not take CAST,
and LiteRT's own is slow. A uint8 tensor of scale 1 and zero point 0 *is* its levels, so DEQUANTIZE and QUANTIZE do the
same in vector code, and QUANTIZE rounds and clips besides.
"""

from typing import Any

from jpegpre_tf.errors import ModelError


def replace_casts(content: bytes) -> bytes:
    """Returns the file with the CAST of its uint8 input and of its uint8 output replaced.

    Raises:
        ModelError: If the graph does not begin and end in such casts, the last after a minimum.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    graph = model.subgraphs[0]
    casts = [
        operator for operator in graph.operators if _code(model, operator) == schema.BuiltinOperator.CAST
    ]
    first = [operator for operator in casts if operator.inputs[0] in graph.inputs]
    last = [operator for operator in casts if operator.outputs[0] in graph.outputs]
    if len(casts) != 2 or len(first) != 1 or len(last) != 1:
        raise ModelError(f"int8 TFLite model: expected a cast at either end, found {len(casts)} in all")
    _replace(schema, model, first[0], "DEQUANTIZE", graph.tensors[first[0].inputs[0]])
    _replace(schema, model, last[0], "QUANTIZE", graph.tensors[last[0].outputs[0]])
    before = next(operator for operator in graph.operators if last[0].inputs[0] in operator.outputs)
    if _code(model, before) != schema.BuiltinOperator.MINIMUM:
        raise ModelError("int8 TFLite model: expected a minimum before the last cast")
    last[0].inputs = [before.inputs[0]]
    graph.operators.remove(before)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _code(model: Any, operator: Any) -> int:
    return _code_of(model.operatorCodes[operator.opcodeIndex])


def _replace(schema: Any, model: Any, operator: Any, name: str, levels: Any) -> None:
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
