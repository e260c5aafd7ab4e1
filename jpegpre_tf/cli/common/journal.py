"""Which pictures of a run are done, on disk, so that a killed run can go on where it was."""

import hashlib
import json
import math
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from jpegpre_tf import runtime
from jpegpre_tf._json import parse_json
from jpegpre_tf._version import __version__
from jpegpre_tf.cli.common.plan import Task
from jpegpre_tf.storage.atomic import remove_leftovers

NAME = ".jpegpre-journal.jsonl"


class Journal:
    """One line per finished picture, written just before its file appears.

    A picture counts as done if its output is, byte for byte, the one that was announced; so a line whose
    file never came does no harm. The file stays after the run, so that going on with a finished run does nothing.

    Args:
        path: The journal's file.
        run: What decides the result besides the picture; lines of other runs do not count.
        is_resumed: Use what is there, instead of starting anew.
        needs_psnr: Pictures of which no PSNR was measured do not count as done.
    """

    def __init__(self, path: Path, run: str, *, is_resumed: bool, needs_psnr: bool = True) -> None:
        self._path = path
        self._run = run
        self._needs_psnr = needs_psnr
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}
        self._file: BinaryIO | None = None
        self.problem: str | None = None
        if is_resumed:
            self._read()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab" if is_resumed else "wb")
            if is_resumed:
                self._file.write(b"\n")  # the last line may have been cut off
        except OSError as error:
            self.problem = f"no journal can be kept, --resume will not work: {error.strerror or error}"

    def finished(self, task: Task) -> runtime.EncodeResult | None:
        """Returns the result of a picture that is done, None if it is not."""
        entry = self._entries.get(self._key(task))
        if entry is None:
            return None
        try:
            is_there = _digest(task.target.read_bytes()) == entry["sha256"]
            # In place the source has become the result.
            if not is_there or (task.source != task.target and _state(task.source) != entry["state"]):
                return None
            if self._needs_psnr and math.isnan(entry["result"]["psnr_plain_db"]):
                return None  # of a run that did not tell it
            texts = {key: tuple(entry["result"][key]) for key in ("notes", "reasons")}
            numbers = entry["result"] | texts
            return runtime.EncodeResult(
                **numbers, source=task.source, target=task.target, jpeg=b"", jpeg_plain=b""
            )
        except (OSError, KeyError, TypeError):
            return None

    def announce(self, task: Task, result: runtime.EncodeResult, content: bytes) -> None:
        """Notes that the picture's file is about to be written."""
        if self._file is None:
            return
        numbers = asdict(replace(result, jpeg=b"", jpeg_plain=b""))
        for key in ("source", "target", "jpeg", "jpeg_plain"):
            del numbers[key]
        try:
            line = {
                "run": self._run,
                "key": self._key(task),
                "state": _state(task.source),
                "sha256": _digest(content),
                "result": numbers,
            }
            with self._lock:
                self._file.write(json.dumps(line).encode() + b"\n")
                self._file.flush()
        except OSError as error:
            self.problem = f"no journal can be kept, --resume will not work: {error.strerror or error}"
            self._file = None

    def _key(self, task: Task) -> tuple[str, str]:
        # However the paths were written, and wherever the outputs were moved to together.
        folder = os.path.realpath(self._path.parent)
        return os.path.realpath(task.source), os.path.relpath(os.path.realpath(task.target), folder)

    def close(self) -> None:
        """Ends the journal."""
        if self._file is not None:
            self._file.close()

    def _read(self) -> None:
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            try:
                entry = parse_json(line)
                if entry["run"] == self._run:
                    self._entries[tuple(entry["key"])] = entry
            except (ValueError, KeyError, TypeError):
                continue


def journal_for(
    tasks: Sequence[Task],
    output: str | None,
    options: runtime.EncodeOptions,
    profile: str,
    encoder: Mapping[str, str],
    *,
    precision: str | None = None,
    resume: bool,
) -> Journal | None:
    """Returns the journal of a run over several pictures, None for one picture, which needs none.

    Args:
        tasks: All pictures of the run.
        output: The output as given, None in place.
        options: Options of the run, as are `profile` and what identifies the encoder.
        profile: Name or folder of the model.
        encoder: What identifies the encoder, empty for the plain one.
        precision: Which file of the model.
        resume: Use what is there.
    """
    if len(tasks) == 1 and not resume:
        return None
    if output is None:
        folder = _common_folder([task.target for task in tasks])
    else:
        folder = Path(output) if tasks[0].target != Path(output) else tasks[0].target.parent
    if resume:
        for parent in {task.target.parent for task in tasks}:
            remove_leftovers(parent)
    model = runtime.find_model(profile)
    files = model.card.to_json()["files"]
    what = json.dumps(
        # The same files come of it, with PSNR or without.
        [
            __version__,
            asdict(replace(options, measure_psnr=True)),
            dict(encoder),
            model.name,
            model.version,
            files,
            precision,
        ],
        sort_keys=True,
        default=str,
    )
    return Journal(folder / NAME, _digest(what.encode()), is_resumed=resume, needs_psnr=options.measure_psnr)


def _common_folder(paths: Sequence[Path]) -> Path:
    parents = [path.absolute().parent for path in paths]
    common = parents[0]
    while not all(parent.is_relative_to(common) for parent in parents):
        common = common.parent
    return common


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
