"""Networks in an evaluation: a shipped model's name, a model folder, or a single .tflite file."""

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from jpegpre_tf import runtime
from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.writing.carrier_writer import CarrierWriter
from jpegpre_tf.evaluation.writing.edit_writer import EditWriter, PixelEditor
from jpegpre_tf.evaluation.writing.encoder_tables import read_encoder_tables
from jpegpre_tf.evaluation.writing.file_writer import FileWriter
from jpegpre_tf.evaluation.writing.tflite_file import TFLiteFile
from jpegpre_tf.runtime.inference.kernel_library import kernel_digest
from jpegpre_tf.runtime.inference.models.model_folder import TABLES

# "carrier": decisions for the tuned tables. "edit": pixels edited for the tables that the encoder writes.
# "edit-standard": pixels edited for libjpeg's tables of the quality, whatever the encoder's.
WritePath = Literal["carrier", "edit", "edit-standard"]
WRITE_PATHS: tuple[WritePath, ...] = ("carrier", "edit", "edit-standard")

PLAIN_ENCODER = "libjpeg-turbo"
# What turns decisions into the pixels of a carrier and its file.
_CARRIER_CODE = (
    *("runtime/inference/**/*.py", "runtime/pictures/jpeg_files/made_file.py"),
    *("jpeg/carriers/*.py", "jpeg/transform/*.py", "jpeg/codec.py", "jpeg/tables.py", "jpeg/tuned_tables.py"),
)


def load_session(name_or_path: str, precision: str | None) -> runtime.Session:
    """Loads a model on one thread: an evaluation runs one process per core.

    Raises:
        ModelError: If there is no such model.
    """
    folder = runtime.find_model(name_or_path).path
    # Of a folder that was written anew since, in a long-lived process, the new model counts; model.json has the hash of
    # every other file.
    return _load_session(name_or_path, precision, (folder / "model.json").read_bytes())


@functools.lru_cache(maxsize=4)
def _load_session(name_or_path: str, precision: str | None, description: bytes) -> runtime.Session:
    del description  # part of the key
    return runtime.load(name_or_path, precision=precision, threads=1)


def choose_path(name_or_path: str, precision: str | None, encoder: str) -> WritePath:
    """Returns how `jpegpre encode` makes files with a model by default.

    Args:
        name_or_path: Name of a shipped model, a folder with a model.json, or a .tflite file.
        precision: "fp32", "fp16", "int8", or None for the model's own default.
        encoder: Name of the encoder that writes.
    """
    if encoder != PLAIN_ENCODER or _is_bare_file(name_or_path):
        return "edit"
    session = load_session(name_or_path, precision)
    return "carrier" if session.can_decide and session.tuned_tables is not None else "edit"


def make_profile_writer(
    name_or_path: str, precision: str | None, encoder: str, path: WritePath, *, decides: bool = True
) -> FileWriter:
    """Returns what makes the files of a model.

    Args:
        name_or_path: Name of a shipped model, a folder with a model.json, or a .tflite file.
        precision: "fp32", "fp16", "int8", or None for the model's own default; not for a .tflite file.
        encoder: Name of the encoder that writes.
        path: How the decisions reach the file.
        decides: Whether the network will be asked; False for its tables alone.

    Raises:
        ModelError: If there is no such model.
        UsageError: If model, encoder and path do not go together.
    """
    if _is_bare_file(name_or_path):
        if precision is not None:
            raise UsageError(
                f"--precision chooses among a model's files; {Path(name_or_path).name} is one file"
            )
        if path == "carrier":
            raise UsageError("carriers need a model's folder. Received: a .tflite file with --path carrier")
        return EditWriter(TFLiteFile(Path(name_or_path)), get_encoder(encoder), uses_quality=True)
    session = load_session(name_or_path, precision)
    if path != "carrier":
        return EditWriter(_edit_for(session, encoder, path), get_encoder(encoder), uses_quality=True)
    if encoder != PLAIN_ENCODER:
        raise UsageError(f"carriers are written by {PLAIN_ENCODER}. Received: --encoder {encoder}")
    if session.tuned_tables is None:
        raise UsageError(f"carriers need a model with {TABLES}. Received: {name_or_path}")
    if decides and not session.can_decide:
        raise UsageError(f"carriers need a model that decides coefficients. Received: {name_or_path}")
    return CarrierWriter(session, get_encoder(encoder))


def _edit_for(session: runtime.Session, encoder: str, path: WritePath) -> PixelEditor:
    # libjpeg-turbo's own tables are what a session takes without being told.
    if path == "edit-standard" or encoder.startswith(PLAIN_ENCODER):
        return session

    def edit(image: RGBImage, quality: int, strength: float) -> RGBImage:
        return session(image, quality, strength, tables=read_encoder_tables(encoder, quality))

    return edit


def describe_profile(
    name_or_path: str, precision: str | None, path: WritePath, *, decides: bool = True
) -> dict[str, str]:
    """Returns what decides the file besides picture, operating point and encoder: hashes of files and code.

    Raises:
        ModelError: If there is no such model.
    """
    if _is_bare_file(name_or_path):
        code = _hash_code("evaluation/writing/tflite_file.py")
        return {"file": hashlib.sha256(Path(name_or_path).read_bytes()).hexdigest(), "code": code}
    model = runtime.find_model(name_or_path)
    identity: dict[str, str] = {"path": path}
    if decides:
        content = model.read_tflite(precision)  # refuses what is no preprocessor
        backend = load_session(name_or_path, precision).backend
        described = model.card.to_json()
        tiling = {key: described[key] for key in ("tile", "quality_range")}
        identity |= {
            "model": model.name,
            "model_version": model.version,
            "file": hashlib.sha256(content).hexdigest(),
            "tiling": repr(tiling),
            "backend": backend,
        }
        if backend == "kernel":
            identity["kernel"] = kernel_digest()
    if path == "carrier":
        tables = (model.path / TABLES).read_bytes()
        return identity | {"tables": hashlib.sha256(tables).hexdigest(), "code": _hash_code(*_CARRIER_CODE)}
    return identity | {"code": _hash_code("runtime/inference/**/*.py")}


def _is_bare_file(name_or_path: str) -> bool:
    return Path(name_or_path).suffix == ".tflite"


@functools.cache
def _hash_code(*patterns: str) -> str:
    """Of the code that runs models: another tiling, padding or rounding gives other pixels."""
    root = Path(__file__).resolve().parents[2]
    files: Sequence[Path] = sorted({path for pattern in patterns for path in root.glob(pattern)})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
