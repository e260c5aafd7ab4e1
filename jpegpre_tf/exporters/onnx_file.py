"""Makes an ONNX file small without changing what it computes: constants once, and short names inside.

tf2onnx names a tensor after all that it was made of: of the int8 file of `balanced`, a sixth was names.
"""

import itertools
from collections.abc import Iterator
from typing import Any


def store_once(model: Any) -> None:
    """Stores equal constants once, drops unused ones, and numbers what is between operations, in place.

    Names of inputs, outputs and constants stay: they say what a weight belongs to.

    Args:
        model: An onnx.ModelProto; what graphs inside its operations (`If`) refer to stays as it is.
    """
    graph = model.graph
    kept = {value.name for value in (*graph.input, *graph.output)} | set(_names_inside(graph))
    names = _shared_constants(graph, kept)
    kept |= {tensor.name for tensor in graph.initializer}
    # Not a name that a constant has already.
    numbers = (name for name in (f"t{number}" for number in itertools.count()) if name not in kept)
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        names |= {name: next(numbers) for name in node.output if name and name not in kept}
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    del graph.value_info[:]


def _names_inside(graph: Any) -> Iterator[str]:
    """All names in the graphs inside a graph's operations."""
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from (value.name for value in inner.output)
                yield from (
                    name for operation in inner.node for name in (*operation.input, *operation.output)
                )
                yield from _names_inside(inner)


def _shared_constants(graph: Any, fixed: set[str]) -> dict[str, str]:
    """Leaves one of equal constants that are used; returns what the others, but `fixed`, are to be called instead."""
    used = {name for node in graph.node for name in node.input} | fixed
    first: dict[bytes, str] = {}
    kept, names = [], {}
    for tensor in graph.initializer:
        if tensor.name not in used:
            continue
        nameless = type(tensor)()
        nameless.CopyFrom(tensor)
        nameless.ClearField("name")
        nameless.ClearField("doc_string")
        content = nameless.SerializeToString(deterministic=True)
        if content in first and tensor.name not in fixed:
            names[tensor.name] = first[content]
        else:
            first.setdefault(content, tensor.name)
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    return names
