"""Turns an ONNX file with fake-quantised float weights into one with int8 weights: QDQ as ONNX Runtime fuses it.

tf2onnx writes activations as QuantizeLinear and DequantizeLinear pairs with the same scales that the TFLite converter
takes, but leaves weights float, rounded to their int8 grid. Here they become int8 with one scale per output channel,
and biases int32 with the product of both scales, as in the TFLite file.
"""

from typing import Any

import numpy as np

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError

# How tf2onnx names a folded fake quantisation of weights: after the operation.
_MARK = "FakeQuantWithMinMaxVarsPerChannel"
# The largest weight of a channel in steps: weights take 7 of 8 bits (`quantized.set_weight_ranges`).
_LARGEST_WEIGHT = 64
_LARGEST_BIAS = 2.0**30
# Of a step: what is left of float32 rounding when a weight on the grid is divided by its step.
_OFF_GRID = 1e-3
_PASSING = ("Transpose", "Reshape", "Squeeze", "Unsqueeze")


def quantize_weights(model: Any) -> None:
    """Replaces the weights and biases of quantised convolutions in an onnx.ModelProto, in place.

    Raises:
        ModelError: If a weight is not on an int8 grid, or no convolution was quantised.
    """
    onnx = require("onnx", extra="export", purpose="ONNX export")
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    producers = {name: node for node in graph.node for name in node.output}
    added: list[Any] = []
    for convolution in [node for node in graph.node if node.op_type == "Conv"]:
        data, weight, *bias = convolution.input
        if weight not in constants:
            continue
        is_depthwise = any(
            attribute.name == "group" and attribute.i > 1 for attribute in convolution.attribute
        )
        # tf2onnx gives a depthwise kernel another name when it brings it into ONNX's order.
        if _MARK not in weight and not is_depthwise:
            continue
        kernel = onnx.numpy_helper.to_array(constants[weight])
        biases = onnx.numpy_helper.to_array(constants[bias[0]]) if bias else np.zeros(len(kernel), np.float32)
        input_scale = _input_scale(onnx, data, producers, constants)
        least_scale = np.abs(biases) / (input_scale * _LARGEST_BIAS)
        integers, scale = _on_grid(kernel, least_scale, weight, has_one_range=is_depthwise)
        # Named after the convolution: tf2onnx shares constants that are equal, whose scales may differ.
        name = convolution.output[0]
        convolution.input[1] = _dequantize(onnx, graph, added, f"{name}_weight", integers, scale)
        if bias:
            bias_scale = scale.astype(np.float64) * input_scale
            integers = np.rint(biases / bias_scale).astype(np.int32)
            convolution.input[2] = _dequantize(onnx, graph, added, f"{name}_bias", integers, bias_scale)
    if not added:
        raise ModelError("int8 ONNX model: expected fake-quantised convolutions, found none")
    # In front: nodes have to be in order of use.
    nodes = [*added, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _on_grid(
    kernel: np.ndarray, least_scale: np.ndarray, name: str, *, has_one_range: bool
) -> tuple[np.ndarray, np.ndarray]:
    """int8 kernel and float32 scale per output channel (axis 0), at least `least_scale`.

    Args:
        has_one_range: Whether the kernel was rounded with one range for all channels, as depthwise ones are.
    """
    grid = np.abs(kernel).reshape(len(kernel), -1).max(axis=1) / np.float32(_LARGEST_WEIGHT)
    if has_one_range:
        grid = np.full_like(grid, grid.max())
    # Channels that never learned anything have no grid to keep to, but may have a bias that must fit.
    scale = np.maximum(grid, np.maximum(least_scale, 1e-12)).astype(np.float32)
    exact = kernel / scale.reshape(-1, *[1] * (kernel.ndim - 1))
    integers = np.rint(exact)
    if np.abs(exact - integers)[scale == grid].max(initial=0.0) > _OFF_GRID:
        raise ModelError(
            f"int8 ONNX model: weights {name} are not on a grid of {2 * _LARGEST_WEIGHT + 1} steps"
        )
    return integers.astype(np.int8), scale


def _input_scale(onnx: Any, name: str, producers: dict[str, Any], constants: dict[str, Any]) -> np.ndarray:
    node = producers[name]
    while node.op_type in _PASSING:
        node = producers[node.input[0]]
    if node.op_type != "DequantizeLinear":
        raise ModelError(
            f"int8 ONNX model: expected a quantised input of a convolution, found {node.op_type} {node.name}"
        )
    scale: np.ndarray = onnx.numpy_helper.to_array(constants[node.input[1]])
    return scale


def _dequantize(
    onnx: Any, graph: Any, added: list[Any], name: str, integers: np.ndarray, scale: np.ndarray
) -> str:
    """Adds constants and a DequantizeLinear along axis 0; returns the name of its output."""
    parts = {
        "quantized": integers,
        "scale": scale.astype(np.float32),
        "zero": np.zeros(len(scale), integers.dtype),
    }
    for part, value in parts.items():
        graph.initializer.append(onnx.numpy_helper.from_array(value, f"{name}_{part}"))
    output = f"{name}_dequantized"
    inputs = [f"{name}_{part}" for part in parts]
    added.append(onnx.helper.make_node("DequantizeLinear", inputs, [output], name=output, axis=0))
    return output
