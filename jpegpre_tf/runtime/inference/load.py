"""`load`: from a model's name to a callable."""

import os
from pathlib import Path

from jpegpre_tf.runtime.inference.backends import BACKENDS, check_backend
from jpegpre_tf.runtime.inference.model_folder import find_model
from jpegpre_tf.runtime.inference.session import Session

# More threads than this gain little on one tile and take cores from whoever else runs.
_MOST_THREADS = 4


def usable_cores() -> int:
    """Returns how many cores this process may use, at least 1."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        return os.cpu_count() or 1


def load(
    name_or_path: str | Path,
    precision: str | None = None,
    threads: int | None = None,
    backend: str = "litert",
) -> Session:
    """Loads a model and returns it as a callable `(image, quality, strength=1.0) -> image`.

    Args:
        name_or_path: Name of a shipped model, for example "balanced", or a folder with a model.json.
        precision: "fp32", "fp16" or "int8"; None takes int8 where the model ships it, else fp32.
        threads: CPU threads for each call; None takes the cores that this process may use, at most 4.
        backend: "litert", or "onnxruntime" if that is installed (extra [export]).

    Returns:
        A `Session`. It is thread-safe; uint8 `(H, W, 3)` RGB in and out, any size.

    Raises:
        UnknownModelError: If there is no such model.
        ModelError: If a file is missing or is not the one that model.json describes.
        ValueError: If `threads` is below 1, or there is no such backend.
        MissingExtraError: If the backend is not installed.

    Example:
        >>> from jpegpre_tf import runtime
        >>> preprocess = runtime.load("balanced")
        >>> edited = preprocess(image, quality=75)  # then any JPEG encoder at quality 75
    """
    check_backend(backend)
    model = find_model(name_or_path)
    file_format = BACKENDS[backend]
    decide = None
    if file_format == "onnx" and model.precisions(file_format, "decide"):
        decide = model.read_model(precision, file_format, "decide")
    return Session(
        model.read_model(precision, file_format),
        alignment=model.tile_alignment,
        overlap=model.tile_overlap,
        quality_range=model.quality_range,
        threads=min(usable_cores(), _MOST_THREADS) if threads is None else threads,
        backend=backend,
        decide=decide,
        tuned_tables=model.tuned_tables,
    )
