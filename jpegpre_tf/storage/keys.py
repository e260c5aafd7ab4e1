"""Names inside a storage: which ones are safe to write anywhere."""

import os
import re

_IS_WINDOWS = os.name == "nt"


def refuse_key(name: str, *, is_windows: bool = _IS_WINDOWS) -> str:
    """Returns why a name, relative to a storage's root, must not be used; "" if it may.

    Object keys and listings are text of whoever made them: "../x", "/etc/x" or "a//b" are no names of a file inside a
    folder, and lead out of it or to another one's.

    Args:
        name: The name, its parts divided by slashes.
        is_windows: Whether files of such names are written on Windows, where drives and more lead out of a folder.
    """
    if not name:
        return "it is empty"
    if "\0" in name:
        return "it has a NUL character"
    parts = name.split("/")
    if parts[0] == "":
        return "it is absolute"
    if "" in parts:
        return "a part of it is empty"
    for part in (".", ".."):
        if part in parts:
            return f"a part of it is '{part}'"
    if "\\" in name and any(part in (".", "..") for part in name.replace("\\", "/").split("/")):
        return "a part of it leads out of its folder on Windows"
    if is_windows:
        if ":" in name:
            return "it names a drive or a stream"
        # Spaces and dots at the end of a part are dropped there: ".. " is "..".
        parts = re.split(r"[/\\]", name)
        if not all(part.rstrip(" .") for part in parts):
            return "a part of it is nothing but spaces and dots"
    return ""
