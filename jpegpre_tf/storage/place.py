"""Whether two places are one, however they are written."""

import os
import posixpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "abfss": "abfs"}
_PORTS = {"http": 80, "https": 443, "ftp": 21, "sftp": 22}
# Their keys are text, in which "%20" is no space.
_LITERAL = {"s3", "gs", "az", "abfs", "memory"}


def is_inside(outer: str, inner: str) -> str | None:
    """Returns the name of the local folder `inner` relative to `outer`, "" if they are one, None if it is outside.

    By device and inode, so through links and mounts too; a folder that is not there yet is known by the nearest
    one above it that is.
    """
    real = Path(os.path.realpath(inner))
    below: list[str] = []
    place = real
    while True:
        if _is_same(Path(outer), place):
            return "/".join(reversed(below))
        if place == place.parent:
            return None
        below.append(place.name)
        place = place.parent


def _is_same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return os.path.realpath(first) == os.path.realpath(second)


def normalize_url(url: str) -> str:
    """Returns the same text for all ways of writing one URL; without user, query and what is after "#"."""
    parts = urlsplit(url)
    scheme = _ALIASES.get(parts.scheme.lower(), parts.scheme.lower())
    host = (parts.hostname or "").lower() if scheme not in _LITERAL else parts.netloc.rpartition("@")[2]
    try:
        port = parts.port if scheme not in _LITERAL else None
    except ValueError:
        port = None
    address = host if port in (None, _PORTS.get(scheme)) else f"{host}:{port}"
    path = parts.path if scheme in _LITERAL else unquote(parts.path)
    if scheme in _LITERAL:  # keys may hold "?" and "#", which are letters there
        path += (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    path = posixpath.normpath(posixpath.join("/", path))
    return f"{scheme}://{address}/{path.strip('/')}".rstrip("/")
