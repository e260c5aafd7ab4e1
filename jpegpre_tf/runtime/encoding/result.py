"""The numbers of one encoding."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class EncodeResult:
    """What `encode_file` wrote, beside what the same encoder writes without preprocessing.

    Attributes:
        source: Input file.
        target: File written.
        width: Pixels.
        height: Pixels.
        size_bytes_input: Size of the input file.
        size_bytes_plain: Size of the file without preprocessing, same quality and metadata.
        size_bytes: Size of the file written.
        psnr_plain_db: PSNR-RGB of the plain file against the input's pixels, dB; infinite if equal, NaN
            if it was not to be measured.
        psnr_db: The same for the file written.
        quality: Quality that was used, 1..100; fractional only where a target size needed it.
        strength: Strength that was used, 0..1.
        is_copy: The input's own picture was kept, since encoding it again would win nothing.
        quality_input: Quality of a JPEG input, the one of libjpeg's whose tables are nearest; None for other inputs.
        is_turned: The orientation tag makes viewers swap width and height.
        notes: What of the input is not in the output.
        reasons: Why a JPEG input was kept, or encoded at another quality than asked for.
        jpeg_plain: The plain file, bare of all metadata but what is needed to show it right; b"" for
            pictures of more than 24 megapixels.
        jpeg: The file written, likewise bare.
        edit_reason: Why edited pixels were encoded with the encoder's own tables although others were asked for;
            None if the file is as asked for.
    """

    source: Path
    target: Path
    width: int
    height: int
    size_bytes_input: int
    size_bytes_plain: int
    size_bytes: int
    psnr_plain_db: float
    psnr_db: float
    quality: float
    strength: float
    is_copy: bool
    quality_input: int | None
    is_turned: bool
    notes: tuple[str, ...]
    reasons: tuple[str, ...]
    jpeg_plain: bytes = field(repr=False)
    jpeg: bytes = field(repr=False)
    edit_reason: str | None = None

    @property
    def saved_percent(self) -> float:
        """How much smaller the file is than the plain one; negative if larger."""
        return 100 * (1 - self.size_bytes / self.size_bytes_plain)
