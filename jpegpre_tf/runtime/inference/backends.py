"""The libraries that can run an exported network."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

# Backend -> the format of the files that it runs.
BACKENDS = {"litert": "tflite", "onnxruntime": "onnx"}

EDIT, DECIDE = "edit", "decide"
# The inputs of a network conditioned on tables, and of one conditioned on the quality (no longer trained).
TABLE_INPUTS = frozenset({"image", "luma_table", "chroma_table", "strength"})
QUALITY_INPUTS = frozenset({"image", "quality", "strength"})

Conditions = Mapping[str, npt.NDArray[np.float32]]


class Tiles(Protocol):
    """Runs a network on single tiles; one instance serves one thread at a time.

    Attributes:
        inputs: Signature, "edit" or "decide", -> names of its inputs. What a file lacks is missing.
    """

    inputs: Mapping[str, frozenset[str]]

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before a run; float32 or uint8, samples 0..255."""

    def edit(self, conditions: Conditions) -> npt.NDArray[np.uint8]:
        """Returns edited samples for the buffer: uint8 `(height, width, 3)`.

        Args:
            conditions: All inputs of the signature but the image, by name.
        """

    def decide(self, conditions: Conditions) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns quantized coefficients for the buffer, float32 whole numbers.

        Luma `(height / 8, width / 8, 64)`; chroma `(height / 16, width / 16, 128)`, Cb's before Cr's. Each 64 are
        ordered by row + column, then by row.
        """


def check_backend(name: str) -> None:
    """Raises ValueError unless `name` is a backend."""
    if name not in BACKENDS:
        raise ValueError(f"`backend` must be one of {', '.join(BACKENDS)}. Received: backend={name!r}")


def to_samples(output: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 samples of a network's result."""
    if output.dtype != np.uint8:
        # The graph rounds and clips already; a model that does not must still not wrap around.
        output = np.clip(np.rint(output, out=output), 0, 255, out=output).astype(np.uint8)
    return np.asarray(output, np.uint8)
