"""What a picture file carries besides pixels, and how it is put into a JPEG file."""

from dataclasses import dataclass, replace

from PIL import Image

# A JPEG segment's length field counts itself and has 16 bits.
_MOST_PAYLOAD = 65533
EXIF_PREFIX = b"Exif\x00\x00"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_ICC = b"ICC_PROFILE\x00"
_APP0, _APP1, _APP2, _APP13, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
_ORIENTATION_TAG = 0x0112


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
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    photoshop: tuple[bytes, ...] = ()
    comments: tuple[bytes, ...] = ()

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
            return Metadata(icc=self.icc)
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = orientation
        return Metadata(icc=self.icc, exif=exif.tobytes().removeprefix(EXIF_PREFIX))

    def fitted(self) -> tuple["Metadata", tuple[str, ...]]:
        """Returns the part that a JPEG file can hold, and a note on each part that it cannot."""
        fitted, notes = self, []
        if len(EXIF_PREFIX + self.exif) > _MOST_PAYLOAD:
            fitted = replace(fitted, exif=self.stripped().exif)
            notes.append("EXIF of more than 64 kB does not fit a JPEG file: only the orientation was kept")
        if len(_XMP + self.xmp) > _MOST_PAYLOAD:
            fitted = replace(fitted, xmp=b"")
            notes.append("XMP of more than 64 kB does not fit a JPEG file: dropped")
        if len(self.icc) > 255 * (_MOST_PAYLOAD - len(_ICC) - 2):
            fitted = replace(fitted, icc=b"")
            notes.append("the colour profile does not fit a JPEG file: dropped")
        return fitted, tuple(notes)


def insert_metadata(jpeg: bytes, metadata: Metadata) -> bytes:
    """Returns the JPEG file with the metadata's segments after its JFIF header.

    Args:
        jpeg: A JPEG file that starts with SOI and at most one APP0, as `encode_jpeg` writes it.
        metadata: What to insert; must fit, see `Metadata.fitted`.
    """
    start = 2
    if jpeg[2:4] == bytes((0xFF, _APP0)):
        start += 2 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:start] + _segments(metadata) + jpeg[start:]


def _segments(metadata: Metadata) -> bytes:
    segments = []
    if metadata.exif:
        segments.append(_segment(_APP1, EXIF_PREFIX + metadata.exif))
    if metadata.xmp:
        segments.append(_segment(_APP1, _XMP + metadata.xmp))
    segments += [_segment(_APP13, payload) for payload in metadata.photoshop]
    size = _MOST_PAYLOAD - len(_ICC) - 2
    parts = [metadata.icc[i : i + size] for i in range(0, len(metadata.icc), size)]
    for number, part in enumerate(parts, start=1):
        segments.append(_segment(_APP2, _ICC + bytes((number, len(parts))) + part))
    segments += [_segment(_COM, payload) for payload in metadata.comments]
    return b"".join(segments)


def _segment(marker: int, payload: bytes) -> bytes:
    if len(payload) > _MOST_PAYLOAD:
        raise ValueError(f"a JPEG segment holds {_MOST_PAYLOAD} bytes. Received: {len(payload)} bytes")
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload
