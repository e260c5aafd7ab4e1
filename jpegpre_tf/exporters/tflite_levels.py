"""Lets a TFLite file take and give uint8 samples at no cost, and hold each constant once.

The converter writes a CAST at either end of a float graph with uint8 inputs and outputs; XNNPACK does not take CAST,
and LiteRT's own is slow. A uint8 tensor of scale 1 and zero point 0 *is* its levels, so DEQUANTIZE and QUANTIZE do the
same in vector code, and QUANTIZE rounds and clips besides.
"""

from typing import Any

from jpegpre_tf.errors import ModelError


def replace_casts(content: bytes) -> bytes:
    """Returns the file with the CAST of every uint8 input and output replaced.

    Raises:
        ModelError: If the graph does not begin and end in such casts, the last after a minimum.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for graph in model.subgraphs:
        _replace_in(schema, model, graph)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def share_buffers(content: bytes) -> bytes:
    """Returns the file with each constant stored once: a converter stores weights anew for every signature."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    # The first buffer is empty by definition; tensors without constants refer to empty ones.
    kept: list[Any] = [model.buffers[0]]
    places: dict[bytes, int] = {}
    new_index = []
    for buffer in model.buffers:
        data = b"" if buffer.data is None else bytes(bytearray(buffer.data))
        if data and data not in places:
            places[data] = len(kept)
            kept.append(buffer)
        new_index.append(places[data] if data else 0)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = new_index[tensor.buffer]
    for metadata in model.metadata or []:
        metadata.buffer = new_index[metadata.buffer]
    model.buffers = kept
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _replace_in(schema: Any, model: Any, graph: Any) -> None:
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
    _replace(schema, model, first[0], "DEQUANTIZE", graph.tensors[first[0].inputs[0]])
    for operator in last:
        _replace(schema, model, operator, "QUANTIZE", graph.tensors[operator.outputs[0]])
        before = next(other for other in graph.operators if operator.inputs[0] in other.outputs)
        if _code(model, before) != schema.BuiltinOperator.MINIMUM:
            raise ModelError("int8 TFLite model: expected a minimum before the last cast")
        operator.inputs = [before.inputs[0]]
        graph.operators.remove(before)


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
