"""What a name or path given to `from_preset` means, without TensorFlow."""

import os
from pathlib import Path

from jpegpre_tf.errors import ModelError, UnknownModelError
from jpegpre_tf.runtime.inference.models.model_folder import ModelFolder, find_model, shipped_models

MODEL_FILE = "model.keras"


def find_preset(name_or_path: str | os.PathLike[str], role: str) -> ModelFolder | Path:
    """Returns the described model, or the path of a .keras file that nothing describes.

    Args:
        name_or_path: Name of a model that came with the package, with or without its role before it ("mozjpeg",
            "simulator-mozjpeg"); a folder with a model.json, which names the file's hash; the folder of a training run;
            or a .keras file.
        role: What such a model is called in model.json: "preprocessor", "simulator" or "rate".

    Raises:
        ModelError: If there is no such model, or it is of another role.
    """
    name, path = os.fspath(name_or_path), Path(name_or_path)
    shipped = {model.name: model for model in shipped_models() if model.kind == role}
    if (model := shipped.get(name) or shipped.get(f"{role}-{name}")) is not None:
        return model
    if path.suffix == ".keras":
        if not path.is_file():
            raise UnknownModelError(
                f"{path}: expected a .keras file, found {'a folder' if path.is_dir() else 'nothing'}"
            )
        return path
    if (path / "model.json").is_file():
        model = find_model(path)
        if model.kind != role:
            raise ModelError(f"{path}: expected a {role}, found a {model.kind}")
        return model
    if (path / MODEL_FILE).is_file():
        return path / MODEL_FILE
    names = ", ".join(name.removeprefix(f"{role}-") for name in shipped) or "(no shipped models)"
    raise UnknownModelError(
        f"unknown {role} {name!r}: expected one of {names}, "
        f"a folder with a model.json or {MODEL_FILE}, or a .keras file"
    )
