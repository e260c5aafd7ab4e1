"""A file for reading that consists of pieces of another one, without a copy of it."""

import bisect
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class PiecedFile(io.RawIOBase):
    """Reads pieces one after the other.

    Args:
        file: The file that pieces are of.
        pieces: Bytes, or (offset, size) in `file`.
    """

    def __init__(self, file: BinaryIO, pieces: Iterable[bytes | tuple[int, int]]) -> None:
        self._file = file
        self._pieces = [piece for piece in pieces if (piece if isinstance(piece, bytes) else piece[1])]
        self._starts = [0]
        for piece in self._pieces:
            size = len(piece) if isinstance(piece, bytes) else piece[1]
            self._starts.append(self._starts[-1] + size)
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves as files do."""
        base = (0, self._position, self._starts[-1])[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Returns the position."""
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fills the buffer as far as the piece at hand goes."""
        view = memoryview(buffer).cast("B")
        if self._position >= self._starts[-1]:
            return 0
        number = bisect.bisect_right(self._starts, self._position) - 1
        piece, inside = self._pieces[number], self._position - self._starts[number]
        if isinstance(piece, bytes):
            data = piece[inside : inside + len(view)]
        else:
            self._file.seek(piece[0] + inside)
            data = self._file.read(min(len(view), piece[1] - inside))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def open_pieces(file: BinaryIO, pieces: Iterable[bytes | tuple[int, int]]) -> BinaryIO:
    """Returns a buffered `PiecedFile`."""
    buffered: Any = io.BufferedReader(PiecedFile(file, pieces), 1 << 16)
    return buffered  # type: ignore[no-any-return]
