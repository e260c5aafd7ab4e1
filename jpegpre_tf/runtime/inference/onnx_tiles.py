"""One ONNX Runtime session that runs the preprocessing network on single tiles."""

from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf._optional import require
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.backends import as_levels

_TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


class OnnxTiles:
    """Runs an ONNX preprocessing network, tile by tile.

    Args:
        content: The ONNX file.
        threads: CPU threads for one tile.

    Raises:
        MissingExtraError: If onnxruntime is not installed.
        ModelError: If ONNX Runtime refuses the file, or its tensors are not those of a preprocessing network.
    """

    def __init__(self, content: bytes, threads: int) -> None:
        onnxruntime = require("onnxruntime", extra="export", purpose="the backend onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors: warnings would go to the user's stderr
        # Waiting threads would burn the time of whoever else runs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its own classes, not exported by the package
            line = next(iter(str(error).splitlines()), type(error).__name__)
            raise ModelError(f"ONNX Runtime cannot run this model: {line}") from error
        inputs = {value.name: value.type for value in self._session.get_inputs()}
        outputs = [value.name for value in self._session.get_outputs()]
        if set(inputs) != {"image", "quality", "strength"} or outputs != ["output"]:
            raise ModelError(
                "expected a network with inputs image, quality, strength and one output named output; "
                f"received inputs {', '.join(sorted(inputs))} and outputs {', '.join(outputs)}"
            )
        self._dtype = _TYPES[inputs["image"]]
        self._buffer: npt.NDArray[Any] = np.empty((0, 0, 3), self._dtype)

    def buffer(self, height: int, width: int) -> npt.NDArray[Any]:
        """Returns the `(height, width, 3)` array to fill before `run`; float32 or uint8, levels 0..255."""
        if self._buffer.shape[:2] != (height, width):
            self._buffer = np.empty((height, width, 3), self._dtype)
        return self._buffer

    def run(self, quality: float, strength: float) -> npt.NDArray[np.uint8]:
        """Returns the network's result for the buffer: uint8 `(height, width, 3)`, levels 0..255."""
        inputs = {
            name: np.full((1, 1, 1, 1), value, np.float32)
            for name, value in (("quality", quality), ("strength", strength))
        }
        (output,) = self._session.run(["output"], {"image": self._buffer[np.newaxis], **inputs})
        return as_levels(output[0])
