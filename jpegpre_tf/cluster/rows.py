"""What is noted of each picture."""

import dataclasses
import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jpegpre_tf.cluster.tasks import Task
from jpegpre_tf.runtime import EncodeResult

# A picture counts as done with these; "skipped" never reaches the manifest, the earlier row stays.
DONE = ("encoded", "kept")
# Columns of the manifest: name -> Arrow type.
COLUMNS = {
    "source": "string",
    "target": "string",
    "status": "string",
    "error": "string",
    "width": "int32",
    "height": "int32",
    "quality": "float64",
    "strength": "float64",
    "quality_input": "int32",
    "size_bytes_input": "int64",
    "size_bytes_plain": "int64",
    "size_bytes": "int64",
    "psnr_rgb_plain_db": "float64",
    "psnr_rgb_db": "float64",
    "ssimulacra2": "float64",
    "notes": "string",
    "edit_reason": "string",
    "settings": "string",
    "etag_input": "string",
    "etag": "string",
    "sha256_input": "string",
    "sha256": "string",
    "seconds": "float64",
    "worker": "string",
    "attempts": "int32",
    "finished": "string",
}
# Columns that manifests of earlier versions may lack: then they are null.
LATER_COLUMNS = frozenset({"edit_reason"})
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "int32": int,
    "int64": int,
    "float64": (int, float),
}


@dataclass(frozen=True)
class Row:
    """One picture of a batch; what was not measured is None.

    Attributes:
        source, target: Names in the two storages.
        status: "encoded", "kept", "skipped" or "failed".
        error: Why it failed or was left out, one line.
        width, height: Size of the output, pixels.
        quality: JPEG quality of the output, 1..100.
        strength: Strength of the edit, 0..1.
        quality_input: Quality of libjpeg's tables nearest to those of a JPEG input, 1..100.
        size_bytes_input, size_bytes_plain, size_bytes: Sizes of the input, of an ordinary encoder's file at the same
            quality, and of the output.
        psnr_rgb_plain_db, psnr_rgb_db: PSNR of the ordinary encoder's file and of the output; None for equal pixels.
        ssimulacra2: Score of the output, at most 100.
        notes: What was noticed, joined by "; ".
        edit_reason: Why edited pixels were encoded with the encoder's own tables; None if the file is as asked for.
        settings: Digest of the run's settings, see `BatchJob.settings_digest`.
        etag_input, etag: Versions of input and output as their storages name them.
        sha256_input, sha256: Hashes of input and output, hexadecimal.
        seconds: Time that the picture took.
        worker: Host and process id of the worker.
        attempts: How often the picture was begun.
        finished: Time of the row, ISO 8601 in UTC.
        is_storage_error: Whether the storage failed, not the picture; not in the manifest.
    """

    source: str
    target: str | None = None
    status: str | None = None
    error: str | None = None
    width: int | None = None
    height: int | None = None
    quality: float | None = None
    strength: float | None = None
    quality_input: int | None = None
    size_bytes_input: int | None = None
    size_bytes_plain: int | None = None
    size_bytes: int | None = None
    psnr_rgb_plain_db: float | None = None
    psnr_rgb_db: float | None = None
    ssimulacra2: float | None = None
    notes: str | None = None
    edit_reason: str | None = None
    settings: str | None = None
    etag_input: str | None = None
    etag: str | None = None
    sha256_input: str | None = None
    sha256: str | None = None
    seconds: float | None = None
    worker: str | None = None
    attempts: int | None = None
    finished: str | None = None
    is_storage_error: bool = False

    def to_json(self) -> dict[str, str | int | float | None]:
        """Returns the columns of the manifest; bytes of names that are no UTF-8 are written as \\xNN."""
        values = ((name, getattr(self, name)) for name in COLUMNS)
        return {name: to_text(value) if isinstance(value, str) else value for name, value in values}

    @staticmethod
    def from_json(content: Mapping[str, object], columns: Sequence[str] = tuple(COLUMNS)) -> "Row":
        """Returns the row of a manifest's line.

        Args:
            content: Columns of the manifest by name.
            columns: Names of the columns to take; the others' fields are None.

        Raises:
            KeyError: If a column is missing that not only later versions write.
            TypeError: If a value is not of its column's type.
        """
        values = {name: content.get(name) if name in LATER_COLUMNS else content[name] for name in columns}
        for name, value in values.items():
            if value is not None and not isinstance(value, _TYPES[COLUMNS[name]]):
                raise TypeError(f"`{name}` must be of type {COLUMNS[name]}. Received: {value!r}")
        return dataclasses.replace(Row(str(values["source"])), **values)  # type: ignore[arg-type]


def empty_row(task: Task, status: str, error: str = "") -> Row:
    """Returns a row with a status and nothing measured."""
    return Row(
        source=task.source,
        target=task.target,
        status=status,
        error=error or None,
        etag_input=task.etag or None,
        attempts=1,
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def result_row(task: Task, result: EncodeResult) -> Row:
    """Returns the row of an encoded picture."""
    return dataclasses.replace(
        empty_row(task, "kept" if result.is_copy else "encoded"),
        width=result.width,
        height=result.height,
        quality=float(result.quality),
        strength=float(result.strength),
        quality_input=result.quality_input,
        size_bytes_input=result.size_bytes_input,
        size_bytes_plain=result.size_bytes_plain,
        size_bytes=result.size_bytes,
        psnr_rgb_plain_db=_finite(result.psnr_plain_db),
        psnr_rgb_db=_finite(result.psnr_db),
        notes="; ".join((*result.notes, *result.reasons)) or None,
        edit_reason=result.edit_reason,
    )


def _finite(value: float) -> float | None:
    # Null is the PSNR of an exact copy, as in the JSON of `encode`.
    return value if math.isfinite(value) else None


def is_text(name: str) -> bool:
    """Whether a name is UTF-8; local ones may be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_text(name: str) -> str:
    """Returns the name as the manifest has it: bytes that are no UTF-8 are written as \\xNN."""
    return (
        name if is_text(name) else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    )
