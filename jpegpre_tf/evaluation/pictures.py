"""Finding and reading pictures for an evaluation."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime import open_picture
from jpegpre_tf.runtime.pictures.picture import PICTURE_SUFFIXES


@dataclass(frozen=True)
class PictureFile:
    """A picture that takes part.

    Attributes:
        name: Unique in the evaluation; path below the given folder, without suffix if that is unique.
        path: The file.
        width, height: In pixels, as stored.
        sha256: Of size and RGB, samples 0..255, so that the same picture in another file format is the same.
    """

    name: str
    path: Path
    width: int
    height: int
    sha256: str


def find_pictures(inputs: Sequence[Path]) -> dict[str, Path]:
    """Returns name -> file for all picture files among `inputs` and, recursively, in folders among them.

    Raises:
        UsageError: If an input does not exist, or there is no picture.
    """
    found: list[tuple[Path, str]] = []
    for given in inputs:
        if given.is_dir():
            inside = (Path(folder, file) for folder, _, files in os.walk(given) for file in files)
            pictures = sorted(path for path in inside if path.suffix.lower() in PICTURE_SUFFIXES)
            found += [(path, path.relative_to(given).as_posix()) for path in pictures]
        elif given.is_file():
            found.append((given, given.name))
        else:
            raise UsageError(f"no such file or folder: {given}")
    if not found:
        raise UsageError(f"no pictures in {', '.join(map(str, inputs))}")
    names: dict[str, Path] = {}
    stems = [name.rsplit(".", 1)[0] for _, name in found]
    for (path, name), stem in zip(found, stems, strict=True):
        unique = stem if stems.count(stem) == 1 else name
        names[unique if unique not in names else str(path)] = path
    return names


def describe_picture(name: str, path: Path) -> PictureFile:
    """Reads a picture to learn its size and hash.

    Raises:
        PictureError: If it cannot be read.
    """
    rgb = open_picture(path).pixels
    height, width = rgb.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}".encode() + rgb.tobytes()).hexdigest()
    return PictureFile(name, path, width, height, digest)
