"""One LiteRT interpreter that runs the preprocessing network on single tiles."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.backends import (
    DECIDE,
    EDIT,
    QUALITY_INPUTS,
    TABLE_INPUTS,
    Conditions,
    to_samples,
)


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
            names = sorted(self._interpreter.get_signature_list())
            # Files of one signature call it as they like.
            wanted = {EDIT: names[0]} if len(names) == 1 else {EDIT: EDIT, DECIDE: DECIDE}
            self._runners = {
                signature: self._interpreter.get_signature_runner(name) for signature, name in wanted.items()
            }
        except (ValueError, RuntimeError, IndexError) as error:
            raise ModelError(f"LiteRT cannot run this model: {_first_line(error)}") from error
        self.inputs: Mapping[str, frozenset[str]] = {
            signature: frozenset(runner.get_input_details()) for signature, runner in self._runners.items()
        }
        for signature, runner in self._runners.items():
            check_tensors(signature, self.inputs[signature], set(runner.get_output_details()))
        self._dtype = self._runners[EDIT].get_input_details()["image"]["dtype"]
        self._buffer: npt.NDArray[Any] = np.empty((0, 0, 3), self._dtype)

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before a run; float32 or uint8, samples 0..255."""
        if self._buffer.shape[:2] != (height, width):
            self._buffer = np.empty((height, width, 3), self._dtype)
        return self._buffer

    def edit(self, conditions: Conditions) -> npt.NDArray[np.uint8]:
        """Returns edited samples for the buffer, uint8 `(height, width, 3)`; see `Tiles`."""
        return to_samples(self._run(EDIT, conditions)["output"][0])

    def decide(self, conditions: Conditions) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns quantized coefficients for the buffer, luma and chroma; see `Tiles`."""
        outputs = self._run(DECIDE, conditions)
        return outputs["luma"][0], outputs["chroma"][0]

    def _run(self, signature: str, conditions: Conditions) -> dict[str, npt.NDArray[Any]]:
        # By name through the signature: the order of a TFLite file's inputs is not the declared one. The runner
        # allocates again only where a shape changed.
        result: dict[str, npt.NDArray[Any]] = self._runners[signature](
            image=self._buffer[np.newaxis], **conditions
        )
        return result


def check_tensors(signature: str, inputs: frozenset[str], outputs: set[str]) -> None:
    """Raises ModelError unless these are the tensors of a preprocessing network's signature."""
    expected = {"output"} if signature == EDIT else {"luma", "chroma"}
    allowed = (TABLE_INPUTS, QUALITY_INPUTS) if signature == EDIT else (TABLE_INPUTS,)
    if inputs not in allowed or outputs != expected:
        raise ModelError(
            f"expected a network with inputs {', '.join(sorted(TABLE_INPUTS))} and outputs "
            f"{', '.join(sorted(expected))}; "
            f"received inputs {', '.join(sorted(inputs))} and outputs {', '.join(sorted(outputs))}"
        )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
