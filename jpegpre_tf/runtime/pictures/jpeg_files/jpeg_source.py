"""What a JPEG file that is an input tells about how it was made, and how to keep it as it is."""

import functools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.files.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    APP14,
    APP15,
    COM,
    SOI,
    JpegSegments,
    late_segments,
    segment,
)
from jpegpre_tf.runtime.pictures.jpeg_files.made_file import (
    JFIF_BYTES,
    MadeMark,
    find_mark,
    read_mark,
    without_thumbnail,
)
from jpegpre_tf.runtime.pictures.jpeg_files.multi_picture import MPF_PREFIX, relative_index
from jpegpre_tf.runtime.pictures.metadata.metadata import (
    EXIF_PREFIX,
    ICC_PREFIX,
    XMP_PREFIX,
    Metadata,
    metadata_segments,
)

_SAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}
_QUALITIES = range(1, 101)
# A segment that is nearly as long as can be.
_FULL_BYTES = 60_000


@dataclass(frozen=True)
class JpegSource:
    """How a JPEG input was encoded.

    Attributes:
        quality: 1..100, of libjpeg's tables the nearest to the file's.
        is_exact: The tables are those of `quality`; other encoders have tables of their own.
        subsampling: "4:2:0", "4:2:2", "4:4:4", another such name, or "" for grey and uncommon ones.
        is_progressive: Not baseline.
        size_bytes: Size of the whole file.
        segments: Where its parts are.
        late: Where segments of metadata lie between its scans: first and last byte (exclusive) of each.
        made: What an earlier run did if the file is a result of one; None if it is not known to be.
    """

    quality: int
    is_exact: bool
    subsampling: str
    is_progressive: bool
    size_bytes: int
    segments: JpegSegments
    late: tuple[tuple[int, int], ...] = ()
    made: MadeMark | None = None


def describe_jpeg(image: Image.Image, content: bytes, segments: JpegSegments) -> JpegSource:
    """Returns how an opened JPEG file was encoded."""
    quality, is_exact = nearest_quality(image.quantization)
    layers = [tuple(layer[1:3]) for layer in getattr(image, "layer", [])]
    subsampling = _SAMPLINGS.get(layers[0], "") if len(layers) == 3 and layers[1:] == [(1, 1)] * 2 else ""
    is_progressive = bool(image.info.get("progressive") or image.info.get("progression"))
    late = late_segments(content, segments)
    made = find_mark(segments, image.quantization)
    return JpegSource(quality, is_exact, subsampling, is_progressive, len(content), segments, late, made)


def nearest_quality(tables: dict[int, list[int]]) -> tuple[int, bool]:
    """Returns libjpeg's quality 1..100 whose tables are nearest in ratio, and whether they are equal.

    Args:
        tables: Table number -> 64 entries in natural order; 0 is taken for luma, 1 for chroma.
    """
    found = np.array([tables[key] for key in sorted(tables)[:2]], np.float64).clip(1)
    standard = _standard_tables()[:, : len(found)]
    errors = np.abs(np.log(standard / found)).sum(axis=(1, 2))
    # From the top: at the lowest qualities several numbers have the same tables.
    best = 100 - int(np.argmin(errors[::-1]))
    return best, bool(errors[best - 1] == 0)


@functools.cache
def _standard_tables() -> npt.NDArray[np.float64]:
    """libjpeg's tables at qualities 1..100, `(100, 2, 64)`, natural order; read-only."""
    tables = [np.stack(jpeg.quantization_tables(quality)).reshape(2, 64) for quality in _QUALITIES]
    stacked = np.stack(tables).astype(np.float64)
    stacked.flags.writeable = False
    return stacked


def jpeg_metadata(
    content: bytes, segments: JpegSegments, known: Metadata
) -> tuple[Metadata, tuple[str, ...]]:
    """Returns a JPEG file's metadata with all that can be carried, and notes on what cannot be.

    Not carried: what belongs to the old encoding (JFIF, Adobe) and signatures over the old bytes.

    Args:
        content: The file.
        segments: Segments of the JPEG file.
        known: What Pillow found: colour profile, comments and Photoshop's segments are taken from it.
    """
    exif = xmp = b""
    exif_parts = 0
    others: list[tuple[int, bytes]] = []
    notes: list[str] = []
    trailer = content[segments.end :]
    late = [(content[start + 1], content[start + 4 : end]) for start, end in late_segments(content, segments)]
    comments = (*known.comments, *(payload for marker, payload in late if marker == COM))
    photoshop = (*known.photoshop, *(payload for marker, payload in late if marker == APP13))
    previous = b""
    for marker, payload in (*segments.head, *late):
        before, previous = previous, payload
        if marker == APP1 and payload.startswith(EXIF_PREFIX) and not exif:
            exif, exif_parts = payload.removeprefix(EXIF_PREFIX), 1
        elif exif_parts and _continues_exif(before, payload):
            exif, exif_parts = exif + payload.removeprefix(EXIF_PREFIX), exif_parts + 1
        elif marker == APP1 and payload.startswith(XMP_PREFIX) and not xmp:
            xmp = payload.removeprefix(XMP_PREFIX)
        elif marker == APP2 and payload.startswith(MPF_PREFIX):
            at = content.find(segment(marker, payload)) + 4 + len(MPF_PREFIX)
            index = relative_index(payload, at, segments.end, len(trailer))
            if index is None:
                notes.append("the index of further pictures is damaged: they were dropped")
                trailer = b""
            else:
                others.append((marker, index))
        elif marker == APP11:
            notes.append(f"{_name_app11(payload)} of the old bytes: dropped")
        elif APP1 <= marker <= APP15 and marker not in (APP13, APP14) and not payload.startswith(ICC_PREFIX):
            others.append((marker, payload))
        elif marker == APP0 and payload.startswith(b"JFXX"):
            notes.append("the JFXX thumbnail was dropped")
        elif (
            marker == APP0
            and payload.startswith(b"JFIF\0")
            and len(payload) > JFIF_BYTES
            and not read_mark(payload)
        ):
            notes.append("the thumbnail in the JFIF header was dropped")
    icc = known.icc or _join_profile([payload for marker, payload in segments.head if marker == APP2])
    if icc is None:
        icc = b""
        notes.append("its colour profile is incomplete: dropped")
    metadata = replace(
        known,
        icc=icc,
        exif=exif,
        exif_parts=max(exif_parts, 1),
        xmp=xmp,
        photoshop=photoshop,
        comments=comments,
        others=tuple(others),
        trailer=trailer,
    )
    return metadata, tuple(dict.fromkeys(notes))


def _join_profile(payloads: list[bytes]) -> bytes | None:
    """Returns the profile in segments whose count is wrong, or which are there twice; None if a part is missing."""
    parts: dict[int, bytes] = {}
    at = len(ICC_PREFIX) + 2
    for payload in payloads:
        is_part = payload.startswith(ICC_PREFIX) and len(payload) >= at
        if is_part and parts.setdefault(payload[at - 2], payload[at:]) != payload[at:]:
            return None
    if not parts:
        return b""
    joined = b"".join(parts[number] for number in sorted(parts))
    has_gap = sorted(parts) != list(range(min(parts), min(parts) + len(parts)))
    is_whole = joined[36:40] == b"acsp" and int.from_bytes(joined[:4], "big") <= len(joined)
    return joined if is_whole and not has_gap else None


def _name_app11(payload: bytes) -> str:
    """Says what an APP11 segment holds: a part of a box (JPEG Systems, ISO 19566-5), or an older format's data."""
    kind = payload[12:16] if payload[:2] == b"JP" else b""
    # Parts of one box but the first do not say whose they are.
    is_later_part = kind == b"jumb" and int.from_bytes(payload[4:8], "big") > 1
    if b"c2pa" in payload or is_later_part:
        return "content credentials (APP11) are"
    if kind == b"jumb":
        return "JUMBF boxes (APP11) are"
    if kind or payload.startswith(b"HDR_RI"):
        return "what APP11 adds to the picture (HDR, alpha: JPEG XT and its like) is"
    return "an APP11 segment is"


def _continues_exif(before: bytes, payload: bytes) -> bool:
    """Whether a segment goes on where a full one ended: exiftool writes EXIF of more than 64 kB so."""
    is_second = before.startswith(EXIF_PREFIX) and payload.startswith(EXIF_PREFIX)
    return is_second and len(before) > _FULL_BYTES and payload[6:10] not in (b"II*\0", b"MM\0*")


def copy_with_metadata(content: bytes, source: JpegSource, choice: str, carried: Metadata) -> bytes:
    """Returns the file with its picture untouched and the metadata that `choice` leaves.

    Args:
        content: The JPEG file.
        source: Description of that file.
        choice: One of METADATA_CHOICES; "keep" returns `content` itself.
        carried: What of its metadata is carried by `choice`.
    """
    if choice == "keep":
        return content
    first, rest = _needed(source)
    scans, position = [], source.segments.scan_start
    for start, end in source.late:
        scans.append(content[position:start])
        position = end
    scans.append(content[position : source.segments.end])
    return b"".join((SOI, *first, metadata_segments(carried), *rest, *scans))


def size_with_metadata(source: JpegSource, choice: str, carried: Metadata) -> int:
    """Returns how many bytes `copy_with_metadata` gives."""
    if choice == "keep":
        return source.size_bytes
    parts = [SOI, metadata_segments(carried), *(part for group in _needed(source) for part in group)]
    late_bytes = sum(end - start for start, end in source.late)
    return sum(map(len, parts)) + source.segments.end - source.segments.scan_start - late_bytes


def _needed(source: JpegSource) -> tuple[list[bytes], list[bytes]]:
    """Returns the segments that are no metadata: the headers that say how to read samples, and the coding."""
    head = source.segments.head
    headers = [item for item in head if item[0] == APP14]
    jfif = [item[1] for item in head if item[0] == APP0 and item[1].startswith(b"JFIF\0")]
    if jfif:
        headers.insert(0, (APP0, without_thumbnail(jfif[0])))
    coding = [item for item in head if _is_coding(item[0])]
    return [segment(*item) for item in headers], [segment(*item) for item in coding]


def _is_coding(marker: int) -> bool:
    return marker < 0xE0 and marker != COM
