"""Finding and reading pictures for an evaluation."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.reading import Reading
from jpegpre_tf.storage.hidden import is_hidden
from jpegpre_tf.storage.picture_suffixes import PICTURE_SUFFIXES


@dataclass(frozen=True)
class PictureFile:
    """A picture that takes part.

    Attributes:
        name: Unique in the evaluation; path below the given folder, without suffix if that is unique.
        path: The file.
        width, height: In pixels, as stored.
        sha256: Hash of size and RGB samples 0..255, so that the same picture in another file format is the same.
        reading: How it is read.
    """

    name: str
    path: Path
    width: int
    height: int
    sha256: str
    reading: Reading = field(default_factory=Reading)


def find_pictures(
    inputs: Sequence[Path], on_unreadable: Callable[[OSError], None] | None = None
) -> dict[str, Path]:
    """Returns name -> file for all picture files among `inputs` and, recursively, in folders among them.

    Hidden files and folders, and those of systems and programs, are left out as `jpegpre encode` does.
    Folders that cannot be read are left out too; `on_unreadable` is told of each.

    Raises:
        UsageError: If an input does not exist, or there is no picture.
    """
    found: list[tuple[Path, str]] = []
    for given in inputs:
        if given.is_dir():
            pictures = sorted(
                path for path in _walk(given, on_unreadable) if path.suffix.lower() in PICTURE_SUFFIXES
            )
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


def _walk(folder: Path, on_unreadable: Callable[[OSError], None] | None) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=on_unreadable):
        folders[:] = [name for name in folders if not is_hidden(name)]
        yield from (Path(parent, name) for name in files if not is_hidden(name))


def describe_picture(name: str, path: Path, reading: Reading | None = None) -> PictureFile:
    """Reads a picture, as `reading` says, to learn its size and hash.

    Raises:
        PictureError: If it cannot be read.
    """
    reading = reading or Reading()
    rgb = reading.open(path).pixels
    height, width = rgb.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}".encode() + rgb.tobytes()).hexdigest()
    return PictureFile(name, path, width, height, digest, reading)
