"""Pairs of a collection that is not finished, in a folder: an encoder may take minutes for them, and be interrupted."""

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.storage.atomic import replace_atomically

# The arrays of one pair, in the order of `Pairs`.
Pair = tuple[npt.NDArray[Any] | np.float32, ...]
_ABOUT = "collection.json"


class KeptPairs:
    """Parts of a collection, each a file that appears whole or not at all.

    Parts that another collection left (other pictures, encoder or configuration) are removed.

    Args:
        folder: For the parts; removed by `remove`.
        about: What the pairs depend on, as JSON holds it.
    """

    def __init__(self, folder: Path, about: Mapping[str, object]) -> None:
        self._folder = folder
        self._count = 0
        text = json.dumps(about, sort_keys=True)
        path = folder / _ABOUT
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            self.remove()
            folder.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")

    def read(self) -> list[Pair]:
        """The pairs that are kept, in order, up to the first part that is missing or broken."""
        pairs: list[Pair] = []
        while (path := self._part(len(pairs))).is_file():
            try:
                with np.load(path) as arrays:
                    part = [arrays[name] for name in arrays.files]
            except (OSError, ValueError, zipfile.BadZipFile):
                break
            pairs += zip(*part, strict=True)
        self._count = len(pairs)
        return pairs

    def add(self, pairs: list[Pair]) -> None:
        """Keeps those of all pairs made so far that are not kept yet."""
        new = pairs[self._count :]
        if not new:
            return
        path = self._part(self._count)
        with replace_atomically(path) as partial:
            np.savez(partial, *(np.stack(arrays) for arrays in zip(*new, strict=True)))
        self._count = len(pairs)

    def remove(self) -> None:
        """Removes all parts: the collection is finished, or another one begins."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._count = 0

    def _part(self, first: int) -> Path:
        return self._folder / f"{first:06}.npz"
