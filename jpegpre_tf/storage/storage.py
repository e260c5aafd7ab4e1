"""Folders of files at any URL that fsspec knows, with files that appear whole or not at all."""

import contextlib
import posixpath
import secrets
from collections.abc import Iterator
from typing import Any, BinaryIO

from jpegpre_tf._optional import require
from jpegpre_tf.errors import JpegpreError, OutputError, StorageError, UsageError
from jpegpre_tf.storage.atomic import write_atomically
from jpegpre_tf.storage.entry import Entry
from jpegpre_tf.storage.errors import shown_url, storage_error

# Where an object appears with the last byte of its upload, and an upload that breaks off leaves nothing.
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"}
# One request each: the service refuses a body that is cut off. S3 takes 5 GB in one.
_LARGEST_PUT_BYTES = 1 << 31
# Tries of one request in all, and how long it may take to connect and to send something.
_S3_OPTIONS: dict[str, Any] = {
    "config_kwargs": {
        "retries": {"total_max_attempts": 3, "mode": "standard"},
        "connect_timeout": 5,
        "read_timeout": 30,
    },
    "use_listings_cache": False,
    # Credentials and endpoint as they are now, not as when another storage was opened.
    "skip_instance_cache": True,
}
# s3fs repeats a request on top of that when the connection breaks inside the body, which botocore does not see.
_S3FS_TRIES = 2


class Storage:
    """A folder at a URL: `file`, `s3`, `gs`, `memory`, or anything else that fsspec has a package for.

    May be used by several threads at a time. Requests to S3 are tried three times, and once more if the connection
    breaks inside the answer.

    Args:
        url: Of the folder, or a local path.

    Raises:
        UsageError: If the kind of URL is unknown.
        MissingExtraError: If fsspec is not installed.
        StorageError: If the package for this kind of URL is not installed, or refuses the URL.
    """

    def __init__(self, url: str) -> None:
        fsspec: Any = require("fsspec", extra="cluster", purpose="a storage URL")
        self.url = url
        protocol = url.split("://", 1)[0] if "://" in url else "file"
        options = _S3_OPTIONS if protocol in ("s3", "s3a") else {}
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url, **options)
        except ImportError as error:
            package = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs"}.get(protocol, str(error))
            raise StorageError(f"'{shown_url(url)}' needs a package: pip install {package}") from error
        except ValueError as error:
            raise UsageError(f"'{shown_url(url)}': {error}") from error
        except Exception as error:
            raise storage_error(error, "open", url) from error
        kinds = self._fs.protocol
        self.protocol: str = kinds if isinstance(kinds, str) else kinds[0]
        self.is_local = bool({"file", "local"} & set((kinds,) if isinstance(kinds, str) else kinds))
        if self.protocol.startswith("s3"):
            self._fs.retries = _S3FS_TRIES
        self._root = self._root.rstrip("/") or "/"

    def __reduce__(self) -> tuple[type["Storage"], tuple[str]]:
        return Storage, (self.url,)

    @property
    def absolute_url(self) -> str:
        """The URL, the same in whatever folder a process runs."""
        return str(self._root) if self.is_local else self.url

    def relative(self, other: "Storage") -> str | None:
        """Returns the name of `other`'s root inside this storage, "" if it is the same, None if outside."""
        if self.protocol != other.protocol:
            return None
        if self._root == other._root:
            return ""
        inside = other._root.startswith(self._root.rstrip("/") + "/")
        return other._root[len(self._root.rstrip("/")) + 1 :] if inside else None

    def files(self, folder: str = "") -> tuple[list[Entry], list[str]]:
        """Returns the files of a folder and its folders, each in order of name. Links to folders are left out.

        Raises:
            StorageError: If it cannot be listed, or is no folder.
        """
        path = self._path(folder)
        with self._told("list", folder):
            found = self._fs.ls(path, detail=True)
        files, folders = [], []
        for info in found:
            name = info["name"].rstrip("/")
            if name == path.rstrip("/"):
                if info["type"] == "file" and not info["name"].endswith("/") and len(found) == 1:
                    raise StorageError(f"'{shown_url(self.url)}': expected a folder, found a file")
                continue  # the mark that some programs leave for an empty folder
            relative = name[len(self._root.rstrip("/")) + 1 :]
            if info["type"] == "directory":
                if not info.get("islink"):
                    folders.append(relative)
            elif info["type"] == "file" or (info.get("islink") and self._fs.isfile(name)):
                size = info.get("size")
                files.append(Entry(relative, -1 if size is None else int(size), _etag(info)))
        return sorted(files, key=lambda entry: entry.name), sorted(folders)

    def walk(self, skip: str | None = None) -> Iterator[list[Entry]]:
        """Yields the files of every folder, one folder at a time; `skip` is a folder to leave out."""
        waiting = [""]
        while waiting:
            files, folders = self.files(waiting.pop())
            waiting += [name for name in reversed(folders) if name != skip]
            if files:
                yield files

    def read(self, name: str) -> bytes:
        """Returns a file's content.

        Raises:
            StorageError: If it cannot be read.
        """
        with self._told("read", name):
            content: bytes = self._fs.cat_file(self._path(name))
        return content

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Opens a file for reading piece by piece; for files too large for `read`.

        Raises:
            StorageError: If it cannot be opened or read.
        """
        with self._told("read", name), self._fs.open(self._path(name), "rb") as file:
            yield file

    def write(self, name: str, content: bytes) -> str:
        """Writes a file, whole or not at all, and returns its etag, "" if the storage tells none.

        Raises:
            StorageError: If it cannot be written; what was there before is then still there.
        """
        path = self._path(name)
        if self.is_local:
            try:
                write_atomically(path, content)
            except OutputError as error:
                raise StorageError(str(error)) from error
            return ""
        with self._told("write", name):
            if self.protocol in _OBJECT_STORES:
                options = {"chunksize": _LARGEST_PUT_BYTES} if self.protocol.startswith("s3") else {}
                told = self._fs.pipe_file(path, content, **options)
                return _etag(told) if isinstance(told, dict) else ""
            self._write_and_move(path, content)
        return ""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        with contextlib.suppress(FileNotFoundError), self._told("remove", name):
            self._fs.rm_file(self._path(name))

    def _write_and_move(self, path: str, content: bytes) -> None:
        folder = posixpath.dirname(path)
        temporary = posixpath.join(folder, f".jpegpre-{secrets.token_hex(8)}.tmp")
        self._fs.makedirs(folder, exist_ok=True)
        try:
            self._fs.pipe_file(temporary, content)
            self._fs.mv(temporary, path)
        except BaseException:
            with contextlib.suppress(Exception):
                self._fs.rm_file(temporary)
            raise

    def _path(self, name: str) -> str:
        return posixpath.join(self._root, name) if name else self._root

    @contextlib.contextmanager
    def _told(self, doing: str, name: str) -> Iterator[None]:
        try:
            yield
        except JpegpreError:
            raise
        # Packages raise nearly anything: their own errors, botocore's, aiohttp's, OSError, KeyError.
        except Exception as error:
            url = f"{self.url.rstrip('/')}/{name}" if name else self.url
            raise storage_error(error, doing, url) from error


def _etag(info: dict[str, Any]) -> str:
    # S3 and its like call it ETag, Google's etag; local files have none.
    return str(info.get("ETag") or info.get("etag") or "").strip('"')
