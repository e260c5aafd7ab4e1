"""Encoders other than the plain one, as `encode_file` takes them; `jpegpre_tf.codecs` has some."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.errors import JpegpreError, PictureError
from jpegpre_tf.jpeg.files.segments import APP0, SOI, segment

_JFIF_PREFIX = b"JFIF\x00\x01\x01"


class JpegEncoder(Protocol):
    """Writes JPEG files; the same one for the same input, and from several threads at once.

    Attributes:
        name: For messages.
        takes_gray: Whether `encode_bytes` takes one channel.
    """

    name: str
    takes_gray: bool

    def encode_bytes(self, image: npt.NDArray[np.uint8], quality: int, /) -> bytes:
        """Returns the file of `image`, uint8 `(H, W, 3)` RGB or `(H, W, 1)`, at `quality` 1..100."""


def encode_with(
    encoder: JpegEncoder,
    pixels: npt.NDArray[np.uint8],
    quality: int,
    *,
    is_gray: bool,
    density: tuple[int, int] | None,
) -> bytes:
    """Returns the encoder's file with a JFIF header, as `encode_jpeg` writes it.

    Args:
        encoder: Encodes.
        pixels: uint8 `(H, W, 3)` RGB, levels 0..255.
        quality: 1..100, on the encoder's own scale.
        is_gray: Write one channel, the luma of `pixels`, if the encoder can.
        density: (x, y) dots per inch for the JFIF header.

    Raises:
        PictureError: If the encoder fails.
    """
    if is_gray and encoder.takes_gray:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))[..., np.newaxis]
    try:
        content = encoder.encode_bytes(pixels, quality)
    except (JpegpreError, MemoryError):
        raise
    except Exception as error:  # each library has its own kinds
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise PictureError(f"encoder {encoder.name} failed: {reason}") from error
    start = len(SOI)
    while content[start : start + 2] == bytes((0xFF, APP0)):
        start += 2 + int.from_bytes(content[start + 2 : start + 4], "big")
    # Unit 0 states the shape of a pixel only, 1 dots per inch; no thumbnail.
    unit, (x, y) = (0, (1, 1)) if density is None else (1, density)
    payload = _JFIF_PREFIX + bytes([unit]) + x.to_bytes(2, "big") + y.to_bytes(2, "big") + b"\0\0"
    return b"".join((SOI, segment(APP0, payload), content[start:]))
