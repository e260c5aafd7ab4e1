"""The directories of TIFF files, value by value as bytes: nothing is decoded that is only to be carried."""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

# Bytes of one value of each type.
_TYPE_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_LETTERS = {
    1: "B",
    3: "H",
    4: "I",
    6: "b",
    8: "h",
    9: "i",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
}
EXIF, GPS, INTEROP = 34665, 34853, 40965
_POINTERS = (EXIF, GPS, INTEROP)
_MOST_VALUE_BYTES = 1 << 24
# EXIF 2.32, tables 3 and 4: description, maker, model, orientation, resolution, software, date, artist, host,
# copyright. Then names of document and page, ratings, and what Windows writes (title, comment, author, keywords,
# subject). All others say how the file's own pixels are stored, wrong in any other file.
_OF_EXIF = (270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 33432, EXIF, GPS)
_OF_PROGRAMS = (269, 285, 18246, 18249, 40091, 40092, 40093, 40094, 40095)
CARRIED = frozenset((*_OF_EXIF, *_OF_PROGRAMS))


@dataclass(frozen=True)
class Value:
    """One entry: its type, how many values, and their bytes in the file's order."""

    kind: int
    count: int
    data: bytes


@dataclass(frozen=True)
class Directory:
    """One directory of a TIFF file.

    Attributes:
        order: "<" or ">".
        values: Values of each tag.
        following: Offset of the next directory, 0 if there is none.
    """

    order: str
    values: dict[int, Value]
    following: int

    def numbers(self, tag: int) -> list[float]:
        """Returns a tag's values, rationals as fractions; empty if it is not there."""
        value = self.values.get(tag)
        if value is None:
            return []
        if value.kind in (5, 10):
            letter = "I" if value.kind == 5 else "i"
            flat = struct.unpack(f"{self.order}{2 * value.count}{letter}", value.data)
            return [a / b if b else 0.0 for a, b in zip(flat[::2], flat[1::2], strict=True)]
        letter = _LETTERS.get(value.kind, "B")
        return list(struct.unpack(f"{self.order}{value.count}{letter}", value.data))

    def integer(self, tag: int, default: int) -> int:
        """Returns the first value of a tag."""
        found = self.numbers(tag)
        return int(found[0]) if found else default


def read_directory(file: BinaryIO, offset: int | None = None) -> Directory:
    """Returns a directory of a TIFF or BigTIFF file, the first one unless an offset is given.

    Raises:
        ValueError, struct.error, KeyError: If there is none.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    header = file.read(16)
    order = {b"II": "<", b"MM": ">"}[header[:2]]
    (version,) = struct.unpack_from(order + "H", header, 2)
    is_big = version == 43
    if offset is None:
        (offset,) = struct.unpack_from(order + ("Q" if is_big else "I"), header, 8 if is_big else 4)
    file.seek(offset)
    (count,) = struct.unpack(order + ("Q" if is_big else "H"), file.read(8 if is_big else 2))
    if count > 4096:
        raise ValueError("a TIFF directory is damaged")
    entry_bytes, inline = (20, 8) if is_big else (12, 4)
    entries = file.read(count * entry_bytes)
    link = file.read(8 if is_big else 4)
    values: dict[int, Value] = {}
    for start in range(0, len(entries) - entry_bytes + 1, entry_bytes):
        tag, kind, amount = struct.unpack_from(order + ("HHQ" if is_big else "HHI"), entries, start)
        size = _TYPE_BYTES.get(kind, 0) * amount
        if not 0 < size <= min(_MOST_VALUE_BYTES, size_bytes):
            continue
        pointer = entries[start + entry_bytes - inline : start + entry_bytes]
        if size <= inline:
            data = pointer[:size]
        else:
            file.seek(struct.unpack(order + ("Q" if is_big else "I"), pointer)[0])
            data = file.read(size)
        if len(data) == size:
            values.setdefault(tag, Value(kind, amount, data))
    letter = "Q" if is_big else "I"
    following = struct.unpack(order + letter, link)[0] if len(link) == struct.calcsize(letter) else 0
    return Directory(order, values, following)


def exif_of(file: BinaryIO, directory: Directory, *, is_turned: bool) -> bytes:
    """Returns an EXIF block of what a TIFF file says beside its layout, b"" if that is nothing.

    Args:
        file: The file.
        directory: First directory of the file.
        is_turned: Pixels were turned already by the orientation, which is left out.
    """
    values = {tag: value for tag, value in directory.values.items() if tag in CARRIED}
    if is_turned:
        values.pop(274, None)
    return exif_block(directory.order, values, _read_below(file, directory))


def _read_below(file: BinaryIO, directory: Directory) -> dict[int, Directory]:
    found = {}
    for tag in _POINTERS:
        offset = directory.integer(tag, 0)
        if offset:
            try:
                found[tag] = read_directory(file, offset)
            except (ValueError, struct.error, KeyError):
                continue
    for tag in (INTEROP, GPS):  # of which the latter lies there by mistake, and readers find it
        offset = found[EXIF].integer(tag, 0) if EXIF in found and tag not in found else 0
        if offset:
            try:
                found[tag] = read_directory(file, offset)
            except (ValueError, struct.error, KeyError):
                continue
    return found


def exif_block(order: str, values: dict[int, Value], below: dict[int, Directory] | None = None) -> bytes:
    """Returns a TIFF structure of a directory and those that it points to; b"" if there are no values."""
    below = below or {}
    values = {tag: value for tag, value in values.items() if tag not in _POINTERS}
    if not values and not below:
        return b""
    block = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8))
    interop = {INTEROP: below[INTEROP]} if INTEROP in below else {}
    pointers = {tag: item.values for tag, item in below.items() if tag != INTEROP}
    _append(block, order, values, pointers, interop)
    return bytes(block)


def _append(
    block: bytearray,
    order: str,
    values: dict[int, Value],
    pointers: dict[int, dict[int, Value]],
    interop: dict[int, Directory],
) -> None:
    """Appends a directory, its values, and the directories that it points to."""
    values = {tag: value for tag, value in values.items() if tag not in _POINTERS}
    tags = sorted((*values, *pointers))
    start = len(block)
    block += struct.pack(order + "H", len(tags)) + bytes(12 * len(tags) + 4)
    for number, tag in enumerate(tags):
        at = start + 2 + 12 * number
        if tag in pointers:
            struct.pack_into(order + "HHII", block, at, tag, 4, 1, len(block))
            inner = {INTEROP: interop[INTEROP].values} if tag == EXIF and interop else {}
            _append(block, order, pointers[tag], inner, {})
            continue
        value = values[tag]
        struct.pack_into(order + "HHI", block, at, tag, value.kind, value.count)
        if len(value.data) <= 4:
            block[at + 8 : at + 8 + len(value.data)] = value.data
        else:
            struct.pack_into(order + "I", block, at + 8, len(block))
            block += value.data + bytes(len(value.data) % 2)


def text_value(text: str) -> Value:
    """Returns a text as EXIF holds it: UTF-8 where ASCII will not do, as all programs write it."""
    data = text.encode() + b"\0"
    return Value(2, len(data), data)
