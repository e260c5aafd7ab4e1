"""What one picture may cost: bounds for programs that take pictures from strangers."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from jpegpre_tf.errors import PictureError

PixelEditor = Callable[[npt.NDArray[np.uint8], float, float], npt.NDArray[np.uint8]]

_SOI, _SOS, _EOI = b"\xff\xd8", 0xDA, 0xD9
# Inside entropy-coded data 0xFF is followed by a stuffed zero, a restart marker or fill bytes.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True)
class Limits:
    """Bounds on the work that one picture file may cause, checked when made. None is no bound.

    The first two are so wide that no real file meets them. A service sets the others too; memory follows from
    `max_pixels`, see docs/limits.md for what was measured.

    Attributes:
        max_jpeg_segments: Marker segments of a JPEG file, those between scans too. Every one is an object in memory.
        max_jpeg_scans: Scans of a progressive JPEG file. Each may pass over the whole picture.
        max_bytes: Size of the file.
        max_pixels: Width times height; refused before anything is decoded.
        max_pixels_per_byte: Pixels for each byte of the file, so that a small file cannot cause much work. Photos
            have 1 to 30, plain screenshots some hundred.
        max_seconds: Time for one picture, searches for a target size included. Checked before each part of the
            picture, of 24 megapixels at most, is edited: the last one is finished.

    Example:
        >>> strict = Limits(max_pixels=50_000_000, max_pixels_per_byte=1000, max_seconds=30)
        >>> runtime.encode_file("photo.png", "photo.jpg", session, limits=strict)
    """

    max_jpeg_segments: int = 8192
    max_jpeg_scans: int = 256
    max_bytes: int | None = None
    max_pixels: int | None = None
    max_pixels_per_byte: float | None = None
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"`{name}` must be more than 0. Received: {name}={value!r}")

    def check_file(self, file: BinaryIO) -> None:
        """Refuses a file by its bytes, before any decoder sees it; the file is at its start then.

        Raises:
            ValueError: If it is beyond a bound; the message says which.
        """
        size_bytes = file.seek(0, 2)
        file.seek(0)
        if self.max_bytes is not None and size_bytes > self.max_bytes:
            raise ValueError(f"{size_bytes:,} bytes are more than {self.max_bytes:,}")
        if file.read(2) == _SOI:
            file.seek(0)
            self._check_jpeg(file.read())
        file.seek(0)

    def check_size(self, pixels: int, size_bytes: int) -> None:
        """Refuses a picture by its number of pixels.

        Raises:
            ValueError: If it has too many for its bytes.
        """
        most = self.max_pixels_per_byte
        if most is not None and pixels > most * size_bytes:
            raise ValueError(f"{pixels / size_bytes:,.0f} pixels for each byte are more than {most:g}")

    def watch(self, preprocess: PixelEditor) -> PixelEditor:
        """Returns `preprocess` with a clock, which starts now.

        Raises, when called:
            PictureError: If `max_seconds` are over.
        """
        if self.max_seconds is None:
            return preprocess
        seconds = self.max_seconds
        end = time.monotonic() + seconds

        def watched(
            pixels: npt.NDArray[np.uint8], quality: float, strength: float = 1.0
        ) -> npt.NDArray[np.uint8]:
            if time.monotonic() >= end:
                raise PictureError(f"given up after {seconds:g} s")
            return preprocess(pixels, quality, strength)

        return watched

    def _check_jpeg(self, content: bytes) -> None:
        segments = scans = 0
        position = 2
        while found := _MARKER.search(content, position):
            marker = content[found.start() + 1]
            if marker == _EOI:
                return
            segments += 1
            scans += marker == _SOS
            if segments > self.max_jpeg_segments:
                raise ValueError(f"more than {self.max_jpeg_segments:,} JPEG segments")
            if scans > self.max_jpeg_scans:
                raise ValueError(f"more than {self.max_jpeg_scans:,} JPEG scans")
            length = int.from_bytes(content[found.end() : found.end() + 2], "big")
            position = found.end() + max(length, 2)
