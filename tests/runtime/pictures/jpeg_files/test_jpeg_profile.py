"""Colour profiles of JPEG files in several segments, not all of them in order."""

import struct

import pytest

from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from jpegpre_tf.runtime.pictures.pixels.color_description import ColorDescription
from tests.runtime.pictures.made_files import insert, photo, saved, tags

PLAIN = saved(photo(), "JPEG", quality=90)
_SMALL = ColorDescription(12, 13).profile()
# As long as three segments; its size, the first four bytes, says so.
PROFILE = struct.pack(">I", len(_SMALL) + 150_000) + _SMALL[4:] + bytes(150_000)
PARTS = PROFILE[:65_000], PROFILE[65_000:130_000], PROFILE[130_000:]


def with_parts(*parts: tuple[int, int, bytes]) -> bytes:
    return insert(
        PLAIN, *((0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + data) for number, count, data in parts)
    )


FIRST, SECOND, THIRD = ((number, 3, part) for number, part in enumerate(PARTS, 1))


@pytest.mark.codec
@pytest.mark.parametrize(
    "parts",
    [
        (FIRST, SECOND, THIRD),
        (THIRD, FIRST, SECOND),
        (FIRST, SECOND, SECOND, THIRD),
        [(number, 1, part) for number, part in enumerate(PARTS, 1)],
        [(number, 3, part) for number, part in enumerate(PARTS)],
    ],
    ids=["in order", "mixed", "one twice", "miscounted", "from zero"],
)
def test_all_parts_are_joined(parts):
    picture = open_content(with_parts(*parts))
    assert picture.metadata.icc == PROFILE and picture.notes == ()
    written = insert_metadata(PLAIN, picture.metadata)
    assert (
        tags(written, "-s3", "-ProfileDescription")
        == tags(insert(PLAIN, (0xE2, b"ICC_PROFILE\0\1\1" + _SMALL)), "-s3", "-ProfileDescription")
        != ""
    )


@pytest.mark.parametrize(
    "parts",
    [(FIRST, THIRD), (FIRST, SECOND), (FIRST, SECOND, (2, 3, PARTS[2]), THIRD), [(1, 0, b"x")]],
    ids=["gap", "short", "two of a number", "no profile"],
)
def test_an_incomplete_profile_is_named(parts):
    picture = open_content(with_parts(*parts))
    assert picture.metadata.icc == b"" and "profile is incomplete" in picture.notes[0]
    assert open_content(with_parts(*parts)).pixels.shape == photo().shape
