"""The part of an AVIF picture that is to be shown (`clap`, ISO 14496-12): Pillow shows all of it, libheif the part."""

import struct
from fractions import Fraction

from jpegpre_tf.runtime.pictures.formats.container_metadata import boxes


def find_aperture(content: bytes, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Returns left, top, right and bottom of the part to show; None for the whole picture, or where it is not inside.

    Args:
        content: An AVIF or HEIC file.
        size: Width and height of the picture as decoded, not turned.
    """
    for payload in _properties_of_picture(content, b"clap"):
        if len(payload) < 32:
            return None
        numbers = struct.unpack(">IIIIiIiI", payload[:32])
        if not all(numbers[1::2]):
            return None
        width, height, x, y = (Fraction(numbers[i], numbers[i + 1]) for i in range(0, 8, 2))
        left = x + Fraction(size[0] - 1, 2) - (width - 1) / 2
        top = y + Fraction(size[1] - 1, 2) - (height - 1) / 2
        box = (round(left), round(top), round(left + width), round(top + height))
        is_inside = 0 <= box[0] < box[2] <= size[0] and 0 <= box[1] < box[3] <= size[1]
        return box if is_inside and box != (0, 0, *size) else None
    return None


def _properties_of_picture(content: bytes, wanted: bytes) -> list[bytes]:
    """Returns the properties of a kind of the primary item."""
    for kind, start, end in boxes(content, 0, len(content)):
        if kind != b"meta":
            continue
        inner = {name: (first, last) for name, first, last in boxes(content, start + 4, end)}
        if b"pitm" not in inner or b"iprp" not in inner:
            return []
        primary = _number(content, inner[b"pitm"][0] + 4, is_long=content[inner[b"pitm"][0]] > 0)
        properties: list[tuple[bytes, int, int]] = []
        found: list[bytes] = []
        for name, first, last in boxes(content, *inner[b"iprp"]):
            if name == b"ipco":
                properties = list(boxes(content, first, last))
            elif name == b"ipma":
                for index in _indices(content[first:last], primary):
                    if 0 < index <= len(properties) and properties[index - 1][0] == wanted:
                        found.append(content[slice(*properties[index - 1][1:])])
        return found
    return []


def _indices(associations: bytes, item: int) -> list[int]:
    """Returns the numbers of an item's properties in the content of an `ipma` box."""
    if len(associations) < 8:
        return []
    has_long_items, has_long_indices = associations[0] > 0, associations[3] & 1
    (count,) = struct.unpack_from(">I", associations, 4)
    at = 8
    for _ in range(count):
        if at + 5 > len(associations):
            break
        number = _number(associations, at, is_long=has_long_items)
        at += 4 if has_long_items else 2
        amount = associations[at]
        at += 1
        width = 2 if has_long_indices else 1
        indices = [
            int.from_bytes(associations[at + i * width : at + (i + 1) * width], "big") for i in range(amount)
        ]
        at += amount * width
        if number == item:
            return [index & (0x7FFF if has_long_indices else 0x7F) for index in indices]
    return []


def _number(content: bytes, at: int, *, is_long: bool) -> int:
    return int.from_bytes(content[at : at + (4 if is_long else 2)], "big")
