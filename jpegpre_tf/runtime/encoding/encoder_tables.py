"""What an encoder does with a carrier, found out by small files that it writes."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from jpegpre_tf import jpeg
from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.jpeg.frame import PROGRESSIVE, frame_of, stored_tables
from jpegpre_tf.jpeg.markers import marker_segments

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
        grey = np.full((16, 16, 3), 128, np.uint8)
        try:
            segments = marker_segments(self._write(grey, quality))
            frame = frame_of(segments)
            stored = stored_tables(segments)
            used = [stored[component.table] for component in frame.components]
        except (ValueError, KeyError) as error:
            raise CarrierError(f"the files of {self._name} cannot be read: {error}") from error
        if len(used) != 3 or frame.subsampling != "4:2:0":
            raise CarrierError(f"{self._name} does not write 4:2:0 at quality {quality}")
        if frame.marker not in (*_SEQUENTIAL, PROGRESSIVE):
            raise CarrierError(f"{self._name} writes neither baseline nor progressive files")
        if any(table.entry_bytes != 1 for table in used):
            raise CarrierError(f"{self._name} writes quantization tables of 16 bits at quality {quality}")
        if (used[1].values != used[2].values).any():
            raise CarrierError(f"{self._name} writes a table of its own for each of Cb and Cr")
        return used[0].values, used[1].values
