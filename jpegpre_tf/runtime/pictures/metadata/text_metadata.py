"""Texts of PNG files, and IPTC of TIFF files, as JPEG files hold them."""

import io
import struct

from jpegpre_tf.jpeg.files.segments import MOST_PAYLOAD
from jpegpre_tf.runtime.pictures.formats.tiff_directory import (
    EXIF,
    INTEROP,
    Directory,
    Value,
    exif_block,
    read_directory,
    text_value,
)

# What EXIF has a field for; the first of those that share one wins.
_EXIF_TAGS = {
    "author": 315,
    "artist": 315,
    "copyright": 33432,
    "description": 270,
    "title": 270,
    "software": 305,
}
_PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404


def with_texts(exif: bytes, texts: list[tuple[str, str]]) -> tuple[bytes, tuple[bytes, ...], tuple[str, ...]]:
    """Returns EXIF and comments that hold the texts, and notes on what does not fit.

    Where there is no EXIF, fields of it are made for author, copyright, description and software. An existing one is
    not written anew, since maker notes would move: all goes into a comment, one line for each text.
    """
    values: dict[int, Value] = {}
    lines = []
    for keyword, text in texts:
        tag = _EXIF_TAGS.get(keyword.lower())
        if not exif and tag is not None and tag not in values and len(text) < 4096:
            values[tag] = text_value(text)
        elif keyword.lower() == "comment":
            lines.append(text)
        else:
            lines.append(f"{keyword}: {text}")
    comment = "\n".join(lines).encode()
    block = exif or exif_block("<", values)
    if len(comment) > MOST_PAYLOAD:
        return block, (), ("texts of more than 64 kB do not fit a JPEG file: dropped",)
    return block, (comment,) if comment else (), ()


def photoshop_segments(iptc: bytes, resources: bytes) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Returns payloads of an APP13 segment with IPTC records and Photoshop's resources, and notes on what does not fit.

    Args:
        iptc: Records of IPTC-IIM, b"" if there are none.
        resources: Photoshop's, which may hold IPTC themselves, b"" if there are none.
    """
    own = (
        b"8BIM"
        + struct.pack(">HH", _IPTC_RESOURCE, 0)
        + struct.pack(">I", len(iptc))
        + iptc
        + bytes(len(iptc) % 2)
    )
    if resources and b"8BIM\x04\x04" in resources:
        own = b""
    both = _PHOTOSHOP + (own if iptc else b"") + resources
    if both == _PHOTOSHOP:
        return (), ()
    if len(both) <= MOST_PAYLOAD:
        return (both,), ()
    note = "Photoshop's resources of more than 64 kB do not fit a JPEG file"
    if not iptc or len(_PHOTOSHOP + own) > MOST_PAYLOAD or not own:
        return (), (f"{note}: dropped",)
    return (_PHOTOSHOP + own,), (f"{note}: only IPTC was kept",)


def is_adobe_rgb(exif: bytes) -> bool:
    """Whether EXIF states Adobe RGB: by the file's name for other programs (DCF 2.0, "R03"), or by number."""
    try:
        file = io.BytesIO(exif)
        inner = read_directory(file, _pointer(read_directory(file), EXIF))
        if inner.integer(40961, 0) == 2:
            return True
        interop = read_directory(file, _pointer(inner, INTEROP))
    except (ValueError, KeyError, struct.error):
        return False
    return 1 in interop.values and interop.values[1].data[:3] == b"R03"


def _pointer(directory: Directory, tag: int) -> int:
    offset = directory.integer(tag, 0)
    if not offset:
        raise KeyError(tag)
    return offset
