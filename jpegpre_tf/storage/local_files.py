"""Local folders, with the few calls that `Storage` makes of fsspec: they need no further package."""

import os
from pathlib import Path
from typing import BinaryIO


class LocalFiles:
    """Files of this machine. Paths are absolute text with "/" between folders."""

    protocol = ("file", "local")

    def ls(self, path: str, detail: bool = True) -> list[dict[str, object]]:
        """Returns what is in a folder; a file by itself is the only one in its list.

        Raises:
            OSError: If it cannot be listed.
        """
        if Path(path).is_file():
            return [self._describe(path, path, is_link=Path(path).is_symlink())]
        with os.scandir(path) as entries:
            return [
                self._describe(f"{path.rstrip('/')}/{entry.name}", entry.path, is_link=entry.is_symlink())
                for entry in entries
            ]

    def isfile(self, path: str) -> bool:
        """Whether there is a file, or a link to one."""
        return Path(path).is_file()

    def cat_file(self, path: str) -> bytes:
        """Returns a file's content."""
        return Path(path).read_bytes()

    def open(self, path: str, mode: str = "rb") -> BinaryIO:
        """Opens a file for reading."""
        return Path(path).open("rb")

    def rm_file(self, path: str) -> None:
        """Removes a file."""
        Path(path).unlink()

    def _describe(self, name: str, path: str, *, is_link: bool) -> dict[str, object]:
        try:
            is_folder = Path(path).is_dir()
            size = None if is_folder else Path(path).stat().st_size
        except OSError:  # a link to nothing, or no permission: what reads it says so
            is_folder, size = False, None
        kind = "directory" if is_folder else "file" if not is_link else "link"
        return {"name": name, "type": kind, "size": size, "islink": is_link}
