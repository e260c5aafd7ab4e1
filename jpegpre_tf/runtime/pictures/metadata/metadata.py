"""What a picture file carries besides pixels, and how it is put into a JPEG file."""

import struct
from dataclasses import dataclass, replace

from PIL import Image

from jpegpre_tf.jpeg.files.segments import APP0, APP1, APP2, APP13, COM, MOST_PAYLOAD, segment
from jpegpre_tf.runtime.pictures.jpeg_files.multi_picture import MPF_PREFIX, absolute_index
from jpegpre_tf.runtime.pictures.metadata.gps import (
    exif_without_gps,
    exif_without_maker_notes,
    photoshop_without_gps,
    xmp_without_gps,
)

EXIF_PREFIX = b"Exif\x00\x00"
XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\x00"
ICC_PREFIX = b"ICC_PROFILE\x00"
METADATA_CHOICES = ("keep", "strip", "strip-gps")
_ORIENTATION_TAG = 0x0112
# XMP that says what follows the picture, wrong once that is gone (Ultra HDR, motion photos).
_ABOUT_TRAILER = (b"hdrgm:", b"Container", b"MotionPhoto", b"MicroVideo")


@dataclass(frozen=True)
class Metadata:
    """Everything carried from the input file to the output file unchanged.

    Attributes:
        exif: TIFF structure without the "Exif" prefix, b"" if none. Holds the orientation: pixels stay as
            stored and the tag stays as it is, so that viewers turn the picture exactly once.
        icc: Colour profile of the pixels, b"" if none.
        xmp: XMP packet, b"" if none.
        photoshop: Payloads of APP13 segments (IPTC), in order.
        comments: Payloads of comment segments, in order.
        others: (marker, payload) of further segments of a JPEG file: extended XMP, gain map version, the
            index of further pictures (its offsets counted from the start of `trailer`), a maker's own.
        trailer: What follows the picture in a JPEG file: HDR gain map, further pictures, a video.
        exif_parts: More than 1 if the EXIF of a JPEG file was longer than a segment; it is divided again.
        aspect: Dots across and down in the same length, 1..65535 each; None if pixels are square.
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    photoshop: tuple[bytes, ...] = ()
    comments: tuple[bytes, ...] = ()
    others: tuple[tuple[int, bytes], ...] = ()
    trailer: bytes = b""
    exif_parts: int = 1
    aspect: tuple[int, int] | None = None

    @property
    def orientation(self) -> int:
        """EXIF orientation 1..8; 1 where there is none or it is not a valid one."""
        exif = Image.Exif()
        try:
            exif.load(EXIF_PREFIX + self.exif)
            value = exif.get(_ORIENTATION_TAG, 1)
        except Exception:  # Pillow raises struct.error, SyntaxError and others on a damaged block
            return 1
        return value if value in range(1, 9) else 1

    def stripped(self) -> "Metadata":
        """Returns only what is needed to show the picture right: colour profile and orientation."""
        orientation = self.orientation
        if orientation == 1:
            return Metadata(icc=self.icc, aspect=self.aspect)
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = orientation
        return Metadata(icc=self.icc, exif=exif.tobytes().removeprefix(EXIF_PREFIX), aspect=self.aspect)

    def without_gps(self) -> tuple["Metadata", tuple[str, ...]]:
        """Returns the metadata without positions, and a note on each part that had to go as a whole.

        Positions are looked for in EXIF, XMP and inside Photoshop's segments. What may hold them where
        nobody can look (further pictures and videos, a maker's own segments) is dropped.
        """
        notes = []
        exif = exif_without_gps(self.exif) if self.exif else b""
        if exif is None:
            exif = self.stripped().exif
            notes.append("EXIF is damaged: only the orientation was kept")
        elif self.exif:
            exif, had_notes = exif_without_maker_notes(exif)
            if had_notes:
                notes.append("the maker's notes in EXIF, which may hold positions, were dropped")
        xmp = xmp_without_gps(self.xmp)
        if xmp is None or (self.trailer and any(word in xmp for word in _ABOUT_TRAILER)):
            xmp = b""
            notes.append("XMP was dropped as a whole, to be sure that no position is left")
        photoshop = [photoshop_without_gps(payload) for payload in self.photoshop]
        if None in photoshop:
            notes.append("a Photoshop segment could not be read and was dropped")
        if self.others or self.trailer:
            notes.append(_dropped(self))
        kept = tuple(payload for payload in photoshop if payload is not None)
        parts = 1 if len(exif) <= MOST_PAYLOAD - len(EXIF_PREFIX) else self.exif_parts
        metadata = Metadata(exif, self.icc, xmp, kept, self.comments, exif_parts=parts, aspect=self.aspect)
        return metadata, tuple(notes)

    def select(self, choice: str) -> tuple["Metadata", tuple[str, ...]]:
        """Returns what is carried by `choice`, one of METADATA_CHOICES, and notes on what is lost by it."""
        if choice == "keep":
            return self, ()
        if choice == "strip-gps":
            return self.without_gps()
        return self.stripped(), (_dropped(self),) if self.trailer else ()

    def fitted(self) -> tuple["Metadata", tuple[str, ...]]:
        """Returns the part that a JPEG file can hold, and a note on each part that it cannot."""
        fitted, notes = self, []
        if len(EXIF_PREFIX + self.exif) > MOST_PAYLOAD and self.exif_parts < 2:
            fitted = replace(fitted, exif=self.stripped().exif)
            notes.append("EXIF of more than 64 kB does not fit a JPEG file: only the orientation was kept")
        if len(XMP_PREFIX + self.xmp) > MOST_PAYLOAD:
            fitted = replace(fitted, xmp=b"")
            notes.append("XMP of more than 64 kB does not fit a JPEG file: dropped")
        if len(self.icc) > 255 * (MOST_PAYLOAD - len(ICC_PREFIX) - 2):
            fitted = replace(fitted, icc=b"")
            notes.append("the colour profile does not fit a JPEG file: dropped")
        return fitted, tuple(notes)


def _dropped(metadata: Metadata) -> str:
    if b"hdrgm:" in metadata.xmp:
        return "the HDR gain map was dropped, with what describes it"
    if metadata.trailer:
        return "what follows the picture in the file (further pictures, a video) was dropped"
    return "segments of the maker's own were dropped"


def insert_metadata(jpeg: bytes, metadata: Metadata) -> bytes:
    """Returns the JPEG file with the metadata's segments after its JFIF header, and its trailer at the end.

    Args:
        jpeg: A JPEG file that starts with SOI and at most one APP0, as `encode_jpeg` writes it.
        metadata: What to insert; must fit, see `Metadata.fitted`.
    """
    start = 2
    if jpeg[2:4] == bytes((0xFF, APP0)):
        start += 2 + int.from_bytes(jpeg[4:6], "big")
        if metadata.aspect is not None and jpeg[6:11] == b"JFIF\0":
            # Unit 0: no resolution, only the shape of a pixel.
            jpeg = jpeg[:13] + struct.pack(">BHH", 0, *metadata.aspect) + jpeg[18:]
    end = len(jpeg) + len(metadata_segments(metadata))
    segments = metadata_segments(metadata, start, end)
    return b"".join((jpeg[:start], segments, jpeg[start:], metadata.trailer))


def metadata_segments(metadata: Metadata, start: int = 0, end: int = 0) -> bytes:
    """Returns the metadata's segments.

    Args:
        metadata: Must fit, see `Metadata.fitted`.
        start: Offset in the file at which they will be.
        end: Offset in the file at which the trailer will be.
    """
    segments = []
    if metadata.exif:
        size = MOST_PAYLOAD - len(EXIF_PREFIX)
        for first in range(0, len(metadata.exif), size):
            segments.append(segment(APP1, EXIF_PREFIX + metadata.exif[first : first + size]))
    if metadata.xmp:
        segments.append(segment(APP1, XMP_PREFIX + metadata.xmp))
    segments += [segment(APP13, payload) for payload in metadata.photoshop]
    size = MOST_PAYLOAD - len(ICC_PREFIX) - 2
    parts = [metadata.icc[i : i + size] for i in range(0, len(metadata.icc), size)]
    for number, part in enumerate(parts, start=1):
        segments.append(segment(APP2, ICC_PREFIX + bytes((number, len(parts))) + part))
    segments += [segment(COM, payload) for payload in metadata.comments]
    for marker, payload in metadata.others:
        if payload.startswith(MPF_PREFIX):
            header_at = start + sum(map(len, segments)) + 4 + len(MPF_PREFIX)
            payload = absolute_index(payload, header_at, end)
        segments.append(segment(marker, payload))
    return b"".join(segments)
