"""Edit and decisions in NumPy and float64, around a network of network.py: what the kernel has to come to."""

import numpy as np

from tests.kernel.network import ONE_SPAN, ORDER, ZERO_SPAN, GateNetwork, Networks

_YCC = np.array([[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]])
_BASIS = np.array([[np.cos((2 * x + 1) * k * np.pi / 16) / 2 for x in range(8)] for k in range(8)])
_BASIS[0] /= np.sqrt(2)
_IS_AC = np.arange(64) > 0
OVERSHOOT = 0.55


def _blocks(plane: np.ndarray) -> np.ndarray:
    """(H, W) samples to (H / 8, W / 8, 64) coefficients in ORDER."""
    height, width = plane.shape
    blocks = plane.reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3)
    return (_BASIS @ blocks @ _BASIS.T).reshape(height // 8, width // 8, 64)[..., ORDER]


def _plane(coefficients: np.ndarray) -> np.ndarray:
    rows, columns = coefficients.shape[:2]
    natural = coefficients[..., np.argsort(ORDER)].reshape(rows, columns, 8, 8)
    return (_BASIS.T @ natural @ _BASIS).transpose(0, 2, 1, 3).reshape(rows * 8, columns * 8)


def _twice(plane: np.ndarray) -> np.ndarray:
    return plane.repeat(2, 0).repeat(2, 1)


def _cells(plane: np.ndarray) -> np.ndarray:
    """Means over 2x2."""
    height, width = plane.shape[:2]
    return plane.reshape(height // 2, 2, width // 2, 2, *plane.shape[2:]).mean((1, 3))


def _features(steps: np.ndarray) -> np.ndarray:
    size = np.abs(steps)
    return np.minimum(np.concatenate([size, size[..., :32] / 8], -1), 2)


def _codes(network: GateNetwork, features: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(features / network.features.scale), 0, 255).astype(np.uint8)


class Reference:
    """One picture's decisions.

    Args:
        image: uint8 (H, W, 3), any size.
        tables: Target tables, (2, 64), natural order.
        strength: 0..1.
    """

    def __init__(
        self, networks: Networks, image: np.ndarray, tables: np.ndarray, strength: float = 1.0
    ) -> None:
        height, width = image.shape[:2]
        self.image = np.pad(image, ((0, -height % 16), (0, -width % 16), (0, 0)), "edge").astype(np.float64)
        self.size, self.strength = (height, width), strength
        self.y, *chroma = np.moveaxis(self.image @ _YCC.T, -1, 0)
        self.chroma = [_cells(plane) for plane in chroma]
        self.networks, self.natural_tables = networks, tables
        self.tables = [np.ravel(tables[i])[ORDER].astype(np.float64) for i in (0, 1, 1)]

    def _look(self, y: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Steps and gates of each component."""
        planes = (y - 128, *self.chroma)
        steps = [_blocks(p) / t for p, t in zip(planes, self.tables, strict=True)]
        luma = _features(steps[0])
        chroma = np.concatenate([_features(steps[1]), _features(steps[2]), _cells(luma)], -1)
        networks, tables = self.networks, self.natural_tables
        luma_gates = networks.luma.gates(_codes(networks.luma, luma), *tables)
        chroma_gates = networks.chroma.gates(_codes(networks.chroma, chroma), *tables)
        return steps, [g / 256 for g in (luma_gates, chroma_gates[..., :96], chroma_gates[..., 96:])]

    def decide(self) -> list[np.ndarray]:
        """Quantized coefficients of Y, Cb and Cr, in ORDER."""
        result = []
        # White and black beyond what samples can be.
        rows, columns = (side // 8 for side in self.y.shape)
        outside = np.zeros_like(self.y)
        for sign, halves in ((1, np.maximum(self.y - 254.5, 0)), (-1, np.maximum(0.5 - self.y, 0))):
            count = 2 * halves.reshape(rows, 8, columns, 8).sum((1, 3))
            outside += sign * halves * _eight(np.clip((count - 6) / 12, 0, 1))
        overshoot = 2 * OVERSHOOT * self.strength * self.tables[0][0]
        for steps, gates in zip(*self._look(self.y + overshoot * outside), strict=True):
            size = np.abs(steps)
            spans = self.strength * _IS_AC
            zero_below = 0.5 + ZERO_SPAN * spans * gates[..., :64]
            one_below = 1.5 + ONE_SPAN * spans * np.pad(gates[..., 64:], ((0, 0), (0, 0), (0, 32)))
            quantized = np.where(size >= zero_below, np.where(size >= one_below, np.floor(size + 0.5), 1), 0)
            result.append(np.sign(steps) * quantized)
        return result

    def edit(self) -> np.ndarray:
        """uint8, size of the image."""
        amount = min(8 * self.strength, 1)
        changes = []
        for steps, gates, table in zip(*self._look(self.y), self.tables, strict=True):
            size = 60 * np.abs(steps)
            one_gates = np.pad(gates[..., 64:], ((0, 0), (0, 0), (0, 32)))
            zero_below = 60 * (0.5 * amount + ZERO_SPAN * self.strength * gates[..., :64])
            one_below = 60 * (1.5 + ONE_SPAN * self.strength * one_gates)
            target = 1.5 - 0.2 * amount
            beyond = steps - np.clip(steps, -target, target)
            lowered = (
                np.clip(zero_below - size, 0, 6) * steps + np.clip(one_below - size, 0, 6) * beyond * 1.25
            )
            changes.append(-0.8 / 6 * lowered * table * _IS_AC)
        reach = _eight(0.05 * np.abs(changes[0]).sum(-1) + 0.125)
        beyond = np.maximum(np.abs(self.y - 127.5) - (127.5 - reach), 0) / reach
        rows, columns = changes[0].shape[:2]
        count = beyond.reshape(rows, 8, columns, 8).sum((1, 3))
        luma = np.maximum(1 - np.maximum(count - 19, 0), 0)
        chroma = np.maximum(4 * _cells(luma) - 3, 0)
        changes = [c * h[..., None] for c, h in zip(changes, (luma, chroma, chroma), strict=True)]
        height, width = self.size
        y, cb, cr = (_plane(c) for c in changes)
        rgb = np.stack([y, _twice(cb), _twice(cr)], -1) @ np.linalg.inv(_YCC).T
        return np.clip(np.rint(self.image + rgb), 0, 255).astype(np.uint8)[:height, :width]


def _eight(blocks: np.ndarray) -> np.ndarray:
    return blocks.repeat(8, 0).repeat(8, 1)
