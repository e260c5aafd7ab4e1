"""Pictures to train with, wherever they are: folders, tar and TFRecord shards, local or at a URL."""

import struct
import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from jpegpre_tf.errors import PictureError
from jpegpre_tf.storage.errors import printable_url
from jpegpre_tf.storage.picture_suffixes import PICTURE_SUFFIXES
from jpegpre_tf.storage.storage import Storage

_PICTURES = tuple(sorted(PICTURE_SUFFIXES))
_TAR = (".tar", ".tar.gz", ".tgz")
_TFRECORD = (".tfrecord", ".tfrecords", ".record")
# Features of tf.train.Example that hold a picture file, by the names that data sets give them.
_FEATURES = ("image/encoded", "image_raw", "image", "jpg", "png", "webp")


class PictureSource:
    """Picture files in a folder, or inside its tar or TFRecord files, shared out in a way that is always the same.

    Folders are searched recursively. If there is any tar file, pictures are taken from the tar files; else if there
    is any TFRecord file, from those (`tf.train.Example` with the picture file as a bytes feature); else from the
    picture files themselves.

    Args:
        url: Path or URL of the folder.

    Raises:
        StorageError: If it cannot be listed.
        PictureError: If nothing in it can be used.
    """

    def __init__(self, url: str) -> None:
        self._storage = Storage(url)
        names = sorted(
            entry.name
            for files in self._storage.walk()
            for entry in files
            if not entry.name.rpartition("/")[2].startswith(".")
        )
        for kind, suffixes in (("tar", _TAR), ("tfrecord", _TFRECORD), ("folder", _PICTURES)):
            self.kind = kind
            self.files = [name for name in names if name.lower().endswith(suffixes)]
            if self.files:
                return
        raise PictureError(f"{printable_url(url)}: expected pictures, .tar or .tfrecord files, found none")

    def stream(self, index: int, streams: int, seed: tuple[int, ...]) -> Iterator[tuple[str, bytes]]:
        """Yields (name, picture file) of one of `streams` streams that share the pictures out.

        Which stream a picture is in depends on `seed` and `streams` only. Streams read whole files of their own if
        there are as many, else several share one and each takes its part of the pictures inside.
        """
        order = np.random.default_rng(seed).permutation(len(self.files))
        if len(order) >= streams:
            for number in order[index::streams]:
                yield from self._members(self.files[number])
            return
        name = self.files[order[index % len(order)]]
        sharers = len(range(index % len(order), streams, len(order)))
        part = index // len(order)
        for number, member in enumerate(self._members(name)):
            # A single picture cannot be shared out: every stream of its file has it.
            if self.kind == "folder" or number % sharers == part:
                yield member

    def _members(self, name: str) -> Iterator[tuple[str, bytes]]:
        if self.kind == "folder":
            yield name, self._storage.read(name)
            return
        members = _tar_members if self.kind == "tar" else _tfrecord_members
        with self._storage.opened(name) as file:
            for member, content in members(file, name):
                yield f"{name}/{member}", content


def _tar_members(file: BinaryIO, name: str) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=file, mode="r|*") as archive:
            for member in archive:
                if member.isfile() and member.name.lower().endswith(_PICTURES):
                    content = archive.extractfile(member)
                    if content is not None:
                        yield member.name, content.read()
    except tarfile.TarError as error:
        raise PictureError(f"{name}: expected a tar file ({error})") from error


def _tfrecord_members(file: BinaryIO, name: str) -> Iterator[tuple[str, bytes]]:
    # Read here, not by TensorFlow, which opens neither s3:// nor what else fsspec does. A record is its length, a
    # checksum of that, the content, and a checksum of that: tensorflow.org/tutorials/load_data/tfrecord.
    number = 0
    while header := file.read(12):
        if len(header) < 12:
            raise PictureError(f"{name}: expected TFRecord records, found a truncated one")
        (length,) = struct.unpack("<Q", header[:8])
        content = file.read(length)
        if len(content) < length or len(file.read(4)) < 4:
            raise PictureError(f"{name}: expected TFRecord records, found a truncated one")
        yield str(number), _picture_of(content, name)
        number += 1


def _picture_of(record: bytes, name: str) -> bytes:
    import tensorflow as tf

    try:
        features: Any = tf.train.Example.FromString(record).features.feature
    except Exception as error:  # protobuf's DecodeError, which has moved between its versions
        raise PictureError(f"{name}: expected records that are tf.train.Example ({error})") from error
    for feature in _FEATURES:
        if feature in features and features[feature].bytes_list.value:
            return bytes(features[feature].bytes_list.value[0])
    raise PictureError(
        f"{name}: expected a picture file as one of the features {', '.join(_FEATURES)}. "
        f"Received: {', '.join(sorted(features)) or 'none'}"
    )
