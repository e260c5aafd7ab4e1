"""One LiteRT interpreter that runs the preprocessing network on single tiles."""

from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.backends import as_levels


class LiteRTTiles:
    """Runs a TFLite preprocessing network, tile by tile, keeping the last tile's shape allocated.

    Not thread-safe: one instance serves one thread at a time.

    Args:
        content: The TFLite file.
        threads: CPU threads for one tile.

    Raises:
        ModelError: If LiteRT refuses the file, or its tensors are not those of a preprocessing network.
    """

    def __init__(self, content: bytes, threads: int) -> None:
        # Here and not above: model lists and help texts need no interpreter.
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
            # At the exported shape: a file that LiteRT cannot prepare fails here, not at the first picture.
            self._interpreter.allocate_tensors()
            self._find_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"LiteRT cannot run this model: {_first_line(error)}") from error
        self._allocated: tuple[int, int] | None = None
        self._buffer: npt.NDArray[Any] = np.empty((0, 0, 3), self._dtype)

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before `run`; float32 or uint8, levels 0..255."""
        if self._allocated != (height, width):
            self._interpreter.resize_tensor_input(self._indexes["image"], [1, height, width, 3])
            self._interpreter.allocate_tensors()
            self._buffer = np.empty((height, width, 3), self._dtype)
            self._allocated = (height, width)
        return self._buffer

    def run(self, quality: float, strength: float) -> npt.NDArray[np.uint8]:
        """Returns the network's result for the buffer: uint8 `(height, width, 3)`, levels 0..255."""
        for name, value in (("quality", quality), ("strength", strength)):
            self._interpreter.set_tensor(self._indexes[name], np.full((1, 1, 1, 1), value, np.float32))
        self._interpreter.set_tensor(self._indexes["image"], self._buffer[np.newaxis])
        self._interpreter.invoke()
        return as_levels(self._interpreter.get_tensor(self._indexes["output"])[0])

    def _find_tensors(self) -> None:
        # By name through the signature: the order of a TFLite file's inputs is not the declared one.
        runner = self._interpreter.get_signature_runner()
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        # LiteRT refuses to resize an interpreter that a signature runner still refers to.
        del runner
        if set(inputs) != {"image", "quality", "strength"} or set(outputs) != {"output"}:
            raise ModelError(
                "expected a network with inputs image, quality, strength and one output named output; "
                f"received inputs {', '.join(sorted(inputs))} and outputs {', '.join(sorted(outputs))}"
            )
        self._indexes = {name: details["index"] for name, details in (inputs | outputs).items()}
        self._dtype = inputs["image"]["dtype"]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
