"""Are a model's numbers finite? NaN and infinity would become black pixels and files that hold nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import ModelError

_RESULT = "gives NaN or infinity instead of samples: expected a network that was trained to the end"
# Element types of floats in ONNX, and where a file holds what.
_ONNX_TYPES: dict[Any, Any] = {1: np.float32, 10: np.float16}
_GRAPH, _NODE, _INITIALIZER, _ATTRIBUTE, _TENSOR = 7, 1, 5, 5, 5
_TYPE, _FLOATS, _NAME, _RAW = 2, 4, 8, 9


def check_result(values: npt.NDArray[Any]) -> None:
    """Raises ModelError if a network's float result holds NaN or infinity."""
    # The sum is one pass without an array of flags; it is finite unless an addend is not.
    if not np.isfinite(np.sum(values, dtype=np.float64)):
        raise ModelError(_RESULT)


def check_constants(content: bytes, file_format: str) -> None:
    """Raises ModelError if a weight of a file is NaN or infinite.

    Args:
        content: A file that its runtime accepts.
        file_format: "tflite" or "onnx".
    """
    constants = _tflite_constants if file_format == "tflite" else _onnx_constants
    for name, values in constants(content):
        if not np.all(np.isfinite(values)):
            raise ModelError(f"expected finite weights, found NaN or infinity in {name}: training failed")


def _tflite_constants(content: bytes) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    from ai_edge_litert import schema_py_generated as schema

    types = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16}
    model = schema.Model.GetRootAs(content, 0)
    seen = set()
    for number in range(model.SubgraphsLength()):
        graph = model.Subgraphs(number)
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            dtype = types.get(tensor.Type())
            if dtype is None or tensor.Buffer() in seen:
                continue
            seen.add(tensor.Buffer())
            buffer = model.Buffers(tensor.Buffer())
            if buffer.DataLength():
                yield tensor.Name().decode(), buffer.DataAsNumpy().view(dtype)


def _onnx_constants(content: bytes) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Initializers and constants in nodes; the package `onnx` is not needed to run a model, so not here."""
    for number, graph in _fields(memoryview(content)):
        if number != _GRAPH:
            continue
        for kind, part in _fields(graph):
            tensors = [part] if kind == _INITIALIZER else []
            if kind == _NODE:
                attributes = [value for field, value in _fields(part) if field == _ATTRIBUTE]
                tensors = [t for a in attributes for field, t in _fields(a) if field == _TENSOR]
            for tensor in tensors:
                values = dict(_fields(tensor))
                dtype = _ONNX_TYPES.get(values.get(_TYPE))
                data = values.get(_RAW, values.get(_FLOATS, b""))
                if dtype is not None and isinstance(data, memoryview):
                    yield bytes(values.get(_NAME, b"")).decode(), np.frombuffer(data, dtype)


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """(number, value) of a protocol buffer's fields: numbers, or what is in them as bytes."""
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _number(data, at)
            yield key >> 3, value
            continue
        if kind not in (1, 2, 5):
            raise ModelError("expected an ONNX file, found a field of an unknown kind")
        size, at = _number(data, at) if kind == 2 else (8 if kind == 1 else 4, at)
        yield key >> 3, data[at : at + size]
        at += size


def _number(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
