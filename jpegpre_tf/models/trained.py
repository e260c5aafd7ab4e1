"""Reads a trained preprocessor, or says in one line why it is none."""

import os
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

from jpegpre_tf.errors import ModelError
from jpegpre_tf.models.preprocessor import Preprocessor


def load_preprocessor(path: str | os.PathLike[str]) -> Any:
    """Returns the trained `Preprocessor` of a .keras file.

    Raises:
        ModelError: If there is no such file, it is not a Keras model, not a preprocessor, or was never trained.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(
            f"{path}: expected a .keras file, found {'a folder' if path.is_dir() else 'nothing'}"
        )
    try:
        with warnings.catch_warnings():
            # Keras warns of every layer without weights, before the error that counts.
            warnings.simplefilter("ignore", UserWarning)
            model = keras.saving.load_model(path)
    except Exception as error:  # Keras raises whatever its zip and JSON readers and layers do
        raise ModelError(f"{path}: expected a .keras preprocessor ({_reason(error)})") from error
    if not isinstance(model, Preprocessor):
        raise ModelError(f"{path}: expected a jpegpre_tf Preprocessor, found {type(model).__name__}")
    # What depends on the tables starts as the same whatever the tables.
    factors = [v for v in model.variables if "_tables/" in v.path and v.path.endswith("kernel")]
    if not any(np.any(np.asarray(factor)) for factor in factors):
        raise ModelError(f"{path}: this preprocessor was never trained")
    return model


def _reason(error: Exception) -> str:
    if "could not be loaded" in str(error):
        return "its weights are those of other networks: versions 4 and before can't be loaded any more"
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
