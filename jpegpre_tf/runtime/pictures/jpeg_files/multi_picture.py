"""Further pictures behind a JPEG picture: the MPF index (CIPA DC-007) that says where they are."""

import struct
from collections.abc import Callable

MPF_PREFIX = b"MPF\0"
_ENTRIES_TAG = 0xB002
_ENTRY_BYTES = 16


def relative_index(payload: bytes, header_at: int, end: int, trailer_bytes: int) -> bytes | None:
    """Returns an MPF payload whose offsets count from the end of the first picture.

    Args:
        payload: Payload of the APP2 segment, with its prefix.
        header_at: Offset in the file of the payload's TIFF header, from which its offsets count.
        end: Offset in the file just after the first picture.
        trailer_bytes: Bytes that follow it.

    Returns:
        None if the index is damaged or names a picture outside the trailer.
    """

    def moved(offset: int, size: int) -> int | None:
        inside = header_at + offset - end
        return inside if inside >= 0 and inside + size <= trailer_bytes else None

    return _rewritten(payload, first_size=0, moved=moved)


def absolute_index(payload: bytes, header_at: int, end: int) -> bytes:
    """The inverse of `relative_index`, for a file in which the first picture ends elsewhere."""
    rewritten = _rewritten(payload, first_size=end, moved=lambda offset, size: end + offset - header_at)
    return payload if rewritten is None else rewritten


def _rewritten(payload: bytes, first_size: int, moved: Callable[[int, int], int | None]) -> bytes | None:
    """Returns the payload with every entry's offset replaced by `moved(offset, size)`."""
    header = bytearray(payload[len(MPF_PREFIX) :])
    try:
        order = {b"II": "<", b"MM": ">"}[bytes(header[:2])]
        (directory,) = struct.unpack_from(order + "I", header, 4)
        (count,) = struct.unpack_from(order + "H", header, directory)
        for i in range(count):
            tag, _, size, start = struct.unpack_from(order + "HHII", header, directory + 2 + 12 * i)
            if tag == _ENTRIES_TAG:
                break
        else:
            return None
        for number in range(size // _ENTRY_BYTES):
            at = start + _ENTRY_BYTES * number
            picture_bytes, offset = struct.unpack_from(order + "II", header, at + 4)
            if number == 0:
                struct.pack_into(order + "II", header, at + 4, first_size, 0)
                continue
            if not picture_bytes and not offset:
                continue
            new_offset = moved(offset, picture_bytes)
            if new_offset is None:
                return None
            struct.pack_into(order + "II", header, at + 4, picture_bytes, new_offset)
    except (KeyError, struct.error):
        return None
    return MPF_PREFIX + bytes(header)
