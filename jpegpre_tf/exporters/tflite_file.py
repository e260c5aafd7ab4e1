"""Reads a TFLite file and writes it with everything stored once.

A converter stores weights, scales, zero points, names and shapes anew for every signature that uses them. A flatbuffer
may refer to one place many times, so the file written here holds each once; readers see no difference.
"""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_IDENTIFIER = b"TFL3"
_ALIGNMENT = 16  # bytes: where the schema wants constants to start


def read_model(content: bytes) -> Any:
    """Returns a TFLite file as the schema's `ModelT`."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def write_model(model: Any) -> bytes:
    """Returns the file of a `ModelT`; what is equal in it is stored once. The model is used up."""
    _share_buffers(model)
    packed: dict[Any, _Packed] = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            # A converter names an operation after all that it was made of.
            tensor.name = tensor.name.split(b";")[0]
            if tensor.quantization is not None:
                has_scale = tensor.quantization.scale is not None and len(tensor.quantization.scale)
                tensor.quantization = _once(tensor.quantization, packed) if has_scale else None
        for operator in graph.operators:
            if operator.builtinOptions is not None:
                operator.builtinOptions = _once(operator.builtinOptions, packed)
    builder = _SharingBuilder(1 << 19)
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def _share_buffers(model: Any) -> None:
    # The first buffer is empty by definition; tensors without constants refer to empty ones.
    kept: list[Any] = [model.buffers[0]]
    places: dict[bytes, int] = {b"": 0}
    for owner in (
        *(tensor for graph in model.subgraphs for tensor in graph.tensors),
        *(model.metadata or []),
    ):
        buffer = model.buffers[owner.buffer]
        data = b"" if buffer.data is None else bytes(bytearray(buffer.data))
        if data not in places:
            places[data] = len(kept)
            kept.append(buffer)
        owner.buffer = places[data]
    model.buffers = kept


class _Packed:
    """A part of a model that is written when it is first needed, and referred to afterwards."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self._place: int | None = None

    def Pack(self, builder: Any) -> int:  # noqa: N802  (the schema's name)
        if self._place is None:
            self._place = self._part.Pack(builder)
        return self._place


def _once(part: Any, packed: dict[Any, _Packed]) -> _Packed:
    return packed.setdefault(_content(part), _Packed(part))


def _content(value: Any) -> Any:
    """What a part holds, as a key."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, list):
        return tuple(map(_content, value))
    if hasattr(value, "__dict__"):
        return (type(value).__name__, tuple((name, _content(part)) for name, part in vars(value).items()))
    return (type(value).__name__, value)


class _SharingBuilder(flatbuffers.Builder):
    """Writes strings and vectors of numbers once, and constants where the schema wants them."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self._places: dict[Any, int] = {}

    def CreateString(self, s: Any, *arguments: Any, **options: Any) -> int:  # noqa: N802
        key = s if isinstance(s, bytes) else s.encode()
        if key not in self._places:
            self._places[key] = super().CreateString(s, *arguments, **options)
        return self._places[key]

    def CreateNumpyVector(self, x: Any) -> int:  # noqa: N802
        key = _content(x)
        if key not in self._places:
            is_constant = x.dtype == np.uint8
            self._places[key] = self._align(x) if is_constant else super().CreateNumpyVector(x)
        return self._places[key]

    def _align(self, data: Any) -> int:
        self.StartVector(1, data.size, _ALIGNMENT)
        self.head -= data.size
        self.Bytes[self.head : self.head + data.size] = data.tobytes()
        return int(self.EndVector())
