"""What is noted of each picture."""

import datetime
import math
from typing import Any

from jpegpre_tf.cluster.tasks import Task
from jpegpre_tf.runtime import EncodeResult

Row = dict[str, Any]

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
# Only between workers and the run, not in the manifest: the storage failed, not the picture.
PRIVATE = {"is_storage_error": "bool_"}


def empty_row(task: Task, status: str, error: str = "") -> Row:
    """Returns a row with a status and nothing measured."""
    row: Row = dict.fromkeys((*COLUMNS, *PRIVATE))
    row.update(source=task.source, target=task.target, status=status, error=error or None)
    row.update(etag_input=task.etag or None, attempts=1, is_storage_error=False)
    row["finished"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return row


def result_row(task: Task, result: EncodeResult) -> Row:
    """Returns the row of an encoded picture."""
    row = empty_row(task, "kept" if result.is_copy else "encoded")
    row.update(
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
    return row


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
