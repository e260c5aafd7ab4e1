"""The interface of a real encoder, and the record of one encoding."""

import io
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from jpegpre_tf._types import RGBImage

# libjpeg's names for Pillow's `subsampling` numbers.
SUBSAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


@dataclass(frozen=True)
class Encoded:
    """One picture, encoded and decoded again.

    Attributes:
        data: The whole file.
        decoded: uint8 `(height, width, 3)`, RGB, samples 0..255, as an ordinary viewer shows the file.
        encoder: Name of the encoder, as in `encoder_names()`.
        version: Version of the library that wrote the file.
        flags: Everything that was asked of the library, readable by a person.
        quality: 1..100, on the encoder's own scale.
    """

    data: bytes = field(repr=False)
    decoded: RGBImage = field(repr=False)
    encoder: str
    version: str
    flags: str
    quality: int

    @property
    def size_bytes(self) -> int:
        """Size of the whole file."""
        return len(self.data)

    @property
    def rate_bpp(self) -> float:
        """Bits of the whole file per pixel."""
        height, width = self.decoded.shape[:2]
        return float(8 * len(self.data) / (height * width))


class Encoder(ABC):
    """A real encoder behind one call.

    Subclasses set `name`, `version` and `flags` and write the bytes: the same ones for the same input. Those whose
    `encode_bytes` also takes one channel, `(height, width, 1)`, set `takes_gray`.
    """

    name: str
    version: str
    flags: str
    takes_gray: bool = False
    # Whether coefficients are rounded to the nearest step, as a carrier needs it; adaptive encoders set it to False.
    rounds: bool = True

    @abstractmethod
    def encode_bytes(self, image: RGBImage, quality: int) -> bytes:
        """Returns the file of `image`, uint8 `(height, width, 3)` RGB, at `quality` 1..100."""

    def encode(self, image: RGBImage, quality: int) -> Encoded:
        """Encodes `image` and decodes the file again.

        Args:
            image: uint8 `(height, width, 3)`, RGB, samples 0..255.
            quality: Integer 1..100, on the encoder's own scale.

        Raises:
            ValueError: If `image` or `quality` is not as described.
        """
        check_picture(image)
        if not 1 <= quality <= 100:
            raise ValueError(f"`quality` must be within 1..100. Received: quality={quality}")
        data = self.encode_bytes(image, quality)
        return Encoded(data, decode(data), self.name, self.version, self.flags, quality)

    def identity(self) -> dict[str, str]:
        """Everything that decides the bytes besides picture and quality."""
        return {"name": self.name, "version": self.version, "flags": self.flags}


def check_picture(image: RGBImage) -> None:
    """Raises ValueError unless `image` is uint8 `(height, width, 3)`."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(
            f"`image` must be uint8 (height, width, 3). Received: {image.dtype} of shape {image.shape}"
        )


def check_subsampling(subsampling: str) -> str:
    """Returns `subsampling`, or raises ValueError if no encoder knows it."""
    if subsampling not in SUBSAMPLINGS:
        raise ValueError(f"`subsampling` must be one of {list(SUBSAMPLINGS)}. Received: {subsampling!r}")
    return subsampling


def decode(data: bytes) -> RGBImage:
    """Decodes a file, JPEG through libjpeg-turbo as viewers do, to uint8 `(height, width, 3)` RGB."""
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))
