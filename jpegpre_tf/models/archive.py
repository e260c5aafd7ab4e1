"""Looks into a .keras archive before Keras reads it: a few megabytes can unpack to gigabytes.

Keras unpacks all that an archive names, and HDF5 fills arrays of any declared size. Both are bounded here, from what
the archive declares; the readers then stop at the declared sizes.
"""

import zipfile
from pathlib import Path
from typing import Any

import h5py

from jpegpre_tf.errors import ModelError, first_line

_WEIGHTS = "model.weights.h5"
_TEXTS = ("config.json", "metadata.json")
# The largest shipped model takes 1.5 MB, and its optimizer's state twice as much again.
_MOST_BYTES = 256_000_000
_MOST_TEXT_BYTES = 8_000_000


def check_archive(path: Path) -> None:
    """Raises ModelError if a .keras archive would unpack to more than any model of this package could need.

    Args:
        path: A file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            for name in _TEXTS:
                _check(path, name, sizes.get(name, 0), _MOST_TEXT_BYTES)
            _check(path, "the archive", sum(sizes.values()), _MOST_BYTES)
            if _WEIGHTS in sizes:
                with archive.open(_WEIGHTS) as file, h5py.File(file, "r") as weights:
                    _check(path, _WEIGHTS, _array_bytes(weights), _MOST_BYTES)
    except ModelError:
        raise
    except Exception as error:  # h5py raises whatever its C library found
        raise ModelError(f"{path}: expected a .keras archive ({first_line(error)})") from error


def _array_bytes(weights: Any) -> int:
    """Of all arrays, filled or not."""
    sizes: list[int] = []

    def add(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes.append(int(item.size or 0) * item.dtype.itemsize)

    weights.visititems(add)
    return sum(sizes)


def _check(path: Path, what: str, size_bytes: int, most_bytes: int) -> None:
    if size_bytes > most_bytes:
        raise ModelError(
            f"{path}: expected a model that unpacks to at most {most_bytes / 1e6:.0f} MB, "
            f"{what} declares {size_bytes / 1e6:,.0f} MB"
        )
