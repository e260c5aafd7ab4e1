"""A bare .tflite file as a preprocessor: for models in training, which have no model.json yet.

Runs the whole picture at once, so no tile overlap has to be known; shipped models go through
`jpegpre_tf.runtime`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from jpegpre_tf import jpeg
from jpegpre_tf._optional import require
from jpegpre_tf._types import RGBImage
from jpegpre_tf.errors import ModelError

_ALIGNMENT = 16
_EDIT = "edit"
_INPUTS = {"image", "luma_table", "chroma_table", "strength"}
# Of files without signatures, as other programs write them.
_PLAIN_INPUTS = ("image", "quality", "strength")


class TFLiteFile:
    """Calls a .tflite file: its signature `edit`, for libjpeg's tables of the quality.

    A file without signatures must have inputs `image`, `quality`, `strength` and one output.

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
            signatures = self._interpreter.get_signature_list()
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: not a TFLite model: {error}") from error
        self._edit: Any = None
        if _EDIT in signatures:
            if set(signatures[_EDIT]["inputs"]) != _INPUTS:
                raise ModelError(
                    f"{path}: its signature {_EDIT} must have inputs {', '.join(sorted(_INPUTS))}"
                )
            self._edit = self._interpreter.get_signature_runner(_EDIT)
            self._image_type = self._edit.get_input_details()["image"]["dtype"]
            return
        self._inputs = {}
        for detail in self._interpreter.get_input_details():
            # Converters wrap names: "image", "serving_default_image:0".
            name = next((name for name in _PLAIN_INPUTS if name in detail["name"]), None)
            if name:
                self._inputs[name] = detail
        outputs = self._interpreter.get_output_details()
        if set(self._inputs) != set(_PLAIN_INPUTS) or len(outputs) != 1:
            raise ModelError(
                f"{path}: must have a signature {_EDIT}, or inputs {', '.join(_PLAIN_INPUTS)} and one output"
            )
        self._output = outputs[0]["index"]
        self._shape: tuple[int, ...] | None = None

    def __call__(self, image: RGBImage, quality: int, strength: float = 1.0) -> RGBImage:
        """Edits `image`, uint8 `(height, width, 3)`, for `quality` 1..100 with `strength` 0..1."""
        height, width = image.shape[:2]
        padding = ((0, -height % _ALIGNMENT), (0, -width % _ALIGNMENT), (0, 0))
        padded = np.pad(image, padding, mode="edge")[np.newaxis]
        output = (
            self._run_edit(padded, quality, strength) if self._edit else self._run(padded, quality, strength)
        )
        result: RGBImage = np.clip(np.rint(output[0, :height, :width]), 0, 255).astype(np.uint8)
        return result

    def _run_edit(self, padded: np.ndarray, quality: int, strength: float) -> np.ndarray:
        luma, chroma = (
            table.reshape(1, 1, 1, 64).astype(np.float32) for table in jpeg.quantization_tables(quality)
        )
        outputs = self._edit(
            image=padded.astype(self._image_type),
            luma_table=luma,
            chroma_table=chroma,
            strength=np.full((1, 1, 1, 1), strength, np.float32),
        )
        result: np.ndarray = outputs["output"]
        return result

    def _run(self, padded: np.ndarray, quality: int, strength: float) -> np.ndarray:
        if padded.shape != self._shape:
            self._interpreter.resize_tensor_input(self._inputs["image"]["index"], padded.shape)
            self._interpreter.allocate_tensors()
            self._shape = padded.shape
        self._set("image", padded)
        self._set("quality", np.full((1, 1, 1, 1), quality))
        self._set("strength", np.full((1, 1, 1, 1), strength))
        self._interpreter.invoke()
        result: np.ndarray = self._interpreter.get_tensor(self._output)
        return result

    def _set(self, name: str, value: np.ndarray) -> None:
        detail = self._inputs[name]
        self._interpreter.set_tensor(detail["index"], value.astype(detail["dtype"]))
