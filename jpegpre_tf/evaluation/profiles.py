"""Networks in an evaluation: a shipped model's name, a model folder, or a single .tflite file."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jpegpre_tf.codecs.base import Picture
from jpegpre_tf.errors import ModelError, UsageError
from jpegpre_tf.evaluation.tflite_file import TFLiteFile


def load_profile(name_or_path: str, precision: str | None) -> Callable[[Picture, int, float], Picture]:
    """Loads a network on one thread: an evaluation runs one process per core.

    Args:
        name_or_path: Name of a shipped model, a folder with a model.json, or a .tflite file.
        precision: "fp32", "fp16", "int8", or None for the model's own default; not for a .tflite file.

    Raises:
        ModelError: If there is no such model.
    """
    path = Path(name_or_path)
    if path.suffix == ".tflite":
        if precision is not None:
            raise UsageError(f"--precision chooses among a model's files; {path.name} is one file")
        return TFLiteFile(path)

    from jpegpre_tf import runtime

    loader: Any = runtime
    preprocess: Callable[[Picture, int, float], Picture] = loader.load(
        name_or_path, precision=precision, threads=1
    )
    return preprocess


def profile_files(name_or_path: str, precision: str | None) -> dict[str, Path]:
    """Returns the files that decide what the network does, for the cache's key.

    Raises:
        ModelError: If there is no such model.
    """
    path = Path(name_or_path)
    if not path.exists():
        path = _shipped(name_or_path)
    if path.is_file():
        return {path.suffix: path}
    files = {
        file.relative_to(path).as_posix(): file
        for file in sorted(path.rglob("*"))
        if file.is_file() and (file.suffix == ".tflite" or file.name == "model.json")
    }
    if not files:
        raise ModelError(f"no model in folder {path}")
    return files


@functools.cache
def runtime_source() -> str:
    """Hash of the code that runs models: another tiling or padding gives other pixels."""
    package = Path(__file__).resolve().parents[1]
    files = [*sorted((package / "runtime").glob("*.py")), package / "evaluation" / "tflite_file.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def _shipped(name: str) -> Path:
    package = Path(__file__).resolve().parents[1]
    for root in (package / "savedmodels", package.parent / "savedmodels"):
        if (root / name).is_dir():
            return root / name
    raise ModelError(f"no model {name!r}: neither a file or folder nor a shipped model")
