"""What a TFLite file says about itself: the entry TFLITE_METADATA, as Android's and other readers know it.

The schema is metadata_schema.fbs of the package tflite-support, whose tables of text are few enough to write by hand.
"""

from collections.abc import Mapping
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import number_types
from flatbuffers.table import Table

from jpegpre_tf._json import Json
from jpegpre_tf.exporters.tflite_file import read_model

ENTRY = b"TFLITE_METADATA"
_IDENTIFIER = b"M001"
_PARSER_VERSION = "1.0.0"
# Places of the fields in their tables.
_MODEL = {"name": 0, "description": 1, "version": 2, "author": 4, "license": 5, "min_parser_version": 7}
_SUBGRAPHS = 3
_INPUTS, _OUTPUTS = 2, 3
_NAMED = {"name": 0, "description": 1}


def describe(model: Any, properties: Mapping[str, str], tensors: Mapping[str, str]) -> None:
    """Adds the entry to a `ModelT`, and the schema's own line of description.

    Args:
        model: Changed in place; its signatures name the tensors.
        properties: Some of name, description, version, author, license.
        tensors: What an input or output holds, by the name that signatures give it.
    """
    name = " ".join(properties[key] for key in ("name", "version") if key in properties)
    model.description = ": ".join(part for part in (name, properties.get("description", "")) if part)
    entry = schema.MetadataT()
    entry.name, entry.buffer = ENTRY, len(model.buffers)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_pack(model, properties, tensors), np.uint8)
    model.buffers.append(buffer)
    model.metadata = [*(other for other in model.metadata or [] if other.name != ENTRY), entry]


def read_description(content: bytes) -> dict[str, Json]:
    """Returns the entry of a TFLite file: its properties, and "signatures": name -> inputs, outputs: name -> text.

    Raises:
        ValueError: If the file has none.
    """
    model = read_model(content)
    entry = next((entry for entry in model.metadata or [] if entry.name == ENTRY), None)
    if entry is None:
        raise ValueError(f"expected a TFLite file with the entry {ENTRY.decode()}, found none")
    data = bytes(bytearray(model.buffers[entry.buffer].data))
    root = Table(data, int.from_bytes(data[:4], "little"))
    signatures = {
        _text(graph, 0): {
            kind: {_text(tensor, 0): _text(tensor, 1) for tensor in _tables(graph, place)}
            for kind, place in (("inputs", _INPUTS), ("outputs", _OUTPUTS))
        }
        for graph in _tables(root, _SUBGRAPHS)
    }
    found = {key: _text(root, place) for key, place in _MODEL.items()}
    return {**{key: value for key, value in found.items() if value}, "signatures": signatures}


def _pack(model: Any, properties: Mapping[str, str], tensors: Mapping[str, str]) -> bytes:
    builder = flatbuffers.Builder(1024)
    of_graph = {signature.subgraphIndex: signature for signature in model.signatureDefs or []}
    graphs = []
    for index, graph in enumerate(model.subgraphs):
        signature = of_graph.get(index)
        # In the order of the graph's own lists, which need not be the signature's.
        listed = [
            _vector(builder, [_table(builder, _NAMED, _describe(place, maps, tensors)) for place in places])
            for places, maps in (
                (graph.inputs, signature.inputs if signature else []),
                (graph.outputs, signature.outputs if signature else []),
            )
        ]
        key = signature.signatureKey.decode() if signature else ""
        graphs.append(
            _table(builder, _NAMED, {"name": key}, dict(zip((_INPUTS, _OUTPUTS), listed, strict=True)))
        )
    texts = {**properties, "min_parser_version": _PARSER_VERSION}
    builder.Finish(_table(builder, _MODEL, texts, {_SUBGRAPHS: _vector(builder, graphs)}), _IDENTIFIER)
    return bytes(builder.Output())


def _describe(place: int, maps: Any, tensors: Mapping[str, str]) -> dict[str, str]:
    name = next((entry.name.decode() for entry in maps if entry.tensorIndex == place), "")
    return {"name": name, "description": tensors.get(name, "")}


def _table(
    builder: Any, places: Mapping[str, int], texts: Mapping[str, str], others: Mapping[int, int] | None = None
) -> int:
    written = {places[key]: builder.CreateString(text) for key, text in texts.items() if text}
    written |= others or {}
    builder.StartObject(8)
    for place, offset in written.items():
        builder.PrependUOffsetTRelativeSlot(place, offset, 0)
    return int(builder.EndObject())


def _vector(builder: Any, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _text(table: Any, place: int) -> str:
    offset = _offset(table, place)
    return table.String(offset + table.Pos).decode() if offset else ""


def _tables(table: Any, place: int) -> list[Any]:
    offset = _offset(table, place)
    start, count = (table.Vector(offset), table.VectorLen(offset)) if offset else (0, 0)
    return [Table(table.Bytes, table.Indirect(start + 4 * index)) for index in range(count)]


def _offset(table: Any, place: int) -> int:
    # A table's first field is 4 bytes into its vtable.
    return int(number_types.UOffsetTFlags.py_type(table.Offset(4 + 2 * place)))
