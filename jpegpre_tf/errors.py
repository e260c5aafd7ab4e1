"""Exceptions that a caller, or the command line, can turn into one clear line."""


class JpegpreError(Exception):
    """Something the user can mend; the message is one line naming file or argument, expected and received."""


class PictureError(JpegpreError):
    """A picture file cannot be read, or its picture cannot be processed."""


class OutputError(JpegpreError):
    """A file cannot be written; nothing half-written was left behind."""


class StorageError(JpegpreError):
    """A place given by URL cannot be reached, listed, read or written; nothing half-written was left behind.

    Attributes:
        is_missing: There is nothing of this name, which says nothing about the place as a whole.
    """

    def __init__(self, message: str, *, is_missing: bool = False) -> None:
        super().__init__(message)
        self.is_missing = is_missing


class UnsafeNameError(JpegpreError):
    """A name that would be written outside of its folder, or over another one's file."""


class LostWorkerError(JpegpreError):
    """Another worker of a training run is gone: this one cannot go on, but from its checkpoint."""


class ModelError(JpegpreError):
    """A model cannot be found or is not what its description says."""


class UnknownModelError(ModelError):
    """No shipped model has this name, and no model folder is at this path."""


class UsageError(JpegpreError):
    """Arguments that are each well-formed but do not fit together; the command exits with 2."""


class TargetError(JpegpreError):
    """A target size or score cannot be reached.

    Attributes:
        best: What can be: the smallest size in bytes, or the highest score.
    """

    def __init__(self, best: float, message: str = "the target cannot be reached") -> None:
        super().__init__(message)
        self.best = best


def first_line(error: BaseException) -> str:
    """Returns the first line of an exception's message, or the name of its class if it has none."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)
