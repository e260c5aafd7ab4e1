"""Takes positions out of metadata blocks and leaves everything else, byte for byte, where it was."""

import re
import struct

_GPS_TAG = 0x8825
# Bytes of one value of each TIFF type 1..12.
_TYPE_BYTES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)
_EXIF_TAG, _MAKER_NOTE_TAG = 0x8769, 0x927C
# Directories that lie below another one, in each of which readers look for positions too.
_BELOW_TAGS = (_EXIF_TAG, 0x014A, 0xA005)
_MOST_DIRECTORIES = 32
# exif:GPSLatitude and its like, and the names of drone makers: drone-dji:GpsLatitude, GpsLongtitude, LRFTargetLon.
_POSITION = (
    rb"(?:\w*(?i:gps|latitude|longt?itude|geotag)\w*|(?:\w*[a-z0-9_])?(?:Lat|Lon|Lng|Long)|lat|lon|lng|long)"
)
_XMP_ATTRIBUTE = re.compile(rb"""\s[\w.-]+:""" + _POSITION + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""")
_XMP_ELEMENT = re.compile(
    rb"<([\w.-]+:" + _POSITION + rb")(?=[\s/>])[^>]*?(?:/>|(?<!/)>.*?</\1\s*>)", re.DOTALL
)
# Keywords that programs read positions from.
_XMP_KEYWORD = re.compile(rb"<rdf:li[^>]*>\s*geo:(?:lat|lon|long|lng)\s*=[^<]*</rdf:li\s*>")
_IPTC_RESOURCE, _IPTC_KEYWORD = 0x0404, b"\x1c\x02\x19"
_KEYWORD_POSITIONS = (b"geo:lat", b"geo:lon", b"geo:lng")
# Image resources of Photoshop that are metadata blocks of their own: EXIF 1 and 3, XMP.
_NESTED_RESOURCES = (0x0422, 0x0423, 0x0424)


def exif_without_gps(exif: bytes) -> bytes | None:
    """Returns the TIFF structure without its GPS directory; None if it is too damaged to be sure.

    Nothing moves, since maker notes and thumbnails are found by absolute offsets: the entry is taken out of
    its directory and the positions are overwritten with zeros.
    """
    data = bytearray(exif)
    try:
        order = {b"II": "<", b"MM": ">"}[bytes(data[:2])]
        ahead = list(struct.unpack_from(order + "I", data, 4))
        seen: set[int] = set()
        # The first directory is the picture's, the next one the thumbnail's.
        while ahead and len(seen) < _MOST_DIRECTORIES:
            directory = ahead.pop()
            if directory and directory not in seen:
                seen.add(directory)
                ahead += _clean_directory(data, order, directory)
    except (KeyError, struct.error, IndexError):
        return None
    return bytes(data)


def _clean_directory(data: bytearray, order: str, start: int) -> list[int]:
    """Removes GPS entries from the directory at `start`; returns offsets of the next directory and those below."""
    (count,) = struct.unpack_from(order + "H", data, start)
    first = start + 2
    entries = [bytes(data[first + 12 * i : first + 12 * i + 12]) for i in range(count)]
    if any(len(entry) < 12 for entry in entries):
        raise IndexError
    link = first + 12 * count
    # Some writers leave out the last link, at the end of the block.
    following = struct.unpack_from(order + "I", data, link)[0] if link + 4 <= len(data) else 0
    kept = [entry for entry in entries if struct.unpack_from(order + "H", entry)[0] != _GPS_TAG]
    for entry in entries:
        if entry not in kept:
            _zero_directory(data, order, struct.unpack_from(order + "I", entry, 8)[0])
    if len(kept) < count:
        block = struct.pack(order + "H", len(kept)) + b"".join(kept) + struct.pack(order + "I", following)
        data[start : link + 4] = block.ljust(link + 4 - start, b"\0")[: len(data) - start]
    return [following, *_directories_below(data, order, kept)]


def _directories_below(data: bytearray, order: str, entries: list[bytes]) -> list[int]:
    """Returns the offsets of the directories that entries of a directory point to."""
    offsets: list[int] = []
    for entry in entries:
        tag, _, count, value = struct.unpack(order + "HHII", entry)
        if tag in _BELOW_TAGS and count == 1:
            offsets.append(value)
        elif tag in _BELOW_TAGS:
            offsets += struct.unpack_from(f"{order}{min(count, _MOST_DIRECTORIES)}I", data, value)
    return offsets


def _zero_directory(data: bytearray, order: str, start: int) -> None:
    (count,) = struct.unpack_from(order + "H", data, start)
    for i in range(count):
        entry = start + 2 + 12 * i
        _, kind, values, offset = struct.unpack_from(order + "HHII", data, entry)
        size = _TYPE_BYTES[kind] * values if kind < len(_TYPE_BYTES) else 0
        if size > 4:
            if offset + size > len(data):
                raise IndexError
            data[offset : offset + size] = bytes(size)
        data[entry : entry + 12] = bytes(12)
    data[start : start + 2] = bytes(2)


def exif_without_maker_notes(exif: bytes) -> tuple[bytes, bool]:
    """Returns a TIFF structure, which must not be damaged, without maker notes, and whether it had any.

    Nothing moves: the notes are overwritten with zeros and their entry is taken out.
    """
    data = bytearray(exif)
    order = "<" if data[:2] == b"II" else ">"
    found = False
    try:
        (directory,) = struct.unpack_from(order + "I", data, 4)
        at = _entry_at(data, order, directory, _EXIF_TAG)
        if at is None:
            return exif, False
        (directory,) = struct.unpack_from(order + "I", data, at + 8)
        while (at := _entry_at(data, order, directory, _MAKER_NOTE_TAG)) is not None:
            found = True
            _, kind, values, offset = struct.unpack_from(order + "HHII", data, at)
            size = _TYPE_BYTES[kind] * values if kind < len(_TYPE_BYTES) else values
            if size > 4:
                data[offset : offset + size] = bytes(len(data[offset : offset + size]))
            (count,) = struct.unpack_from(order + "H", data, directory)
            end = directory + 2 + 12 * count
            data[at : end - 12] = data[at + 12 : end]
            # The link behind the entries moves up too.
            data[end - 12 : end - 8] = data[end : end + 4].ljust(4, b"\0")
            struct.pack_into(order + "H", data, directory, count - 1)
    except (struct.error, IndexError):
        return bytes(data), found
    return bytes(data), found


def _entry_at(data: bytearray, order: str, directory: int, tag: int) -> int | None:
    (count,) = struct.unpack_from(order + "H", data, directory)
    for at in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", data, at)[0] == tag:
            return at
    return None


def xmp_without_gps(xmp: bytes) -> bytes | None:
    """Returns the packet without properties named GPS; None if some might be left (another encoding)."""
    cleaned = _XMP_KEYWORD.sub(b"", _XMP_ELEMENT.sub(b"", _XMP_ATTRIBUTE.sub(b"", xmp)))
    squeezed = cleaned.replace(b"\0", b"").lower()  # UTF-16 and UTF-32 too
    return None if b"gpsl" in squeezed else cleaned


def photoshop_without_gps(payload: bytes) -> bytes | None:
    """Returns an APP13 payload without the EXIF and XMP blocks inside; None if it cannot be read."""
    prefix = b"Photoshop 3.0\0"
    if not payload.startswith(prefix):
        return None
    kept, position = [prefix], len(prefix)
    while position < len(payload):
        if payload[position : position + 4] != b"8BIM" or position + 7 > len(payload):
            return None
        name_bytes = 1 + payload[position + 6]
        size_at = position + 6 + name_bytes + name_bytes % 2
        size = int.from_bytes(payload[size_at : size_at + 4], "big")
        end = size_at + 4 + size
        if end > len(payload):
            return None
        end += size % 2
        resource = int.from_bytes(payload[position + 4 : position + 6], "big")
        if resource == _IPTC_RESOURCE:
            records = _iptc_without_positions(payload[size_at + 4 : size_at + 4 + size])
            kept.append(payload[position:size_at] + struct.pack(">I", len(records)) + records)
            kept.append(bytes(len(records) % 2))
        elif resource not in _NESTED_RESOURCES:
            kept.append(payload[position:end])
        position = end
    return b"".join(kept)


def _iptc_without_positions(records: bytes) -> bytes:
    """Returns IPTC records without keywords that state a position; as they are from where they cannot be read."""
    kept, at = [], 0
    while records[at : at + 1] == b"\x1c" and at + 5 <= len(records):
        size = int.from_bytes(records[at + 3 : at + 5], "big")
        end = at + 5 + size
        # From 32,768 on the number says how many bytes the size has.
        if size > 0x7FFF or end > len(records):
            break
        is_keyword = records[at : at + 3] == _IPTC_KEYWORD
        if not (is_keyword and records[at + 5 : end].strip().lower().startswith(_KEYWORD_POSITIONS)):
            kept.append(records[at:end])
        at = end
    return b"".join(kept) + records[at:]
