"""Decides, before any work starts, which file is written for which input."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jpegpre_tf.errors import PictureError, UsageError
from jpegpre_tf.runtime.pictures.picture import JPEG_SUFFIXES as JPEG_INPUT_SUFFIXES
from jpegpre_tf.runtime.pictures.picture import PICTURE_SUFFIXES
from jpegpre_tf.storage.names import shown

JPEG_SUFFIXES = frozenset((".jpg", ".jpeg"))


@dataclass(frozen=True)
class Task:
    """One picture: read `source`, write `target`."""

    source: Path
    target: Path


def plan(inputs: Iterable[str], output: str, also_written: Iterable[str] = ()) -> list[Task]:
    """Returns one task per picture, in the order given, folders in order of name.

    `output` is a file if there is a single input file and it ends in .jpg or .jpeg; otherwise a folder, in
    which the structure of input folders is kept and every name gets the suffix .jpg unless it has a JPEG one.
    A missing input file stays a task, and fails when its turn comes. `also_written` are further files that
    the command will write.

    Raises:
        PictureError: If a folder cannot be read.
        UsageError: If outputs would collide with each other or with an input, if several pictures are to go
            into one file, if the output is a file of another kind, or if there is no picture at all.
    """
    paths = [_named(text) for text in inputs]
    out = _named(output)
    is_folder = out.is_dir() or output.endswith(("/", os.sep))
    to_folder = is_folder or out.suffix.lower() not in JPEG_SUFFIXES
    if not to_folder and (len(paths) > 1 or paths[0].is_dir()):
        raise UsageError(f"several pictures need a folder as output. Received: -o '{shown(out)}'")
    if to_folder and not is_folder and (out.exists() or out.suffix.lower() in PICTURE_SUFFIXES):
        raise UsageError(f"expected a .jpg or .jpeg file or a folder as output. Received: -o '{shown(out)}'")
    if not to_folder:
        tasks = [Task(paths[0], out)]
    else:
        tasks = [
            Task(source, out / _jpeg_name(source.relative_to(base)))
            for path in paths
            for base, source in _pictures_in(path, without=out)
        ]
    if not tasks:
        raise UsageError(f"no pictures in {', '.join(repr(shown(path)) for path in paths)}")
    _refuse_collisions(tasks, [Path(text) for text in also_written])
    return tasks


def plan_in_place(inputs: Iterable[str], also_written: Iterable[str] = ()) -> list[Task]:
    """Returns one task per JPEG file whose target is the file itself; folders give their JPEG files.

    Raises:
        UsageError: If a file is not named as a JPEG file, or would be replaced twice, or there is none.
    """
    paths = [_named(text) for text in inputs]
    tasks = []
    for path in paths:
        if not path.is_dir() and path.suffix.lower() not in JPEG_INPUT_SUFFIXES:
            raise UsageError(f"--in-place replaces JPEG files only. Received: '{shown(path)}'")
        found = (source for _, source in _pictures_in(path, without=None))
        tasks += [Task(file, file) for file in found if file.suffix.lower() in JPEG_INPUT_SUFFIXES]
    if not tasks:
        raise UsageError(f"no JPEG files in {', '.join(repr(shown(path)) for path in paths)}")
    seen: dict[tuple[int, int] | str, Task] = {}
    for task in tasks:
        other = seen.setdefault(_identity(task.source), task)
        if other is not task:
            raise UsageError(
                f"'{shown(other.source)}' and '{shown(task.source)}' are one file: it would be replaced twice"
            )
    for target in map(Path, also_written):
        if target.is_dir():
            raise UsageError(f"expected a file to write. Received: '{shown(target)}', a folder")
        if _identity(target) in seen:
            raise UsageError(f"'{shown(target)}' is an input and would be overwritten")
    return tasks


def _named(text: str) -> Path:
    # pathlib takes nothing for the current folder; a shell's unset variable must not.
    if not text:
        raise UsageError("expected the name of a file or folder. Received: ''")
    return Path(text)


def _jpeg_name(relative: Path) -> Path:
    return (
        relative if relative.suffix.lower() in JPEG_SUFFIXES else relative.with_name(relative.stem + ".jpg")
    )


def _pictures_in(path: Path, *, without: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yields (folder that names are relative to, picture file); a file by itself stands in its own folder."""
    if not path.is_dir():
        yield path.parent, path
        return
    skipped = None if without is None else os.path.realpath(without)
    # Links to folders are not followed: they can lead in circles.
    for folder, folders, files in os.walk(path, onerror=_cannot_be_listed):
        # Results of an earlier run inside the input folder are no input.
        folders[:] = sorted(name for name in folders if os.path.realpath(Path(folder, name)) != skipped)
        for name in sorted(files):
            # Hidden files: "._IMG_1.jpg" is how macOS stores attributes on foreign disks, not a picture.
            if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES:
                yield path, Path(folder, name)


def _cannot_be_listed(error: OSError) -> None:
    # By default os.walk leaves such folders out without a word.
    raise PictureError(f"cannot read folder '{shown(error.filename)}': {error.strerror or error}")


def refuse_overwriting(source: Path, target: Path) -> None:
    """Raises UsageError if writing `target` would replace the input `source`, through links too."""
    if _identity(source) == _identity(target):
        raise UsageError(f"'{shown(target)}' is an input and would be overwritten")


def _refuse_collisions(tasks: list[Task], also_written: list[Path]) -> None:
    inputs = {_identity(task.source) for task in tasks}
    for target in [*also_written, *(task.target for task in tasks)]:
        if _identity(target) in inputs:
            raise UsageError(f"'{shown(target)}' is an input and would be overwritten")
    for target in also_written:
        if target.is_dir():
            raise UsageError(f"expected a file to write. Received: '{shown(target)}', a folder")
    seen: dict[str, Task] = {}
    for task in tasks:
        other = seen.setdefault(os.path.realpath(task.target), task)
        if other is not task:
            raise UsageError(
                f"'{shown(other.source)}' and '{shown(task.source)}' would both be written to "
                f"'{shown(task.target)}'"
            )
    for target in also_written:
        if os.path.realpath(target) in seen:
            raise UsageError(f"two outputs would be written to '{shown(target)}'")


def _identity(path: Path) -> tuple[int, int] | str:
    # Device and inode see through links, hard ones too; a file that does not exist yet only has its path.
    try:
        status = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return status.st_dev, status.st_ino
