"""One LiteRT interpreter that runs the preprocessing network on single tiles."""

from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import ModelError, first_line
from jpegpre_tf.runtime.inference.runners.backends import EDITS_ONLY, Conditions, as_levels, check_tensors
from jpegpre_tf.runtime.inference.runners.finite import check_constants
from jpegpre_tf.runtime.inference.runners.tile_buffer import TileBuffer

_EDIT, _DECIDE = "edit", "decide"
# The only signature of models before version 5.
_OLD_EDIT = "serving_default"


class LiteRTTiles:
    """Runs a TFLite preprocessing network, tile by tile, keeping the last tile's shape allocated.

    Not thread-safe: one instance serves one thread at a time.

    Args:
        content: The TFLite file.
        threads: CPU threads for one tile.

    Raises:
        ModelError: If LiteRT refuses the file, its tensors are not those of a preprocessing network, or a
            weight is not finite.
    """

    def __init__(self, content: bytes, threads: int) -> None:
        # Here and not above: model lists and help texts need no interpreter.
        from ai_edge_litert.interpreter import Interpreter

        self._runners: dict[str, Any] = {}
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
            # At the exported shape: a file that LiteRT cannot prepare fails here, not at the first picture. Before
            # there are runners, whose tensors it would refuse to move.
            self._interpreter.allocate_tensors()
            signatures = self._interpreter.get_signature_list()
            self._edit_name = _EDIT if _EDIT in signatures else _OLD_EDIT
            edit = self._runner(self._edit_name)
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"LiteRT cannot run this model: {first_line(error)}") from error
        check_constants(content, "tflite")
        inputs = edit.get_input_details()
        check_tensors(inputs.keys(), edit.get_output_details().keys())
        self.decides = _DECIDE in signatures
        self._buffer = TileBuffer(inputs["image"]["dtype"])

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before a run; float32 or uint8, RGB samples 0..255."""
        return self._buffer.resize(height, width)

    def edit(self, conditions: Conditions) -> npt.NDArray[np.uint8]:
        """Returns edited samples of the buffer: uint8 `(height, width, 3)`."""
        return as_levels(self._run(self._edit_name, conditions)["output"][0])

    def decide(self, conditions: Conditions) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns the quantized coefficients of the buffer, see `Tiles`."""
        if not self.decides:
            raise ModelError(EDITS_ONLY)
        found = self._run(_DECIDE, conditions)
        return found["luma"][0], found["chroma"][0]

    def _run(self, signature: str, conditions: Conditions) -> Any:
        runner = self._runner(signature)
        names = runner.get_input_details().keys()
        return runner(image=self._buffer.samples[np.newaxis], **conditions.inputs(names))

    def _runner(self, signature: str) -> Any:
        if signature not in self._runners:
            self._runners[signature] = self._interpreter.get_signature_runner(signature)
        return self._runners[signature]
