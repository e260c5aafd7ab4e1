"""Measured points on disk, by content: a second run computes only what changed.

One small JSON file per point (picture, preprocessor and strength, encoder and quality), holding the file
size and, for each metric, its value and version. Written whole or not at all, so a killed run leaves
nothing half done and the next one goes on from there.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jpegpre_tf.errors import OutputError
from jpegpre_tf.runtime import write_atomically


@dataclass(frozen=True)
class Point:
    """One measured file.

    Attributes:
        size_bytes: The whole file.
        metrics: Metric name -> value; None where a metric is not defined for the picture.
    """

    size_bytes: int
    metrics: dict[str, float | None]


def default_cache() -> Path:
    """The user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "jpegpre", "evaluation")


def point_key(
    picture_sha256: str,
    preprocessor: Mapping[str, str],
    strength: float,
    encoder: Mapping[str, str],
    quality: int,
) -> str:
    """Returns the content hash of everything that decides a file's bytes."""
    parts: list[Any] = [picture_sha256, dict(preprocessor), strength, dict(encoder), quality]
    is_edit = preprocessor.get("path") != "carrier"  # a carrier of strength 0 still has tables of its own
    if (strength == 0 and is_edit) or preprocessor.get("name") == "identity":
        # The picture untouched, whichever preprocessor left it so.
        parts[1:3] = ["untouched"]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class PointCache:
    """A folder of points.

    Args:
        folder: Made when first written to.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def _read(self, key: str) -> dict[str, Any] | None:
        try:
            entry = json.loads(self._file(key).read_bytes())
            return (
                entry if isinstance(entry["size_bytes"], int) and isinstance(entry["metrics"], dict) else None
            )
        except (OSError, ValueError, KeyError, TypeError):
            # Absent, or damaged from outside: measure again.
            return None

    def get(self, key: str, versions: Mapping[str, str]) -> Point | None:
        """Returns the point if it holds every metric of `versions` (name -> version), else None."""
        entry = self._read(key)
        if entry is None:
            return None
        held = entry["metrics"]
        if any(held.get(name, {}).get("version") != version for name, version in versions.items()):
            return None
        return Point(entry["size_bytes"], {name: held[name]["value"] for name in versions})

    def missing(self, key: str, versions: Mapping[str, str]) -> Sequence[str]:
        """Names of the metrics of `versions` that are not held for `key`."""
        held = (self._read(key) or {"metrics": {}})["metrics"]
        return [name for name, version in versions.items() if held.get(name, {}).get("version") != version]

    def put(self, key: str, point: Point, versions: Mapping[str, str]) -> None:
        """Stores a point, keeping metrics that are held already and not measured now."""
        entry = self._read(key)
        metrics = entry["metrics"] if entry and entry["size_bytes"] == point.size_bytes else {}
        metrics |= {
            name: {"version": versions[name], "value": value} for name, value in point.metrics.items()
        }
        write_text(self._file(key), json.dumps({"size_bytes": point.size_bytes, "metrics": metrics}))


def write_text(path: Path, text: str) -> None:
    """Writes `text` whole or not at all, making the folder if needed.

    Raises:
        OutputError: If it cannot be written.
    """
    make_folder(path.parent)
    # Half a letter, which stands for a byte of a name that is no text, is written as "\udcff": JSON reads it back.
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, where they are missing.

    Raises:
        OutputError: If it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write into {path}: {error.strerror or error}") from error
