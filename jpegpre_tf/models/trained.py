"""Reads a trained preprocessor, or says in one line why it is none."""

import os

import numpy as np

from jpegpre_tf.errors import ModelError
from jpegpre_tf.models.loading import load_network
from jpegpre_tf.models.preprocessor import Preprocessor


def load_preprocessor(path: str | os.PathLike[str]) -> Preprocessor:
    """Returns the trained `Preprocessor` of a .keras file.

    Raises:
        ModelError: If there is no such file, it is not a Keras model, not a preprocessor, or was never trained.
    """
    model = load_network(path, Preprocessor)
    # What depends on the tables starts as the same whatever the tables.
    factors = [v for v in model.variables if "_tables/" in v.path and v.path.endswith("kernel")]
    if not any(np.any(np.asarray(factor)) for factor in factors):
        raise ModelError(f"{path}: this preprocessor was never trained")
    return model
