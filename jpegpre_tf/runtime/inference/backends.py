"""The libraries that can run an exported network."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

# Backend -> the format of the files that it runs.
BACKENDS = {"litert": "tflite", "onnxruntime": "onnx"}


class Tiles(Protocol):
    """Runs a network on single tiles; one instance serves one thread at a time."""

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before `run`; float32 or uint8, levels 0..255."""

    def run(self, quality: float, strength: float) -> npt.NDArray[np.uint8]:
        """Returns the network's result for the buffer: uint8 `(height, width, 3)`, levels 0..255."""


def check_backend(name: str) -> None:
    """Raises ValueError unless `name` is a backend."""
    if name not in BACKENDS:
        raise ValueError(f"`backend` must be one of {', '.join(BACKENDS)}. Received: backend={name!r}")


def as_levels(output: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 levels of a network's result."""
    if output.dtype != np.uint8:
        # The graph rounds and clips already; a model that does not must still not wrap around.
        output = np.clip(np.rint(output, out=output), 0, 255, out=output).astype(np.uint8)
    return np.asarray(output, np.uint8)
