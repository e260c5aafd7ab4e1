"""One ONNX Runtime session that runs the preprocessing network on single tiles."""

from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.runners.backends import EDITS_ONLY, Conditions, as_levels, check_tensors
from jpegpre_tf.runtime.inference.runners.finite import check_constants
from jpegpre_tf.runtime.inference.runners.tile_buffer import TileBuffer

_TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


class OnnxTiles:
    """Runs an ONNX preprocessing network, tile by tile.

    Args:
        content: The ONNX file.
        threads: CPU threads for one tile.
        decide: The ONNX file of the signature `decide`; without it there are no carriers.

    Raises:
        MissingExtraError: If onnxruntime is not installed.
        ModelError: If ONNX Runtime refuses the file, its tensors are not those of a preprocessing
            network, or a weight is not finite.
    """

    def __init__(self, content: bytes, threads: int, decide: bytes | None = None) -> None:
        self._edit = _session(content, threads)
        self._decide = None if decide is None else _session(decide, threads)
        self.decides = decide is not None
        for part in (content, decide):
            if part is not None:
                check_constants(part, "onnx")
        inputs = {value.name: value.type for value in self._edit.get_inputs()}
        outputs = [value.name for value in self._edit.get_outputs()]
        check_tensors(inputs.keys(), outputs)
        self._buffer = TileBuffer(_TYPES[inputs["image"]])

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before a run; float32 or uint8, RGB samples 0..255."""
        return self._buffer.resize(height, width)

    def edit(self, conditions: Conditions) -> npt.NDArray[np.uint8]:
        """Returns edited samples of the buffer: uint8 `(height, width, 3)`."""
        (output,) = self._run(self._edit, ["output"], conditions)
        return as_levels(output[0])

    def decide(self, conditions: Conditions) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns the quantized coefficients of the buffer, see `Tiles`."""
        if self._decide is None:
            raise ModelError(EDITS_ONLY)
        luma, chroma = self._run(self._decide, ["luma", "chroma"], conditions)
        return luma[0], chroma[0]

    def _run(self, session: Any, outputs: list[str], conditions: Conditions) -> Any:
        names = [value.name for value in session.get_inputs()]
        return session.run(outputs, {"image": self._buffer.samples[np.newaxis], **conditions.inputs(names)})


def _session(content: bytes, threads: int) -> Any:
    onnxruntime = require("onnxruntime", extra="export", purpose="the backend onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors: warnings would go to the user's stderr
    # Waiting threads would burn the time of whoever else runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own classes, not exported by the package
        line = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"ONNX Runtime cannot run this model: {line}") from error
