"""Networks in an evaluation: a shipped model's name, a model folder, or a single .tflite file."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path

from jpegpre_tf import runtime
from jpegpre_tf.codecs.base import Picture
from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.tflite_file import TFLiteFile


def load_profile(name_or_path: str, precision: str | None) -> Callable[[Picture, int, float], Picture]:
    """Loads a network on one thread: an evaluation runs one process per core.

    Args:
        name_or_path: Name of a shipped model, a folder with a model.json, or a .tflite file.
        precision: "fp32", "fp16", "int8", or None for the model's own default; not for a .tflite file.

    Raises:
        ModelError: If there is no such model.
        UsageError: If a precision is asked of a .tflite file.
    """
    path = Path(name_or_path)
    if path.suffix == ".tflite":
        if precision is not None:
            raise UsageError(f"--precision chooses among a model's files; {path.name} is one file")
        return TFLiteFile(path)
    return runtime.load(name_or_path, precision=precision, threads=1)


def profile_identity(name_or_path: str, precision: str | None) -> dict[str, str]:
    """Returns what decides the pixels: hashes of the network and of the code that runs it.

    Raises:
        ModelError: If there is no such model.
    """
    path = Path(name_or_path)
    if path.suffix == ".tflite":
        code = _code_hash("evaluation/tflite_file.py")
        return {"file": hashlib.sha256(path.read_bytes()).hexdigest(), "code": code}
    model = runtime.find_model(name_or_path)
    content = model.read_tflite(precision)  # refuses what is no preprocessor
    tiling = {key: model.description[key] for key in ("tile", "quality_range")}
    return {
        "model": model.name,
        "model_version": model.version,
        "file": hashlib.sha256(content).hexdigest(),
        "tiling": repr(tiling),
        "code": _code_hash("runtime/inference/*.py"),
    }


@functools.cache
def _code_hash(pattern: str) -> str:
    """Of the code that runs models: another tiling or padding gives other pixels."""
    files = sorted(Path(__file__).resolve().parents[1].glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
