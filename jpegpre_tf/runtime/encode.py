"""One picture file to one smaller JPEG file, with the numbers that show what it gained."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.atomic import write_atomically
from jpegpre_tf.runtime.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.metadata import insert_metadata
from jpegpre_tf.runtime.pictures import open_picture
from jpegpre_tf.runtime.psnr import psnr_db

Preprocess = Callable[[npt.NDArray[np.uint8], float, float], npt.NDArray[np.uint8]]
METADATA_CHOICES = ("keep", "strip")


@dataclass(frozen=True)
class EncodeResult:
    """What `encode_file` wrote, beside what the same encoder writes without preprocessing.

    Attributes:
        source: Input file.
        target: File written.
        width: Pixels.
        height: Pixels.
        size_bytes_plain: Size of the file without preprocessing, same quality and metadata.
        size_bytes: Size of the file written.
        psnr_plain_db: PSNR-RGB of the plain file against the input's pixels, dB; infinite if equal.
        psnr_db: The same for the file written.
        is_turned: The orientation tag makes viewers swap width and height.
        notes: What of the input is not in the output.
        jpeg_plain: The plain file, bare of all metadata but what is needed to show it right.
        jpeg: The file written, likewise bare.
    """

    source: Path
    target: Path
    width: int
    height: int
    size_bytes_plain: int
    size_bytes: int
    psnr_plain_db: float
    psnr_db: float
    is_turned: bool
    notes: tuple[str, ...]
    jpeg_plain: bytes = field(repr=False)
    jpeg: bytes = field(repr=False)

    @property
    def saved_percent(self) -> float:
        """How much smaller preprocessing made the file; negative if larger."""
        return 100 * (1 - self.size_bytes / self.size_bytes_plain)


def encode_file(
    source: str | Path,
    target: str | Path,
    preprocess: Preprocess,
    *,
    quality: int = 75,
    strength: float = 1.0,
    subsampling: str = "4:2:0",
    metadata: str = "keep",
) -> EncodeResult:
    """Preprocesses a picture file and writes it as JPEG, whole or not at all.

    Args:
        source: Picture file; see `open_picture`.
        target: JPEG file to write; replaced if it exists.
        preprocess: What `load` returns, or anything called like it.
        quality: 1..100, for the preprocessing and the encoder.
        strength: 0..1, 0 leaves the pixels alone.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        metadata: "keep" carries EXIF, colour profile, XMP, IPTC and comments over; "strip" only the colour
            profile and the orientation, without which the picture would look wrong.

    Raises:
        PictureError: If the input cannot be read.
        OutputError: If the output cannot be written.
        ValueError: If an option is not one of those.
    """
    if metadata not in METADATA_CHOICES:
        raise ValueError(
            f"`metadata` must be one of {', '.join(METADATA_CHOICES)}. Received: metadata={metadata!r}"
        )
    picture = open_picture(source)

    def encoded(pixels: npt.NDArray[np.uint8]) -> bytes:
        return encode_jpeg(
            pixels, quality, subsampling=subsampling, is_grey=picture.is_grey, density=picture.density
        )

    plain = encoded(picture.pixels)
    jpeg = encoded(preprocess(picture.pixels, quality, strength))
    needed = picture.metadata.stripped()
    carried = picture.metadata if metadata == "keep" else needed
    content = insert_metadata(jpeg, carried)
    height, width = picture.pixels.shape[:2]
    result = EncodeResult(
        source=Path(source),
        target=Path(target),
        width=width,
        height=height,
        size_bytes_plain=len(plain) + len(content) - len(jpeg),
        size_bytes=len(content),
        psnr_plain_db=psnr_db(picture.pixels, plain),
        psnr_db=psnr_db(picture.pixels, jpeg),
        is_turned=picture.metadata.orientation >= 5,
        notes=picture.notes,
        jpeg_plain=insert_metadata(plain, needed),
        jpeg=insert_metadata(jpeg, needed),
    )
    # Last: measuring decoded the new file, so nothing is replaced by one that does not open.
    write_atomically(target, content)
    return result
