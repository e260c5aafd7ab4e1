"""PNG files: chunks read by us, so that a decoder only sees the picture's own."""

import binascii
import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import BinaryIO

from jpegpre_tf.runtime.pictures.formats.pieced_file import open_pieces
from jpegpre_tf.runtime.pictures.metadata.metadata import EXIF_PREFIX, XMP_PREFIX
from jpegpre_tf.runtime.pictures.pixels.color_description import (
    SRGB_PRIMARIES,
    ColorDescription,
    is_near,
    matrix_profile,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What decides pixels. The rest is read here: decoders refuse a file for a wrong checksum or a long text in it.
_PIXELS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
# Transparency decides pixels; animations are not decoded.
_LEFT_TO_DECODER = frozenset((b"tRNS", b"acTL", b"fcTL", b"fdAT"))
# The longest profile that a JPEG file holds is 16.7 MB.
_MOST_BYTES = 1 << 24
_MOST_TEXT_CHUNK = 1 << 26
_EXIF_KEYS = {"Author": 315, "Copyright": 33432, "Description": 270, "Title": 270, "Software": 305}
# ImageMagick notes EXIF fields, its own times and sizes as texts.
_NOTED_BY_PROGRAMS = re.compile(
    r"(exif|date|icc|png|jpeg|tiff|dng|xmp|photoshop|signature)\b|Thumb::|software$", re.I
)


@dataclass
class PngSource:
    """What a PNG file says beside its pixels.

    Attributes:
        picture: The file for a decoder.
        size: Width and height by IHDR.
        bit_depth, color_type, is_interlaced: Fields of IHDR.
        data: Offset in the file and size of each IDAT chunk's data.
        transparent: Samples that are transparent (tRNS of grey and RGB), None if there are none.
        exif, icc, xmp: Blocks, b"" if there are none.
        iptc: Photoshop resources, b"" if there are none.
        texts: Keyword and text, in order.
        description: Color description from the cICP chunk, None if there is none.
        has_narrow_range: Whether the cICP chunk says that black is 16 and white 235 of 255.
        gamma: Exponent from the gAMA chunk, None if there is none.
        has_srgb: Whether there is an sRGB chunk.
        primaries: CIE xy of red, green, blue and white from the cHRM chunk, None if there is none.
        density: (x, y, whether per meter) from the pHYs chunk.
        frames: How many pictures an animation has, 0 if there is none.
        is_frame: Whether the picture is an animation's first one, not one beside it for readers of still pictures.
        notes: What was damaged and left out.
    """

    picture: BinaryIO
    size: tuple[int, int] = (0, 0)
    bit_depth: int = 8
    color_type: int = 2
    is_interlaced: bool = False
    data: list[tuple[int, int]] = field(default_factory=list)
    transparent: tuple[int, ...] | None = None
    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    texts: list[tuple[str, str]] = field(default_factory=list)
    description: ColorDescription | None = None
    has_narrow_range: bool = False
    gamma: float | None = None
    has_srgb: bool = False
    primaries: tuple[tuple[float, float], ...] | None = None
    density: tuple[int, int, bool] | None = None
    frames: int = 0
    is_frame: bool = False
    notes: list[str] = field(default_factory=list)

    def profile(self) -> bytes:
        """Returns the profile of what cHRM and gAMA say, b"" if nothing or if a better statement is there."""
        if self.icc or self.has_srgb or self.description or not self.primaries:
            return b""
        if is_near(self.primaries, SRGB_PRIMARIES):
            return b""  # a gamma alone is for `has_own_gamma`
        gamma = None if self.gamma is None or abs(self.gamma - 0.45455) < 0.02 else 1 / self.gamma
        try:
            return matrix_profile("PNG cHRM", self.primaries, gamma)
        except (ValueError, OverflowError, struct.error):
            return b""


def read_png(file: BinaryIO) -> PngSource:
    """Returns what the file says; its pixels are not decoded. Damage is left to the decoder to tell."""
    file.seek(0)
    pieces: list[bytes | tuple[int, int]] = [file.read(8)]
    source = PngSource(file)
    position = 8
    while True:
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            pieces.append(header)
            break
        size, kind = int.from_bytes(header[:4], "big"), header[4:]
        is_ancillary = bool(kind[0] & 0x20)
        if kind in _PIXELS or not is_ancillary:
            pieces.append((position, size + 12))
            if kind == b"IHDR" and size >= 13:
                _read_header(source, file.read(13))
            elif kind == b"IDAT":
                source.data.append((position + 8, size))
        source.is_frame |= kind == b"fcTL" and not source.data
        is_read = is_ancillary and (kind not in _PIXELS or source.color_type in (0, 2))
        if is_read and size <= _MOST_TEXT_CHUNK:
            data = file.read(size)
            if kind not in _LEFT_TO_DECODER and file.read(4) != binascii.crc32(kind + data).to_bytes(
                4, "big"
            ):
                source.notes.append(f"its {kind.decode('ascii', 'replace')} chunk has a wrong checksum")
            _read_chunk(source, kind, data)
        if kind == b"IEND":
            break
        position += 12 + size
    source.picture = open_pieces(file, pieces)
    source.notes = list(dict.fromkeys(source.notes))
    return source


def _read_header(source: PngSource, data: bytes) -> None:
    width, height, source.bit_depth, source.color_type, interlace = struct.unpack(">IIBBxxB", data)
    source.size, source.is_interlaced = (width, height), interlace == 1


def _read_chunk(source: PngSource, kind: bytes, data: bytes) -> None:
    try:
        if kind in _READERS:
            _READERS[kind](source, data)
    except (ValueError, struct.error, zlib.error, IndexError):
        source.notes.append(f"its {kind.decode('ascii', 'replace')} chunk is damaged and was left out")


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    content = inflater.decompress(data, _MOST_BYTES)
    if inflater.unconsumed_tail:
        raise ValueError("more than 16 MB")
    return content


def _trns(source: PngSource, data: bytes) -> None:
    count = 1 if source.color_type == 0 else 3
    mask = (1 << source.bit_depth) - 1
    source.transparent = tuple(value & mask for value in struct.unpack_from(f">{count}H", data))


def _iccp(source: PngSource, data: bytes) -> None:
    source.icc = source.icc or _inflate(data[data.index(b"\0") + 2 :])


def _exif(source: PngSource, data: bytes) -> None:
    data = data.removeprefix(EXIF_PREFIX)
    if data[:4] in (b"II*\0", b"MM\0*"):
        source.exif = data
    elif data:
        raise ValueError("no EXIF")


def _cicp(source: PngSource, data: bytes) -> None:
    source.description = ColorDescription(data[0], data[1])
    source.has_narrow_range = len(data) > 3 and data[3] == 0


def _gama(source: PngSource, data: bytes) -> None:
    value = int.from_bytes(data[:4], "big") / 100000
    source.gamma = value if 0.05 < value < 20 else None


def _chrm(source: PngSource, data: bytes) -> None:
    values = [value / 100000 for value in struct.unpack_from(">8I", data)]
    white, *colors = ((values[i], values[i + 1]) for i in range(0, 8, 2))
    if all(0 < y < 1 and 0 < x < 1 for x, y in (white, *colors)):
        source.primaries = (*colors, white)


def _srgb(source: PngSource, data: bytes) -> None:
    source.has_srgb = True


def _phys(source: PngSource, data: bytes) -> None:
    x, y, unit = struct.unpack_from(">IIB", data)
    source.density = x, y, unit == 1


def _actl(source: PngSource, data: bytes) -> None:
    source.frames = max(0, int.from_bytes(data[:4], "big"))


def _text(source: PngSource, data: bytes) -> None:
    keyword, _, text = data.partition(b"\0")
    _add_text(source, keyword, text, "latin-1")


def _ztxt(source: PngSource, data: bytes) -> None:
    keyword, _, rest = data.partition(b"\0")
    _add_text(source, keyword, _inflate(rest[1:]), "latin-1")


def _itxt(source: PngSource, data: bytes) -> None:
    keyword, _, rest = data.partition(b"\0")
    is_compressed = rest[0] == 1
    _, _, rest = rest[2:].partition(b"\0")  # language
    _, _, text = rest.partition(b"\0")  # keyword in it
    _add_text(source, keyword, _inflate(text) if is_compressed else text, "utf-8")


def _add_text(source: PngSource, keyword: bytes, text: bytes, encoding: str) -> None:
    name = keyword.decode("latin-1").strip()
    if name == "XML:com.adobe.xmp":
        source.xmp = source.xmp or text
    elif name.startswith("Raw profile type "):
        _add_raw_profile(source, name.split()[-1].lower(), text)
    elif text.strip() and not _NOTED_BY_PROGRAMS.match(name):
        try:
            source.texts.append((name, text.decode(encoding)))
        except UnicodeDecodeError:
            source.texts.append((name, text.decode("latin-1")))
    elif name == "Software":
        source.texts.append((name, text.decode("latin-1")))


def _add_raw_profile(source: PngSource, kind: str, text: bytes) -> None:
    """Reads what ImageMagick and exiftool write: name, number of bytes, and the bytes in hexadecimal digits."""
    lines = text.strip().split(b"\n")
    content = bytes.fromhex(b"".join(lines[2:]).decode("ascii"))[: int(lines[1])]
    if kind in ("exif", "app1") and content.startswith(XMP_PREFIX):
        source.xmp = source.xmp or content.removeprefix(XMP_PREFIX)
    elif kind in ("exif", "app1") and not source.exif:
        _exif(source, content)
    elif kind == "xmp":
        source.xmp = source.xmp or content
    elif kind in ("icc", "icm"):
        source.icc = source.icc or content
    elif kind in ("8bim", "iptc"):
        content = content.removeprefix(b"Photoshop 3.0\0")
        source.iptc = source.iptc or content


_READERS = {
    b"tRNS": _trns,
    b"iCCP": _iccp,
    b"eXIf": _exif,
    b"cICP": _cicp,
    b"gAMA": _gama,
    b"cHRM": _chrm,
    b"sRGB": _srgb,
    b"pHYs": _phys,
    b"acTL": _actl,
    b"tEXt": _text,
    b"zTXt": _ztxt,
    b"iTXt": _itxt,
}
