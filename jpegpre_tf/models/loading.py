"""Reads networks from .keras files, model folders and the package's own models, or says in one line why not."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import TypeVar

import keras
import numpy as np

from jpegpre_tf.errors import ModelError, first_line
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.models.archive import check_archive
from jpegpre_tf.runtime.inference.models.model_folder import ModelFolder
from jpegpre_tf.runtime.inference.models.presets import MODEL_FILE, find_preset

Network = TypeVar("Network")


def load_network(path: str | os.PathLike[str], kind: type[Network]) -> Network:
    """Returns the model of a .keras file.

    Args:
        path: The file.
        kind: Class that the model must be of.

    Raises:
        ModelError: If there is no such file, it is not a Keras model, of another class, unpacks to far more than any
            model takes, or has weights that are not finite.
    """
    path = Path(path)
    name = kind.__name__
    if not path.is_file():
        raise ModelError(
            f"{path}: expected a .keras {name}, found {'a folder' if path.is_dir() else 'nothing'}"
        )
    check_archive(path)
    try:
        with warnings.catch_warnings():
            # Keras warns of every layer without weights, before the error that counts.
            warnings.simplefilter("ignore", UserWarning)
            model = keras.saving.load_model(path, safe_mode=True)
    except Exception as error:  # Keras raises whatever its zip and JSON readers and layers do
        raise ModelError(f"{path}: expected a .keras {name} ({_reason(error)})") from error
    if not isinstance(model, kind):
        raise ModelError(f"{path}: expected a jpegpre_tf {name}, found a {type(model).__name__}")
    network: keras.Model = model
    for variable in network.variables:
        values = np.asarray(variable)
        if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
            raise ModelError(
                f"{path}: expected finite weights, found NaN or infinity in {variable.path}: training failed"
            )
    return model


def load_preset(name_or_path: str | os.PathLike[str], kind: type[Network], role: str) -> Network:
    """Returns a model of the package by name, or one from a path.

    Args:
        name_or_path: What `runtime.inference.models.presets.find_preset` takes.
        kind: Class that the model must be of.
        role: What such a model is called in model.json: "preprocessor", "simulator" or "rate".

    Raises:
        ModelError: If there is no such model, it is of another role, or its file is not what model.json describes.
    """
    found = find_preset(name_or_path, role)
    return load_network(found, kind) if isinstance(found, Path) else _load_checked(found, kind)


def load_tables(name_or_path: str | os.PathLike[str]) -> TunedTables:
    """Returns the learned tables of a shipped profile by name, or those of a file.

    Args:
        name_or_path: "balanced", "fidelity", "perceptual", or a path of a tables.json.

    Raises:
        ModelError: If there are no such tables.
    """
    if Path(name_or_path).is_file():
        try:
            return TunedTables.read(Path(name_or_path))
        except ValueError as error:
            raise ModelError(str(error)) from error
    found = find_preset(name_or_path, "preprocessor")
    tables = None if isinstance(found, Path) else found.tuned_tables
    if tables is None:
        raise ModelError(f"'{name_or_path}': expected a model with tables of its own, or a tables.json")
    return tables


def _load_checked(model: ModelFolder, kind: type[Network]) -> Network:
    """The bytes that were checked are the bytes that are loaded, whatever happens to the file meanwhile."""
    content = model.read(MODEL_FILE)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, MODEL_FILE)
        copy.write_bytes(content)
        try:
            return load_network(copy, kind)
        except ModelError as error:
            raise ModelError(str(error).replace(str(copy), str(model.path / MODEL_FILE))) from error


def _reason(error: Exception) -> str:
    if "could not be loaded" in str(error):
        return "its weights are those of other networks: versions 4 and before can't be loaded any more"
    return first_line(error)
