"""From a listing to pieces of work."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from jpegpre_tf.runtime.encoding.output_names import collision_hint, jpeg_name, output_names
from jpegpre_tf.storage.entry import Entry
from jpegpre_tf.storage.errors import printable_url
from jpegpre_tf.storage.folding import fold_name
from jpegpre_tf.storage.picture_suffixes import PICTURE_SUFFIXES
from jpegpre_tf.storage.storage import Storage


@dataclass(frozen=True)
class Task:
    """One picture; everything a worker needs to know of it.

    Attributes:
        source, target: Names in the two storages.
        etag: ETag of the source, "" if the storage has none.
        done_sha256_input, done_sha256: Hashes of source and output that an earlier run with the same settings
            noted, "" if there was none: if both are still so, nothing is to be done.
        refusal: Why this picture must not be encoded, "" if it may.
        is_left_out: Whether it was refused on request, which is no failure.
    """

    source: str
    target: str
    etag: str = ""
    done_sha256_input: str = ""
    done_sha256: str = ""
    refusal: str = ""
    is_left_out: bool = False


def is_picture(entry: Entry) -> bool:
    """Whether a file is taken for a picture; hidden files, "._IMG_1.jpg" of macOS among them, are not."""
    if entry.refusal and entry.name.endswith("/"):  # a folder that stands for what is in it
        return True
    path = PurePosixPath(entry.name)
    return not path.name.startswith(".") and path.suffix.lower() in PICTURE_SUFFIXES


def shard_of(name: str, shards: int) -> int:
    """Returns the shard of a picture, the same in every run and on every machine, whatever else is there."""
    return (
        int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "big") % shards
    )


def list_tasks(
    source: Storage,
    target: Storage,
    shard: int = 0,
    shards: int = 1,
    *,
    on_collision: str = "refuse",
    folds_names: bool = False,
) -> Iterator[tuple[str, list[Task]]]:
    """Yields (folder, its tasks) for each folder with pictures, one at a time: memory is for one folder.

    Nothing is dropped: names that lead out of the target, or that two pictures would get, are tasks with a refusal.

    Args:
        source, target: The two places.
        shard, shards: Only this part of the pictures.
        on_collision: See `output_names`.
        folds_names: The target takes names that differ in case alone for one.
    """
    fold = fold_name if folds_names else str
    folders: dict[str, str] = {}
    for files in source.walk(skip=source.relative(target) or None):
        pictures = [entry for entry in files if is_picture(entry)]
        if not pictures:
            continue
        folder = pictures[0].name.rstrip("/").rpartition("/")[0]
        same = folders.setdefault(fold(folder), folder) if folds_names else folder
        usable = [entry for entry in pictures if not entry.refusal]
        names = dict(
            zip(
                (entry.name for entry in usable),
                output_names([entry.name for entry in usable], on_collision, fold),
                strict=True,
            )
        )
        tasks = []
        for entry in pictures:
            if shard_of(entry.name, shards) != shard:
                continue
            if entry.refusal:
                refusal = f"'{printable_url(entry.name)}' is refused: {entry.refusal}"
                tasks.append(Task(entry.name, jpeg_name(entry.name), entry.etag, refusal=refusal))
                continue
            name, other = names[entry.name]
            refusal = ""
            if same != folder:
                refusal = f"the target takes the folders '{printable_url(same)}' and '{printable_url(folder)}' for one"
            elif other is not None:
                both = (
                    f"'{printable_url(usable[other].name)}' would be written to '{printable_url(name)}' too"
                )
                refusal = both + collision_hint(on_collision)
            is_left_out = bool(refusal) and same == folder and on_collision == "skip"
            tasks.append(Task(entry.name, name, entry.etag, refusal=refusal, is_left_out=is_left_out))
        if tasks:
            yield folder, tasks


def count_pictures(source: Storage, target: Storage, shard: int = 0, shards: int = 1) -> int:
    """Returns how many tasks `list_tasks` will yield, by listing all folders once more."""
    return sum(len(tasks) for _, tasks in list_tasks(source, target, shard, shards))


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
