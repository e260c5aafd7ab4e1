"""One JPEG file of a picture, with what it costs the picture."""

from collections.abc import Callable
from functools import cached_property


class Rendered:
    """A JPEG file without metadata, and its PSNR, which is computed when it is asked for first.

    Args:
        jpeg: The file.
        measure: Returns the PSNR-RGB of the decoded file against the picture, in decibels.
        edit_reason: Why pixels were edited instead of a carrier being made; None where they were not, or as asked for.
    """

    def __init__(self, jpeg: bytes, measure: Callable[[], float], edit_reason: str | None = None) -> None:
        self.jpeg = jpeg
        self.edit_reason = edit_reason
        self._measure = measure

    @property
    def size_bytes(self) -> int:
        return len(self.jpeg)

    @cached_property
    def psnr_db(self) -> float:
        """PSNR-RGB of the decoded file against the picture, in decibels; infinite if they are equal."""
        return self._measure()
