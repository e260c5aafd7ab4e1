"""Decides, before any work starts, which file is written for which input."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime.encoding.output_names import JPEG_SUFFIXES, collision_hint, output_names
from jpegpre_tf.storage.folding import fold_name, folds_names
from jpegpre_tf.storage.hidden import is_hidden, is_library
from jpegpre_tf.storage.names import printable_path
from jpegpre_tf.storage.picture_suffixes import JPEG_SUFFIXES as JPEG_INPUT_SUFFIXES
from jpegpre_tf.storage.picture_suffixes import PICTURE_SUFFIXES


@dataclass(frozen=True)
class Task:
    """One picture: read `source`, write `target`."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Problem:
    """A file or folder that takes no part in the run, and why, in one line.

    Attributes:
        source: The file or folder.
        reason: One line.
        is_failure: Whether it should have taken part: then the run has failed in part.
    """

    source: Path
    reason: str
    is_failure: bool = True


@dataclass(frozen=True)
class Plan:
    """What a run is going to do."""

    tasks: list[Task]
    problems: list[Problem]


def plan(
    inputs: Iterable[str],
    output: str,
    also_written: Iterable[str] = (),
    on_collision: str = "refuse",
    *,
    makes_folder: bool = True,
) -> Plan:
    """Returns one task per picture, in the order given, folders in order of name.

    `output` is a file if there is a single input file and it ends in .jpg or .jpeg; otherwise a folder, in
    which the structure of input folders is kept and every name gets the suffix .jpg unless it has a JPEG one.
    A missing input file stays a task, and fails when its turn comes; a folder that cannot be read is a problem.
    `also_written` are further files that the command will write; `on_collision` see `output_names`. Where names
    differ in case or accents alone, the output folder is made, unless `makes_folder` is false, and a file in it tried.

    Raises:
        UsageError: If outputs would collide with each other or with an input, if several pictures are to go
            into one file, if the output is a file of another kind, or if there is no picture at all.
    """
    paths = [_check_name(text) for text in inputs]
    out = _check_name(output)
    is_folder = out.is_dir() or output.endswith(("/", os.sep))
    to_folder = is_folder or out.suffix.lower() not in JPEG_SUFFIXES
    if not to_folder and (len(paths) > 1 or paths[0].is_dir()):
        raise UsageError(f"several pictures need a folder as output. Received: -o '{printable_path(out)}'")
    if to_folder and not is_folder and (out.exists() or out.suffix.lower() in PICTURE_SUFFIXES):
        raise UsageError(
            f"expected a .jpg or .jpeg file or a folder as output. Received: -o '{printable_path(out)}'"
        )
    problems: list[Problem] = []
    if not to_folder:
        tasks = [Task(paths[0], out)]
    else:
        found = [
            (source, source.relative_to(base).as_posix())
            for path in paths
            for base, source in _pictures_in(path, without=out, problems=problems)
        ]
        tasks = _name_outputs(found, out, on_collision, problems, makes_folder=makes_folder)
        _refuse_strange(tasks, paths, out)
    _check_any(tasks, problems, f"no pictures in {_list(paths)}")
    _refuse_collisions(tasks, [Path(text) for text in also_written])
    return Plan(tasks, problems)


def _name_outputs(
    found: list[tuple[Path, str]],
    out: Path,
    on_collision: str,
    problems: list[Problem],
    *,
    makes_folder: bool,
) -> list[Task]:
    """Returns the tasks; pictures whose name another one takes are problems, or refused all together."""
    relatives = [relative for _, relative in found]
    names = output_names(relatives, on_collision)
    folded = output_names(relatives, on_collision, fold_name)
    # Only where it matters is a file written to see which of the two kinds of folders this is. Folders of one disk
    # may differ (ext4, Windows), so the output's own is asked rather than one above it.
    if folded != names:
        if makes_folder:
            with contextlib.suppress(OSError):  # told where the first file is written
                out.mkdir(parents=True, exist_ok=True)
        if folds_names(out):
            names = folded
    tasks = []
    for (source, _), (name, other) in zip(found, names, strict=True):
        if other is None:
            tasks.append(Task(source, out / name))
            continue
        rival = printable_path(found[other][0])
        if on_collision != "skip":
            raise UsageError(
                f"'{min(rival, printable_path(source))}' and '{max(rival, printable_path(source))}' would both be "
                f"written to '{printable_path(out / name)}'{collision_hint(on_collision)}"
            )
        reason = (
            f"'{printable_path(source)}' was left out: '{rival}' is written to '{printable_path(out / name)}'"
        )
        problems.append(Problem(source, reason, is_failure=False))
    return tasks


def plan_in_place(inputs: Iterable[str], also_written: Iterable[str] = ()) -> Plan:
    """Returns one task per JPEG file whose target is the file itself; folders give their JPEG files.

    Raises:
        UsageError: If a file is not named as a JPEG file, or would be replaced twice, or there is none.
    """
    paths = [_check_name(text) for text in inputs]
    tasks: list[Task] = []
    problems: list[Problem] = []
    for path in paths:
        if not path.is_dir() and path.suffix.lower() not in JPEG_INPUT_SUFFIXES:
            raise UsageError(f"--in-place replaces JPEG files only. Received: '{printable_path(path)}'")
        for _, file in _pictures_in(path, without=None, problems=problems):
            if file.suffix.lower() not in JPEG_INPUT_SUFFIXES:
                continue
            if path.is_dir() and _leads_out(file, path):
                reason = (
                    f"'{printable_path(file)}' was left out: it is a link to a file outside of the folder"
                )
                problems.append(Problem(file, reason, is_failure=False))
                continue
            tasks.append(Task(file, file))
    _check_any(tasks, problems, f"no JPEG files in {_list(paths)}")
    seen: dict[tuple[int, int] | str, Task] = {}
    for task in sorted(tasks, key=lambda task: task.source.is_symlink()):
        other = seen.setdefault(_identity(task.source), task)
        # Hard links are two names on their own; each is refused when its turn comes, and the others go on.
        if other is task or os.path.realpath(other.source) != os.path.realpath(task.source):
            continue
        name, first = printable_path(task.source), printable_path(other.source)
        if not task.source.is_symlink() or task.source in paths:
            raise UsageError(f"'{first}' and '{name}' are one file: it would be replaced twice")
        tasks.remove(task)
        reason = f"'{name}' was left out: it is a link to '{first}', which is replaced itself"
        problems.append(Problem(task.source, reason, is_failure=False))
    for target in map(Path, also_written):
        if target.is_dir():
            raise UsageError(f"expected a file to write. Received: '{printable_path(target)}', a folder")
        if _identity(target) in seen:
            raise UsageError(f"'{printable_path(target)}' is an input and would be overwritten")
    return Plan(tasks, problems)


def _leads_out(file: Path, folder: Path) -> bool:
    """Whether a link in a folder leads to a file that is not in it."""
    return file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder))


def _list(paths: list[Path]) -> str:
    return ", ".join(f"'{printable_path(path)}'" for path in paths)


def _check_any(tasks: list[Task], problems: list[Problem], message: str) -> None:
    if tasks or any(problem.is_failure for problem in problems):
        return
    raise UsageError(message)


def _check_name(text: str) -> Path:
    # pathlib takes nothing for the current folder; a shell's unset variable must not.
    if not text:
        raise UsageError("expected the name of a file or folder. Received: ''")
    return Path(text)


def _pictures_in(path: Path, *, without: Path | None, problems: list[Problem]) -> Iterator[tuple[Path, Path]]:
    """Yields (folder that names are relative to, picture file); a file by itself stands in its own folder.

    Without a folder of outputs the files are to be replaced: libraries of photo programs are left out then.
    """
    if not path.is_dir():
        yield path.parent, path
        return
    skipped = None if without is None else os.path.realpath(without)

    def note(error: OSError) -> None:
        # By default os.walk leaves such folders out without a word.
        reason = f"cannot read folder '{printable_path(error.filename)}': {error.strerror or error}"
        problems.append(Problem(Path(error.filename), reason))

    # Links to folders are not followed: they can lead in circles.
    for folder, folders, files in os.walk(path, onerror=note):
        # Results of an earlier run inside the input folder are no input.
        folders[:] = sorted(
            name
            for name in folders
            if not is_hidden(name) and os.path.realpath(Path(folder, name)) != skipped
        )
        if without is None:
            problems += [_note_library(Path(folder, name)) for name in folders if is_library(name)]
            folders[:] = [name for name in folders if not is_library(name)]
        for name in sorted(files):
            # Hidden files: "._IMG_1.jpg" is how macOS stores attributes on foreign disks, not a picture.
            if not is_hidden(name) and Path(name).suffix.lower() in PICTURE_SUFFIXES:
                yield path, Path(folder, name)


def _note_library(folder: Path) -> Problem:
    reason = f"'{printable_path(folder)}' was left out: it is a photo program's library (named by itself it is done)"
    return Problem(folder, reason, is_failure=False)


def refuse_overwriting(source: Path, target: Path) -> None:
    """Raises UsageError if writing `target` would replace the input `source`, through links too."""
    if _identity(source) == _identity(target):
        raise UsageError(f"'{printable_path(target)}' is an input and would be overwritten")


def _refuse_strange(tasks: list[Task], paths: list[Path], out: Path) -> None:
    # A folder inside an input folder is no input, so pictures in it that no run wrote would be lost.
    real = Path(os.path.realpath(out))
    if not any(path.is_dir() and real.is_relative_to(os.path.realpath(path)) for path in paths):
        return
    from jpegpre_tf.cli.common.journal import NAME  # which imports this module
    from jpegpre_tf.cluster.manifest import FOLDER

    if any((out / mark).exists() for mark in (NAME, FOLDER)):
        return
    sources = {os.path.realpath(task.source) for task in tasks}
    for task in tasks:
        # Inputs are refused with words of their own.
        if task.target.exists() and os.path.realpath(task.target) not in sources:
            raise UsageError(
                f"'{printable_path(task.target)}' is inside the input and no run wrote it: name another folder"
            )


def _refuse_collisions(tasks: list[Task], also_written: list[Path]) -> None:
    inputs = {_identity(task.source) for task in tasks}
    for target in [*also_written, *(task.target for task in tasks)]:
        if _identity(target) in inputs:
            raise UsageError(f"'{printable_path(target)}' is an input and would be overwritten")
    for target in also_written:
        if target.is_dir():
            raise UsageError(f"expected a file to write. Received: '{printable_path(target)}', a folder")
    seen: dict[str, Task] = {}
    for task in tasks:
        other = seen.setdefault(os.path.realpath(task.target), task)
        if other is not task:
            raise UsageError(
                f"'{printable_path(other.source)}' and '{printable_path(task.source)}' would both be written to "
                f"'{printable_path(task.target)}'"
            )
    for target in also_written:
        if os.path.realpath(target) in seen:
            raise UsageError(f"two outputs would be written to '{printable_path(target)}'")


def _identity(path: Path) -> tuple[int, int] | str:
    # Device and inode see through links, hard ones too; a file that does not exist yet only has its path.
    try:
        status = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return status.st_dev, status.st_ino
