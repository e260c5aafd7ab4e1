"""Importing this refuses Keras on JAX or PyTorch in one line, before Keras and such a backend are imported.

Layers and models here are made of TensorFlow's operations, which other backends cannot trace.
"""

import json
import os
import sys
from pathlib import Path

from jpegpre_tf._optional import KerasBackendError


def chosen_backend() -> str:
    """Returns the backend that Keras uses, or would use if it were imported now."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "backend"):
        return str(keras.backend.backend())
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    folder = os.environ.get("KERAS_HOME") or Path("~").expanduser() / ".keras"
    try:
        settings = json.loads(Path(folder, "keras.json").read_text(encoding="utf-8"))
        return str(settings.get("backend", "tensorflow"))
    except (OSError, ValueError, AttributeError):
        return "tensorflow"


if (_chosen := chosen_backend()) != "tensorflow":
    raise KerasBackendError(
        f"jpegpre_tf's layers and models need Keras on TensorFlow: set KERAS_BACKEND=tensorflow. Received: {_chosen!r}"
    )
