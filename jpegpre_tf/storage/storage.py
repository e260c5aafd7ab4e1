"""Folders of files at any URL that fsspec knows, with files that appear whole or not at all."""

import contextlib
import os
import posixpath
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from jpegpre_tf._optional import require
from jpegpre_tf.errors import JpegpreError, OutputError, StorageError, UnsafeNameError, UsageError, first_line
from jpegpre_tf.storage.atomic import file_mode, write_atomically
from jpegpre_tf.storage.entry import Entry
from jpegpre_tf.storage.errors import printable_url, storage_error
from jpegpre_tf.storage.folding import folds_names
from jpegpre_tf.storage.hidden import is_hidden
from jpegpre_tf.storage.keys import refuse_key
from jpegpre_tf.storage.local_files import LocalFiles
from jpegpre_tf.storage.place import is_inside, normalize_url

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
        url: URL of the folder, or a local path.

    Raises:
        UsageError: If the kind of URL is unknown.
        MissingExtraError: If it is not a local folder and fsspec is not installed.
        StorageError: If the package for this kind of URL is not installed, or refuses the URL.
    """

    def __init__(self, url: str) -> None:
        if not url:
            raise UsageError("expected a folder or URL. Received: ''")
        self.url = url
        protocol = url.split("://", 1)[0] if "://" in url else "file"
        self._fs: Any
        if protocol in LocalFiles.protocol:
            self._fs = LocalFiles()
            self._root: str = os.path.abspath(url.split("://", 1)[-1])  # noqa: PTH100  links are kept
        else:
            self._fs, self._root = _open_remote(url, protocol)
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
        """Returns the name of `other`'s root inside this storage, "" if it is the same, None if outside.

        However the two were written: local folders are known by device and inode, through links; others by their
        normalized URL.
        """
        if self.is_local != other.is_local:
            return None
        if self.is_local:
            return is_inside(self._root, other._root)
        ours, theirs = (normalize_url(storage.url) for storage in (self, other))
        if ours == theirs:
            return ""
        return theirs[len(ours) + 1 :] if theirs.startswith(ours + "/") else None

    def folds_names(self) -> bool:
        """Whether two names that differ in case alone are one file here. Writes a file, and removes it."""
        return self.is_local and folds_names(self._root)

    def mode(self, name: str) -> int | None:
        """Returns who may read and write a local file, for `write`; None where the storage has no such thing."""
        return file_mode(self._path(name)) if self.is_local else None

    def modified_ns(self, name: str) -> int | None:
        """Returns when a file was last changed, in nanoseconds since 1970; None where the storage does not say."""
        with contextlib.suppress(Exception):  # packages raise nearly anything; a time is not worth a picture
            if self.is_local:
                return Path(self._path(name)).stat().st_mtime_ns
            return int(self._fs.modified(self._path(name)).timestamp() * 1_000_000_000)
        return None

    def set_modified(self, name: str, modified_ns: int) -> None:
        """Gives a local file a time of last change, where its file system allows that."""
        with contextlib.suppress(OSError):
            os.utime(self._path(name), ns=(modified_ns, modified_ns))

    def files(self, folder: str = "") -> tuple[list[Entry], list[str]]:
        """Returns the files of a folder and its folders, each in order of name. Links to folders are left out.

        Raises:
            StorageError: If it cannot be listed, or is no folder.
        """
        path = self._path(folder)
        with self._explain("list", folder):
            found = self._fs.ls(path, detail=True)
        files: list[Entry] = []
        folders: list[str] = []
        for info in found:
            name = info["name"].rstrip("/")
            is_folder = info["type"] == "directory"
            if name == path.rstrip("/"):
                if info["type"] == "file" and not info["name"].endswith("/") and len(found) == 1:
                    raise StorageError(f"'{printable_url(self.url)}': expected a folder, found a file")
                if is_folder and info["name"] != path:  # "a//b": nothing can list it
                    files.append(Entry(f"{folder}//".lstrip("/") or "/", -1, "", "a part of it is empty"))
                continue  # the mark that some programs leave for an empty folder
            start = self._root.rstrip("/") + "/"
            relative = name[len(start) :] if name.startswith(start) else name
            refusal = refuse_key(relative) if name.startswith(start) else "it is outside of the folder"
            if is_folder:
                # Only object keys are what they say; elsewhere ".." is the folder above.
                if refusal and self.protocol not in _OBJECT_STORES:
                    files.append(Entry(relative + "/", -1, "", refusal))
                elif not info.get("islink"):
                    folders.append(relative)
            elif info["type"] == "file" or (info.get("islink") and self._fs.isfile(name)):
                size = info.get("size")
                files.append(Entry(relative, -1 if size is None else int(size), _etag(info), refusal))
        return sorted(files, key=lambda entry: entry.name), sorted(folders)

    def walk(self, skip: str | None = None) -> Iterator[list[Entry]]:
        """Yields the files of every folder, one folder at a time; `skip` is a folder to leave out, as hidden ones are.

        A local folder that cannot be listed is a refused entry: it takes no other with it.
        """
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                files, folders = self.files(folder)
            except StorageError as error:
                if not folder or not self.is_local:
                    raise
                files, folders = [Entry(folder + "/", -1, "", str(error))], []
            waiting += [
                name for name in reversed(folders) if name != skip and not is_hidden(posixpath.basename(name))
            ]
            if files:
                yield files

    def read(self, name: str) -> bytes:
        """Returns a file's content.

        Raises:
            StorageError: If it cannot be read.
        """
        with self._explain("read", name):
            content: bytes = self._fs.cat_file(self._path(name))
        return content

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Opens a file for reading piece by piece; for files too large for `read`.

        Raises:
            StorageError: If it cannot be opened or read.
        """
        with self._explain("read", name), self._fs.open(self._path(name), "rb") as file:
            yield file

    def write(self, name: str, content: bytes, mode: int | None = None) -> str:
        """Writes a file, whole or not at all, and returns its etag, "" if the storage tells none.

        Args:
            name: Relative to the root.
            content: All of it.
            mode: Permissions of a local file, less the user's umask; None gives those of any new file.

        Raises:
            UnsafeNameError: If the name is not one of a file inside the root.
            StorageError: If it cannot be written; what was there before is then still there.
        """
        refusal = refuse_key(name)
        if not refusal and not self.is_local and not _is_text(name):
            refusal = "it is not UTF-8, which is all that this storage takes"
        if refusal:
            raise UnsafeNameError(f"'{printable_url(name)}' is not written: {refusal}")
        path = self._path(name)
        if self.is_local:
            try:
                write_atomically(path, content, *(() if mode is None else (mode,)))
            except OutputError as error:
                raise StorageError(str(error)) from error
            return ""
        with self._explain("write", name):
            if self.protocol in _OBJECT_STORES:
                options = {"chunksize": _LARGEST_PUT_BYTES} if self.protocol.startswith("s3") else {}
                answer = self._fs.pipe_file(path, content, **options)
                return _etag(answer) if isinstance(answer, dict) else ""
            self._write_and_move(path, content)
        return ""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        with self._explain("remove", name), contextlib.suppress(FileNotFoundError):
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
    def _explain(self, doing: str, name: str) -> Iterator[None]:
        try:
            yield
        except JpegpreError:
            raise
        # Packages raise nearly anything: their own errors, botocore's, aiohttp's, OSError, KeyError.
        except Exception as error:
            url = f"{self.url.rstrip('/')}/{name}" if name else self.url
            raise storage_error(error, doing, url) from error


def _open_remote(url: str, protocol: str) -> tuple[Any, str]:
    fsspec: Any = require("fsspec", extra="cluster", purpose="a storage URL")
    options = _S3_OPTIONS if protocol in ("s3", "s3a") else {}
    try:
        opened: tuple[Any, str] = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        package = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs"}.get(protocol, str(error))
        raise StorageError(f"'{printable_url(url)}' needs a package: pip install {package}") from error
    except ValueError as error:
        raise UsageError(f"'{printable_url(url)}': {printable_url(first_line(error))}") from error
    except Exception as error:
        raise storage_error(error, "open", url) from error
    return opened


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _etag(info: dict[str, Any]) -> str:
    # S3 and its like call it ETag, Google's etag; local files have none.
    return str(info.get("ETag") or info.get("etag") or "").strip('"')
