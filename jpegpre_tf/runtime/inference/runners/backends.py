"""What can run an exported network: two libraries, and the kernel in C."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.runners.finite import check_result

# Backend -> the format of the files that it runs.
BACKENDS = {"litert": "tflite", "onnxruntime": "onnx", "kernel": "onnx"}
# The kernel where it runs the model, else LiteRT.
AUTO = "auto"
BACKEND_CHOICES = (AUTO, *BACKENDS)
# Inputs besides the picture of a network that sees tables, and of one that sees libjpeg's quality instead.
TABLE_CONDITIONS = frozenset({"luma_table", "chroma_table", "strength"})
QUALITY_CONDITIONS = frozenset({"quality", "strength"})
# What `decide` says of a model before version 5.
EDITS_ONLY = "this model only edits pixels: a carrier needs a model of version 5 or later"


@dataclass(frozen=True)
class Conditions:
    """What a network is told besides the picture.

    Attributes:
        tables: Luma and chroma table that the decoder will use, (2, 8, 8), 1..255.
        strength: 0..1.
        quality: libjpeg's number for these tables, 1..100; only models before version 5 look at it.
    """

    tables: npt.NDArray[np.integer]
    strength: float
    quality: float

    def inputs(self, names: Collection[str]) -> dict[str, npt.NDArray[np.float32]]:
        """The tensors of these names, as exported files take them."""
        luma, chroma = (np.asarray(table, np.float32).reshape(1, 1, 1, 64) for table in self.tables)
        found = {"luma_table": luma, "chroma_table": chroma}
        for name, value in (("strength", self.strength), ("quality", self.quality)):
            found[name] = np.full((1, 1, 1, 1), value, np.float32)
        return {name: value for name, value in found.items() if name in names}


class Tiles(Protocol):
    """Runs a network on single tiles; one instance serves one thread at a time.

    Attributes:
        decides: Whether the model can decide coefficients, not only edit.
    """

    decides: bool

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before a run; float32 or uint8, RGB samples 0..255."""

    def edit(self, conditions: Conditions) -> npt.NDArray[np.uint8]:
        """Returns edited samples of the buffer: uint8 `(height, width, 3)`."""

    def decide(self, conditions: Conditions) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns the quantized coefficients of the buffer, in each block as `jpeg.tables.NATURAL_FROM_FREQUENCY` says.

        Y (height / 8, width / 8, 64), and Cb then Cr (height / 16, width / 16, 128).

        Raises:
            ModelError: If the model only edits.
        """


def check_backend(name: str) -> None:
    """Raises ValueError unless `name` is a backend."""
    if name not in BACKENDS:
        raise ValueError(f"`backend` must be one of {', '.join(BACKENDS)}. Received: backend={name!r}")


def check_tensors(inputs: Collection[str], outputs: Collection[str]) -> None:
    """Raises ModelError unless names of inputs and outputs are those of a network that edits."""
    if set(inputs) - {"image"} not in (TABLE_CONDITIONS, QUALITY_CONDITIONS) or set(outputs) != {"output"}:
        raise ModelError(
            "expected a network with inputs image, luma_table, chroma_table, strength and one output named output; "
            f"received inputs {', '.join(sorted(inputs))} and outputs {', '.join(sorted(outputs))}"
        )


def as_levels(output: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint8 levels of a network's result.

    Raises:
        ModelError: If it holds NaN or infinity.
    """
    if output.dtype != np.uint8:
        check_result(output)
        # The graph rounds and clips already; a model that does not must still not wrap around.
        output = np.clip(np.rint(output, out=output), 0, 255, out=output).astype(np.uint8)
    return np.asarray(output, np.uint8)
