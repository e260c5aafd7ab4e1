"""Writes a random network of network.py as an ONNX file, with the operations and the order that tf2onnx gives them."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.kernel.network import ONE_SPAN, ZERO_SPAN, Convolution, GateNetwork, Networks, Quantization


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def tensor(self, name: str, value: Any) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def quantized(self, given: str, quantization: Quantization) -> str:
        scale = self.tensor(f"{given}_scale", np.float32(quantization.scale))
        zero = self.tensor(f"{given}_zero", np.uint8(quantization.zero))
        code = self.node("QuantizeLinear", [given, scale, zero], f"{given}_quantized")
        return self.node("DequantizeLinear", [code, scale, zero], f"{given}_dequantized")

    def convolution(self, given: str, convolution: Convolution, name: str) -> str:
        outputs, inputs = convolution.weights.shape
        is_3x3 = inputs == 9
        shape = (outputs, 1, 3, 3) if is_3x3 else (outputs, inputs, 1, 1)
        parts = []
        bias_scale = convolution.scales.astype(np.float64) * convolution.input.scale
        for part, value, scale in (
            ("weight", convolution.weights.reshape(shape), convolution.scales),
            ("bias", convolution.bias, bias_scale.astype(np.float32)),
        ):
            names = [
                self.tensor(f"{name}_{part}_quantized", value),
                self.tensor(f"{name}_{part}_scale", scale),
                self.tensor(f"{name}_{part}_zero", np.zeros(outputs, value.dtype)),
            ]
            parts.append(self.node("DequantizeLinear", names, f"{name}_{part}_dequantized", axis=0))
        more = {"group": outputs, "pads": [1, 1, 1, 1], "kernel_shape": [3, 3]} if is_3x3 else {}
        return self.node("Conv", [given, *parts], name, **more)

    def network(self, network: GateNetwork, features: str, tables: str, name: str) -> str:
        weights, bias = network.hidden
        given = [
            tables,
            self.tensor(f"{name}_hidden_weight", weights.reshape(*weights.shape, 1, 1)),
            self.tensor(f"{name}_hidden_bias", bias),
        ]
        hidden = self.node("Relu", [self.node("Conv", given, f"{name}_hidden")], f"{name}_hidden_relu")
        hidden = self.quantized(hidden, network.condition)

        def condition(convolution: Convolution, result: Quantization, label: str) -> str:
            return self.quantized(self.convolution(hidden, convolution, label), result)

        x = self.convolution(self.quantized(features, network.features), network.input, f"{name}_in")
        shift = condition(network.shift, network.shift_range, f"{name}_in_shift")
        x = self.node("Add", [self.quantized(x, network.summed), shift], f"{name}_in_add")
        x = self.quantized(self.node("Relu", [x], f"{name}_in_relu"), network.result)
        for i, block in enumerate(network.blocks):
            label = f"{name}_block{i}"
            h = self.node("Relu", [self.convolution(x, block.expand, f"{label}_expand")], f"{label}_relu")
            h = self.quantized(h, block.ranges["rectified"])
            if block.factor is not None:
                factor = condition(block.factor, block.ranges["factor"], f"{label}_factor")
                h = self.quantized(self.node("Mul", [h, factor], f"{label}_mul"), block.ranges["scaled"])
            h = self.quantized(
                self.convolution(h, block.project, f"{label}_project"), block.ranges["projected"]
            )
            x = self.quantized(self.node("Add", [x, h], f"{label}_add"), block.ranges["result"])
        logits = self.quantized(self.convolution(x, network.logits, f"{name}_logits"), network.logit)
        gates = self.node("Sigmoid", [logits], f"{name}_sigmoid")
        return self.quantized(gates, Quantization(np.float32(1 / 256), 0))


def onnx_bytes(networks: Networks, metadata: dict[str, str] | None = None) -> bytes:
    """The file: float inputs luma_features, chroma_features (1, channels, rows, columns), tables (1, 128, 1, 1)."""
    graph = _Graph()
    outputs = [
        graph.network(networks.luma, "luma_features", "tables", "luma"),
        graph.network(networks.chroma, "chroma_features", "tables", "chroma"),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, None, None])
        for name, channels in (("luma_features", 96), ("chroma_features", 288), ("tables", 128))
    ]
    results = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, None, None]) for name in outputs
    ]
    made = helper.make_graph(graph.nodes, "networks", inputs, results, graph.tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    spans = {"zero_span": str(ZERO_SPAN), "one_span": str(ONE_SPAN)}
    helper.set_model_props(model, spans if metadata is None else metadata)
    onnx.checker.check_model(model)
    return model.SerializeToString()
