"""A gate network with random int8 weights: as the ONNX file that the kernel reads, and in NumPy.

Quantized as exporters/onnx_int8.py writes it: uint8 activations, int8 weights with a scale per output, a range of its
own for every sum and product. The arithmetic is written from the network's definition; the kernel's is not used.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

CHANNELS, HIDDEN = 48, 32
ZERO_SPAN, ONE_SPAN = 1.4, 0.9
ORDER = sorted(range(64), key=lambda k: (k // 8 + k % 8, k))


@dataclass
class Quantization:
    scale: np.float32
    zero: int

    def codes(self, values: Any) -> np.ndarray:
        return np.clip(np.rint(np.asarray(values, np.float64) / self.scale) + self.zero, 0, 255).astype(
            np.int64
        )

    def values(self, codes: np.ndarray) -> np.ndarray:
        return (codes - self.zero) * np.float64(self.scale)


def of_range(values: np.ndarray) -> Quantization:
    low, high = min(0.0, float(np.min(values))), max(1e-3, float(np.max(values)))
    scale = np.float32((high - low) / 255)
    return Quantization(scale, int(np.clip(np.rint(-low / scale), 0, 255)))


@dataclass
class Convolution:
    """Weights (outputs, inputs) or, of single channels, (outputs, 9)."""

    weights: np.ndarray
    scales: np.ndarray
    bias: np.ndarray
    input: Quantization | None = None

    def floats(self, x: np.ndarray) -> np.ndarray:
        weights = self.weights * self.scales[:, None].astype(np.float64)
        return self._product(x, weights) + self.bias_values

    bias_values: Any = 0.0

    def quantize(self, given: Quantization) -> None:
        self.input = given
        unit = self.scales.astype(np.float64) * given.scale
        self.bias = np.rint(self.bias_values / unit).astype(np.int32)

    def sums(self, codes: np.ndarray) -> np.ndarray:
        return self._product(codes - self.input.zero, self.weights.astype(np.int64)) + self.bias

    def own(self, codes: np.ndarray, own: Quantization) -> np.ndarray:
        """Codes less the zero point, rounded in float32 as every runtime does."""
        scale = (np.float64(self.input.scale) * self.scales / own.scale).astype(np.float32)
        exact = self.sums(codes).astype(np.float32) * scale
        return np.rint(np.clip(exact, np.float32(-own.zero), np.float32(255 - own.zero)))

    def _product(self, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
        if weights.shape[1] != 9 or x.shape[-1] == 9:
            return x @ weights.T
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        rows, columns = x.shape[:2]
        return sum(
            padded[tap // 3 : tap // 3 + rows, tap % 3 : tap % 3 + columns] * weights[:, tap]
            for tap in range(9)
        )


def _random(
    rng: np.random.Generator, outputs: int, inputs: int, largest: int, gain: float, bias: float
) -> Convolution:
    weights = rng.integers(-largest, largest + 1, (outputs, inputs)).astype(np.int8)
    weights[:, 0] = largest * rng.choice([-1, 1], outputs)
    scales = (gain * rng.uniform(0.5, 1.5, outputs) / (largest * np.sqrt(inputs / 3))).astype(np.float32)
    result = Convolution(weights, scales, np.zeros(outputs, np.int32))
    result.bias_values = bias + rng.normal(0, 0.3, outputs)
    return result


def _f32(value: float) -> np.float32:
    return np.float32(value)


@dataclass
class Block:
    expand: Convolution
    project: Convolution
    factor: Convolution | None
    ranges: dict[str, Quantization] = field(default_factory=dict)


class GateNetwork:
    """Luma's or chroma's: codes of features (rows, columns, inputs) to codes of gates."""

    def __init__(
        self, rng: np.random.Generator, inputs: int, outputs: int, spatial: int, mixing: int, largest: int
    ):
        self.hidden = (
            rng.normal(0, 0.15, (HIDDEN, 128)).astype(np.float32),
            rng.normal(0, 0.3, HIDDEN).astype(np.float32),
        )
        self.input = _random(rng, CHANNELS, inputs, largest, 1.0, 0.1)
        self.shift = _random(rng, CHANNELS, HIDDEN, largest, 0.4, 0.0)
        self.blocks = [
            Block(
                _random(rng, CHANNELS, 9, largest, 1, 0.1),
                _random(rng, CHANNELS, CHANNELS, largest, 1, 0),
                None,
            )
            for _ in range(spatial)
        ] + [
            Block(
                _random(rng, 2 * CHANNELS, CHANNELS, largest, 1, 0.1),
                _random(rng, CHANNELS, 2 * CHANNELS, largest, 1, 0),
                _random(rng, 2 * CHANNELS, HIDDEN, largest, 0.4, 1.0),
            )
            for _ in range(mixing)
        ]
        self.logits = _random(rng, outputs, CHANNELS, largest, 1.0, -1.0)
        self._calibrate(rng, inputs)

    def _calibrate(self, rng: np.random.Generator, inputs: int) -> None:
        self.features = Quantization(_f32(2 / 255), 0)
        features = rng.uniform(0, 2, (12, 12, inputs)) * rng.uniform(0, 1, (12, 12, 1))
        tables = np.log(np.arange(1, 129)) / 2 - 1
        weights, bias = self.hidden
        hidden = np.maximum(weights.astype(np.float64) @ tables + bias, 0)
        self.condition = of_range(1.5 * hidden)
        summed = self.input.floats(features)
        shift = self.shift.floats(hidden)
        x = np.maximum(summed + shift, 0)
        self.summed, self.shift_range, self.result = of_range(summed), of_range(1.5 * shift), of_range(x)
        self.input.quantize(self.features)
        self.shift.quantize(self.condition)
        given = self.result
        for block in self.blocks:
            rectified = np.maximum(block.expand.floats(x), 0)
            scaled = (
                rectified if block.factor is None else rectified * (factor := block.factor.floats(hidden))
            )
            projected = block.project.floats(scaled)
            # Not the whole range: what is beyond has to be cut off the same way.
            block.ranges = {
                "rectified": of_range(0.9 * rectified),
                "scaled": of_range(0.9 * scaled),
                "projected": of_range(0.9 * projected),
                "result": of_range(0.9 * (x + projected)),
            }
            if block.factor is None:
                block.ranges["scaled"] = block.ranges["rectified"]
            else:
                block.ranges["factor"] = of_range(1.2 * factor)
                block.factor.quantize(self.condition)
            block.expand.quantize(given)
            block.project.quantize(block.ranges["scaled"])
            x, given = x + projected, block.ranges["result"]
        self.logits.quantize(given)
        self.logit = of_range(np.clip(self.logits.floats(x), -6, 6))

    def gates(self, features: np.ndarray, luma_table: np.ndarray, chroma_table: np.ndarray) -> np.ndarray:
        """Codes of gates; tables in natural order."""
        tables = np.concatenate(
            [np.log(np.ravel(t).astype(np.float64))[ORDER] / 2 - 1 for t in (luma_table, chroma_table)]
        )
        weights, bias = self.hidden
        hidden = self.condition.codes(np.maximum(weights.astype(np.float64) @ tables + bias, 0))

        def condition(convolution: Convolution, result: Quantization) -> np.ndarray:
            unit = np.float64(convolution.input.scale) * convolution.scales / result.scale
            codes = np.clip(np.rint(convolution.sums(hidden) * unit), -result.zero, 255 - result.zero)
            return codes * np.float64(result.scale)

        def finish(values: np.ndarray, result: Quantization) -> np.ndarray:
            values = np.clip(values, _f32(-result.zero), _f32(255 - result.zero))
            return np.rint(values).astype(np.int64) + result.zero

        def ratio(a: Quantization, b: Quantization) -> np.float32:
            return np.float32(np.float64(a.scale) / b.scale)

        shift = (condition(self.shift, self.shift_range) / self.result.scale).astype(np.float32)
        own = self.input.own(features.astype(np.int64), self.summed)
        x, given = finish(own * ratio(self.summed, self.result) + shift, self.result), self.result
        for block in self.blocks:
            ranges = block.ranges
            hidden_codes = block.expand.own(x, ranges["rectified"]).astype(np.float32)
            if block.factor is None:
                scaled = hidden_codes.astype(np.int64)
            else:
                unit = np.float64(ranges["rectified"].scale) / ranges["scaled"].scale
                factor = (condition(block.factor, ranges["factor"]) * unit).astype(np.float32)
                scaled = finish(hidden_codes * factor, ranges["scaled"])
            own = block.project.own(scaled, ranges["projected"])
            added = (x - given.zero).astype(np.float32) * ratio(given, ranges["result"])
            x = finish(own * ratio(ranges["projected"], ranges["result"]) + added, ranges["result"])
            given = ranges["result"]
        logits = self.logit.values(self.logits.own(x, self.logit) + self.logit.zero)
        return np.clip(np.rint(256 / (1 + np.exp(-logits))), 0, 255).astype(np.uint8)


class Networks:
    """Luma's and chroma's networks of one model; weights up to `largest`."""

    def __init__(self, seed: int = 0, largest: int = 63, spatial: int = 1, mixing: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.luma = GateNetwork(rng, 96, 96, spatial, mixing, largest)
        self.chroma = GateNetwork(rng, 288, 192, 0, mixing, largest)
