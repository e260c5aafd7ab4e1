"""Folders and files that are not a user's pictures: trash, thumbnails and notes of systems and programs."""

# Of network drives (Synology, QNAP), Windows, macOS' archives, Linux' repair, and photo programs' thumbnails.
_KEPT_BY_PROGRAMS = frozenset(
    (
        "@eadir",
        "@recycle",
        "@recently-snapshot",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "recycled",
        "recycler",
        "~snapshot",
        "system volume information",
        "lost+found",
        "__macosx",
    )
)
# Of Apple Photos, iPhoto, Aperture and Lightroom: folders whose pictures the program keeps account of.
_LIBRARIES = (
    ".photoslibrary",
    ".photolibrary",
    ".migratedphotolibrary",
    ".aplibrary",
    ".lrlibrary",
    ".lrdata",
)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is to be left alone unless it is named by itself."""
    # Parts that lead out of a folder are no names: whoever lists them has to refuse them, not to pass them over.
    if name in (".", ".."):
        return False
    return name.startswith(".") or name.lower() in _KEPT_BY_PROGRAMS


def is_library(name: str) -> bool:
    """Whether a folder of this name is a photo program's library, in which replaced pictures would be damage."""
    return name.lower().endswith(_LIBRARIES)
