"""What an encoder does with a carrier, found out by small files that it writes."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from jpegpre_tf import jpeg
from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.jpeg.files.frame import PROGRESSIVE, frame_of, stored_tables
from jpegpre_tf.jpeg.files.markers import marker_segments

Write = Callable[[npt.NDArray[np.uint8], int], bytes]
Tables = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]

_SIDE = 64  # pixels of the test picture
_SEQUENTIAL = (0xC0, 0xC1)
# Part of the test picture's coefficients that may come out otherwise. Encoders that round give 0; trellis
# quantization and adaptive dead zones change several percent.
_MOST_CHANGED = 0.005


class CarrierError(JpegpreError):
    """A carrier cannot be used here; the message says why, without a picture's name."""


class EncoderTables:
    """The tables of an encoder by quality, read from what it writes, once per quality.

    Args:
        name: Name of the encoder, for messages.
        write: Encodes uint8 `(H, W, 3)` RGB pixels at a quality.
    """

    def __init__(self, name: str, write: Write) -> None:
        self._name = name
        self._write = write
        self._known: dict[int, Tables] = {}
        self._is_checked = False

    def __call__(self, quality: int) -> Tables:
        """Returns (luma, chroma), each `(8, 8)`, natural order.

        Raises:
            CarrierError: If its files are not 4:2:0 with two tables of 8 bits.
        """
        if quality not in self._known:
            # Two threads may both find it out, and find the same.
            self._known[quality] = self._read(quality)
        return self._known[quality]

    def check_rounding(self) -> None:
        """Raises CarrierError unless the encoder writes the coefficients that a carrier has."""
        if self._is_checked:
            return
        quality = 75
        chance = np.random.default_rng(1)
        smooth = np.add.outer(np.arange(_SIDE), np.arange(_SIDE))[..., np.newaxis] + np.array([20, 60, 100])
        picture = np.clip(smooth + chance.normal(0, 12, (_SIDE, _SIDE, 3)), 0, 255).astype(np.uint8)
        tables = self(quality)
        wanted = jpeg.encode_coefficients(picture, tables=tables)
        received = jpeg.read_coefficients(self._write(jpeg.carrier_pixels(wanted, tables), quality))
        changed = sum(int((a != b).sum()) for a, b in zip(wanted.planes, received.planes, strict=True))
        if changed > _MOST_CHANGED * 1.5 * _SIDE**2:
            raise CarrierError(f"{self._name} changes coefficients by rules of its own")
        self._is_checked = True

    def _read(self, quality: int) -> Tables:
        gray = np.full((16, 16, 3), 128, np.uint8)
        try:
            return tables_of_file(self._write(gray, quality))
        except ValueError as error:
            raise CarrierError(f"{self._name} at quality {quality}: {error}") from error


def tables_of_file(content: bytes) -> Tables:
    """Returns the luma and chroma table of a JPEG file, each `(8, 8)`, natural order.

    Raises:
        ValueError: If no carrier can be made for an encoder that writes such files; one line says why.
    """
    segments = marker_segments(content)
    frame = frame_of(segments)
    stored = stored_tables(segments)
    if len(frame.components) != 3 or frame.subsampling != "4:2:0":
        kind = frame.subsampling if len(frame.components) == 3 else f"{len(frame.components)} components"
        raise ValueError(f"expected a color JPEG file of 4:2:0, received {kind}")
    if frame.marker not in (*_SEQUENTIAL, PROGRESSIVE):
        raise ValueError("expected a baseline or progressive JPEG file")
    numbers = [component.table for component in frame.components]
    if not set(numbers) <= set(stored):
        raise ValueError("expected a JPEG file with its quantization tables")
    luma, cb, cr = (stored[number] for number in numbers)
    if any(table.entry_bytes != 1 for table in (luma, cb, cr)):
        raise ValueError("expected quantization tables of 8 bits, received 16")
    if (cb.values != cr.values).any():
        raise ValueError("expected one quantization table for Cb and Cr, received two")
    return luma.values, cb.values
