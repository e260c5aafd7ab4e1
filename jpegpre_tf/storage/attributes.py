"""What a file has besides its content: owner, rights, extended attributes, times."""

import contextlib
import errno
import os
from pathlib import Path

# Linux' access control lists are extended attributes. NFS and ZFS have others.
_ACCESS_LISTS = frozenset(("system.posix_acl_access", "system.nfs4_acl", "system.nfs4acl", "system.richacl"))
_GROUP_AND_SPECIAL = 0o6070


def copy_attributes(source: Path, target: Path) -> None:
    """Gives a new file the owner, rights, extended attributes and times of another one.

    No right is widened: where the owner or group cannot be given, theirs are taken away.

    Raises:
        OSError: If rights cannot be copied.
    """
    status = source.stat()
    mode = status.st_mode & 0o7777
    if hasattr(os, "chown"):
        owned = target.stat()
        if (owned.st_uid, owned.st_gid) != (status.st_uid, status.st_gid):
            for owner in (
                status.st_uid,
                -1,
            ):  # only root may give files away; a group of one's own may be set
                with contextlib.suppress(PermissionError):
                    os.chown(target, owner, status.st_gid)
                    break
        if target.stat().st_gid != status.st_gid:
            mode &= ~_GROUP_AND_SPECIAL
        if target.stat().st_uid != status.st_uid:
            mode &= ~0o6000
    # After lists: their mask is the group's bits of the mode, which is the original's.
    _copy_extended(source, target)
    target.chmod(mode)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy_extended(source: Path, target: Path) -> None:
    if not hasattr(os, "listxattr"):  # Linux only
        return
    try:
        names = os.listxattr(source)
    except OSError:  # not this file system
        return
    for name in names:
        try:
            os.setxattr(target, name, os.getxattr(source, name))
        except OSError as error:
            # Labels of the system's own (security.*, trusted.*) are given by it.
            if name in _ACCESS_LISTS and error.errno != errno.ENODATA:
                raise
    _drop_inherited(target, names)


def _drop_inherited(target: Path, names: list[str]) -> None:
    """Takes away lists that the folder gave the new file and the original did not have."""
    with contextlib.suppress(OSError):
        inherited = [name for name in os.listxattr(target) if name in _ACCESS_LISTS and name not in names]
        for name in inherited:
            os.removexattr(target, name)
