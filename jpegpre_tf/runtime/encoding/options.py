"""What `encode_file` is asked to do."""

import math
from dataclasses import dataclass

import numpy.typing as npt

from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime.encoding.jpeg_file import SCANS, SUBSAMPLINGS
from jpegpre_tf.runtime.inference.arguments import check_tables
from jpegpre_tf.runtime.pictures.decode import DEFAULT_LIMITS, MAX_PIXELS, check_color
from jpegpre_tf.runtime.pictures.limits import Limits
from jpegpre_tf.runtime.pictures.metadata.metadata import METADATA_CHOICES

TABLES_CHOICES = ("tuned", "standard")
TablesOption = str | TunedTables | npt.ArrayLike


@dataclass(frozen=True)
class EncodeOptions:
    """Options of one encoding, checked when made.

    Attributes:
        quality: Quality of the preprocessing and the encoder, 1..100. Not used where there is a target.
        strength: 0..1, 0 changes nothing but the tables. A target size may lower it to use the bytes up.
        subsampling: "4:2:0", "4:2:2" or "4:4:4"; of the plain encoder, others have their own.
        tables: Quantization tables of the file. "tuned": those learned with the model, where it has some; `quality`
            then means the look of plain libjpeg's. "standard": the encoder's own, and edited pixels. Or
            tables of one's own: a `TunedTables`, or luma and chroma table `(2, 8, 8)`, kept as nested tuples.
        scan: "baseline", "progressive", or "smallest" for the smaller one of both.
        metadata: "keep" carries EXIF, colour profile, XMP, IPTC, comments, gain maps and further pictures
            over; "strip-gps" the same without positions; "strip" only the colour profile and the orientation,
            without which the picture would look wrong.
        target_size_bytes: Largest file allowed, metadata included: the largest quality that fits is taken.
        target_bpp: The same in bits per pixel.
        target_score: Score to reach: the smallest quality that does is taken.
        allow_larger: Encode a JPEG input at any quality asked for, even if that makes it larger. Otherwise
            the quality is limited to the input's own, and the input's bytes are kept where nothing is won.
        background: Colour that transparent pictures are put on, a name or #rrggbb.
        color: "keep" leaves pixels and colour profile as they are; "srgb" converts to sRGB.
        max_pixels: Larger pictures are refused before they are decoded.
        limits: What one picture may cost; see `Limits`.
        in_place: Replace the input, which must be a JPEG file, after the new file was verified.
        measure_psnr: Decode the new file and the plain one for the PSNR of both, a fifth of all time. Otherwise the
            result has NaN for them.
    """

    quality: int = 75
    strength: float = 1.0
    subsampling: str = "4:2:0"
    tables: TablesOption = "tuned"
    scan: str = "baseline"
    metadata: str = "keep"
    target_size_bytes: int | None = None
    target_bpp: float | None = None
    target_score: float | None = None
    allow_larger: bool = False
    background: str = "white"
    color: str = "keep"
    max_pixels: int = MAX_PIXELS
    in_place: bool = False
    limits: Limits = DEFAULT_LIMITS
    measure_psnr: bool = True

    def __post_init__(self) -> None:
        _check_choice("metadata", self.metadata, METADATA_CHOICES)
        _check_choice("subsampling", self.subsampling, SUBSAMPLINGS)
        _check_choice("scan", self.scan, SCANS)
        self._check_tables()
        if isinstance(self.quality, bool) or self.quality not in range(1, 101):
            raise ValueError(f"`quality` must be from 1 to 100. Received: quality={self.quality!r}")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"`strength` must be from 0 to 1. Received: strength={self.strength!r}")
        check_color(self.color, self.background)
        targets = {
            name: value
            for name in ("target_size_bytes", "target_bpp", "target_score")
            if (value := getattr(self, name)) is not None
        }
        if len(targets) > 1:
            raise ValueError(f"Give one target at most. Received: {', '.join(targets)}")
        for name, value in targets.items():
            if not math.isfinite(value) or value <= 0:
                raise ValueError(f"`{name}` must be more than 0. Received: {name}={value!r}")
        if self.max_pixels < 1:
            raise ValueError(f"`max_pixels` must be at least 1. Received: max_pixels={self.max_pixels!r}")

    @property
    def has_own_tables(self) -> bool:
        """Whether the tables of the file were given."""
        return not isinstance(self.tables, str)

    def _check_tables(self) -> None:
        if isinstance(self.tables, str):
            _check_choice("tables", self.tables, TABLES_CHOICES)
            return
        if self.subsampling != "4:2:0":
            raise ValueError(f"`tables` of one's own need 4:2:0. Received: subsampling={self.subsampling!r}")
        if isinstance(self.tables, TunedTables):
            return
        tables = check_tables("tables", self.tables)
        object.__setattr__(self, "tables", tuple(tuple(map(tuple, table.tolist())) for table in tables))
        targets = (self.target_size_bytes, self.target_bpp, self.target_score)
        if any(target is not None for target in targets):
            raise ValueError("`tables` of all qualities are needed for a target. Received: two tables")

    def size_limit_bytes(self, width: int, height: int) -> int | None:
        """Returns the largest file allowed for a picture of this size, None if there is no such target."""
        if self.target_bpp is not None:
            return int(self.target_bpp * width * height / 8)
        return self.target_size_bytes


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(choices)}. Received: {name}={value!r}")
