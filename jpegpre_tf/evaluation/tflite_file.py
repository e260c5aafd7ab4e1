"""A bare .tflite file as a preprocessor: for models in training, which have no model.json yet.

Runs the whole picture at once, so no tile overlap has to be known; shipped models go through
`jpegpre_tf.runtime`.
"""

from pathlib import Path

import numpy as np

from jpegpre_tf._optional import require
from jpegpre_tf.codecs.base import Picture
from jpegpre_tf.errors import ModelError

_ALIGNMENT = 16
_INPUTS = ("image", "quality", "strength")


class TFLiteFile:
    """Calls a .tflite file with tensors `image`, `quality`, `strength` in and `output` out.

    Args:
        path: The file.

    Raises:
        ModelError: If it is not such a model.
    """

    def __init__(self, path: Path):
        litert = require("ai_edge_litert.interpreter", extra="evaluate", purpose="A .tflite file")
        try:
            self._interpreter = litert.Interpreter(model_content=path.read_bytes(), num_threads=1)
            self._interpreter.allocate_tensors()  # a model that LiteRT refuses fails here
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: not a TFLite model: {error}") from error
        self._inputs = {}
        for detail in self._interpreter.get_input_details():
            # Converters wrap names: "image", "serving_default_image:0".
            name = next((name for name in _INPUTS if name in detail["name"]), None)
            if name:
                self._inputs[name] = detail
        outputs = self._interpreter.get_output_details()
        if set(self._inputs) != set(_INPUTS) or len(outputs) != 1:
            raise ModelError(f"{path}: must have inputs {', '.join(_INPUTS)} and one output")
        self._output = outputs[0]["index"]
        self._shape: tuple[int, ...] | None = None

    def __call__(self, image: Picture, quality: int, strength: float = 1.0) -> Picture:
        """Edits `image`, uint8 `(height, width, 3)`, for `quality` 1..100 with `strength` 0..1."""
        height, width = image.shape[:2]
        padding = ((0, -height % _ALIGNMENT), (0, -width % _ALIGNMENT), (0, 0))
        padded = np.pad(image, padding, mode="edge")[np.newaxis]
        if padded.shape != self._shape:
            self._interpreter.resize_tensor_input(self._inputs["image"]["index"], padded.shape)
            self._interpreter.allocate_tensors()
            self._shape = padded.shape
        self._set("image", padded)
        self._set("quality", np.full((1, 1, 1, 1), quality))
        self._set("strength", np.full((1, 1, 1, 1), strength))
        self._interpreter.invoke()
        output = self._interpreter.get_tensor(self._output)[0, :height, :width]
        result: Picture = np.clip(np.rint(output), 0, 255).astype(np.uint8)
        return result

    def _set(self, name: str, value: np.ndarray) -> None:
        detail = self._inputs[name]
        self._interpreter.set_tensor(detail["index"], value.astype(detail["dtype"]))
