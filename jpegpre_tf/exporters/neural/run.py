"""Runs exported simulators and rate estimators in the libraries that users run them in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf._optional import require
from jpegpre_tf._types import RGBImage
from jpegpre_tf.exporters.neural.convert import SIGNATURE


def run_file(
    content: bytes, file_format: str, output: str, cases: Sequence[tuple[RGBImage, float]]
) -> list[npt.NDArray[np.float32]]:
    """Returns what a file gives for each (picture (height, width, 3), quality), on one thread.

    Args:
        content: What `convert_tflite` or `convert_onnx` made.
        file_format: "tflite" or "onnx".
        output: Name of the output.
        cases: For TFLite, pictures of the size that the file was made for.
    """
    run: Any
    if file_format == "tflite":
        from ai_edge_litert.interpreter import Interpreter

        # The signature's runner keeps the interpreter alive.
        run = Interpreter(model_content=content, num_threads=1).get_signature_runner(SIGNATURE)
    else:
        onnxruntime = require("onnxruntime", extra="export", purpose="ONNX export")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

        def run(**inputs: Any) -> dict[str, Any]:
            return {output: session.run([output], inputs)[0]}

    return [
        run(image=picture[np.newaxis].astype(np.float32), quality=np.array([quality], np.float32))[output]
        for picture, quality in cases
    ]
