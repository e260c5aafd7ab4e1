"""Whether a file is still the one that was read."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileState:
    """What changes with a file: which one it is, its size in bytes, and times of its last changes in nanoseconds."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


def state_of(status: os.stat_result) -> FileState:
    """Returns the state that a file's status tells."""
    return FileState(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, getattr(status, "st_ctime_ns", 0)
    )


def is_changed(path: str | Path, state: FileState) -> bool:
    """Whether another program changed or replaced the file, or took it away, since it had this state."""
    try:
        return state_of(Path(path).stat()) != state
    except OSError:
        return True
