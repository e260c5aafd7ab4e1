"""Makes an ONNX file small without changing what it computes: constants once, and short names inside.

tf2onnx names a tensor after all that it was made of: of the int8 file of `balanced`, a sixth was names.
"""

import itertools
from typing import Any


def store_once(model: Any) -> None:
    """Stores equal constants once, drops unused ones, and numbers what is between operations, in place.

    Names of inputs, outputs and constants stay: they say what a weight belongs to.

    Args:
        model: An onnx.ModelProto without graphs inside operations.
    """
    graph = model.graph
    names = _shared_constants(graph)
    kept = {value.name for value in (*graph.input, *graph.output)}
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


def _shared_constants(graph: Any) -> dict[str, str]:
    """Leaves one of equal constants that are used; returns what the others are to be called instead."""
    used = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
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
        if content in first:
            names[tensor.name] = first[content]
        else:
            first[content] = tensor.name
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    return names
