"""From a listing to pieces of work."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from jpegpre_tf.runtime.pictures.picture import PICTURE_SUFFIXES
from jpegpre_tf.storage.entry import Entry
from jpegpre_tf.storage.storage import Storage

JPEG_SUFFIXES = frozenset((".jpg", ".jpeg"))


@dataclass(frozen=True)
class Task:
    """One picture; everything a worker needs to know of it.

    Attributes:
        source, target: Names in the two storages.
        etag: Of the source, "" if the storage has none.
        done_sha256_input, done_sha256: Of the source and output that an earlier run with the same settings
            noted, "" if there was none: if both are still so, nothing is to be done.
        refusal: Why this picture must not be encoded, "" if it may.
    """

    source: str
    target: str
    etag: str = ""
    done_sha256_input: str = ""
    done_sha256: str = ""
    refusal: str = ""


def target_name(source: str) -> str:
    """Returns the output's name: as `jpegpre encode` names it."""
    path = PurePosixPath(source)
    return source if path.suffix.lower() in JPEG_SUFFIXES else str(path.with_name(path.stem + ".jpg"))


def is_picture(entry: Entry) -> bool:
    """Whether a file is taken for a picture; hidden files, "._IMG_1.jpg" of macOS among them, are not."""
    path = PurePosixPath(entry.name)
    return not path.name.startswith(".") and path.suffix.lower() in PICTURE_SUFFIXES


def shard_of(name: str, shards: int) -> int:
    """Returns the shard of a picture, the same in every run and on every machine, whatever else is there."""
    return (
        int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "big") % shards
    )


def list_tasks(
    source: Storage, target: Storage, shard: int = 0, shards: int = 1
) -> Iterator[tuple[str, list[Task]]]:
    """Yields (folder, its tasks) for each folder with pictures, one at a time: memory is for one folder.

    Pictures that would be written to the same file are refused, all of them.
    """
    for files in source.walk(skip=source.relative(target) or None):
        pictures = [entry for entry in files if is_picture(entry)]
        by_target: dict[str, list[str]] = {}
        for entry in pictures:
            by_target.setdefault(target_name(entry.name), []).append(entry.name)
        tasks = []
        for entry in pictures:
            name = target_name(entry.name)
            others = [other for other in by_target[name] if other != entry.name]
            refusal = f"'{others[0]}' would be written to '{name}' too" if others else ""
            if shard_of(entry.name, shards) == shard:
                tasks.append(Task(entry.name, name, entry.etag, refusal=refusal))
        if tasks:
            yield files[0].name.rpartition("/")[0], tasks


def chunked(tasks: Iterator[Task], size: int) -> Iterator[list[Task]]:
    """Yields lists of `size` tasks, the last one shorter."""
    chunk: list[Task] = []
    for task in tasks:
        chunk.append(task)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
