"""`load`: from a model's name to a callable."""

import os
from pathlib import Path

from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.kernel_library import kernel_library
from jpegpre_tf.runtime.inference.models.model_folder import ModelFolder, find_model
from jpegpre_tf.runtime.inference.runners.backends import AUTO, BACKENDS, check_backend
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
    backend: str = AUTO,
) -> Session:
    """Loads a model and returns it as a callable `(image, quality, strength=1.0) -> image`.

    Args:
        name_or_path: Name of a shipped model, for example "balanced", or a folder with a model.json.
        precision: "fp32", "fp16" or "int8"; None takes int8 where the model ships it, else fp32.
        threads: CPU threads for each call; None takes the cores that this process may use, at most 4.
        backend: "kernel", the kernel in C, of precision int8 alone; "litert"; "onnxruntime" if that is installed
            (extra [export]); "auto" takes the kernel where it was built, the processor has what it needs and it runs
            this model, else LiteRT. `Session.backend` says which it became.

    Returns:
        A `Session`. It is thread-safe; uint8 `(H, W, 3)` RGB in and out, any size.

    Raises:
        UnknownModelError: If there is no such model.
        ModelError: If a file is missing, is not the one that model.json describes, or holds NaN or infinity.
        ValueError: If `threads` is below 1, or there is no such backend.
        MissingExtraError: If the backend is not installed.

    Example:
        >>> from jpegpre_tf import runtime
        >>> preprocess = runtime.load("balanced")
        >>> edited = preprocess(image, quality=75)  # then any JPEG encoder at quality 75
    """
    if backend != AUTO:
        check_backend(backend)
        return _load(find_model(name_or_path), precision, threads, backend)
    model = find_model(name_or_path)
    file = model.precisions("onnx").get("int8")
    if (
        file is not None
        and precision in (None, "int8")
        and kernel_library() is not None
        and model.find(file) is not None
    ):
        content = model.read_model("int8", "onnx")
        try:
            return _session(model, content, threads, "kernel", "int8")
        except ModelError:  # another build of network
            pass
    return _load(model, precision, threads, "litert")


def _load(model: ModelFolder, precision: str | None, threads: int | None, backend: str) -> Session:
    wanted = "int8" if backend == "kernel" and precision is None else precision
    decide = None
    if backend == "onnxruntime" and model.precisions("onnx", "decide"):
        decide = model.read_model(wanted, "onnx", "decide")
    content = model.read_model(wanted, BACKENDS[backend])
    return _session(model, content, threads, backend, wanted, decide)


def _session(
    model: ModelFolder,
    content: bytes,
    threads: int | None,
    backend: str,
    precision: str | None,
    decide: bytes | None = None,
) -> Session:
    return Session(
        content,
        alignment=model.tile_alignment,
        overlap=model.tile_overlap,
        quality_range=model.quality_range,
        threads=min(usable_cores(), _MOST_THREADS) if threads is None else threads,
        backend=backend,
        decide=decide,
        tuned_tables=model.tuned_tables,
        name=str(model.path / model.file_name(precision, BACKENDS[backend])),
    )
