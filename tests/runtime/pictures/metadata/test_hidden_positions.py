"""Positions where few programs write them and exiftool finds them."""

import struct

import pytest

from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from tests.runtime.pictures.made_files import insert, photo, saved, tags, tiff, witness


def exif_with_positions_below(tag: int, order: str) -> bytes:
    """EXIF whose GPS directory hangs on one that lies below the first, by tag: exiftool finds it there."""

    def directory(at: int, *entries: tuple[int, int, int, bytes]) -> bytes:
        table, extra = struct.pack(order + "H", len(entries)), b""
        for name, kind, count, data in entries:
            table += struct.pack(order + "HHI", name, kind, count)
            where = at + 2 + 12 * len(entries) + 4 + len(extra)
            table += data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(order + "I", where)
            extra += data if len(data) > 4 else b""
        return table + bytes(4) + extra

    gps = directory(8, (1, 2, 2, b"N\0"), (2, 5, 3, struct.pack(order + "6I", 12, 1, 34, 1, 56, 1)))
    between_at = 8 + len(gps)
    between = directory(
        between_at,
        (0x9003, 2, 20, b"2024:01:01 00:00:00\0"),
        (0x8825, 4, 1, struct.pack(order + "I", 8)),
    )
    return tiff({0x010F: (2, b"Maker\0"), tag: (4, [between_at])}, gps + between, order)


@pytest.mark.codec
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tag", [0x8769, 0x014A])
def test_positions_in_directories_below_go(tag, order):
    content = insert(saved(photo(), "JPEG"), (0xE1, b"Exif\0\0" + exif_with_positions_below(tag, order)))
    metadata = open_content(content).metadata
    assert "12 deg" in tags(content, "-GPSLatitude")
    result = insert_metadata(saved(photo(), "JPEG"), metadata.without_gps()[0])
    assert tags(result, "-GPS:all", "-Warning") == "" and "Maker" in tags(result, "-Make")
    assert ("2024" in tags(result, "-DateTimeOriginal")) == ("2024" in tags(content, "-DateTimeOriginal"))


@pytest.mark.codec
def test_positions_below_in_a_tiff_are_carried_and_go_too():
    exif = exif_with_positions_below(0x8769, "<")
    layout = {
        256: (4, [96]),
        257: (4, [64]),
        258: (3, [8, 8, 8]),
        259: (3, [1]),
        262: (3, [2]),
        277: (3, [3]),
    }
    (first,) = struct.unpack_from("<I", exif, 4)
    below = exif[8:first]
    pixels = photo().tobytes()
    strips = {273: (4, [8 + len(below)]), 278: (4, [64]), 279: (4, [len(pixels)])}
    at = exif.index(struct.pack("<HHH", 2, 0x9003, 2))
    content = tiff(layout | strips | {0x010F: (2, b"Maker\0"), 0x8769: (4, [at])}, below + pixels)
    for choice, expected in (("keep", "12 deg"), ("strip-gps", "")):
        metadata, _ = open_content(content).metadata.select(choice)
        said = tags(insert_metadata(saved(photo(), "JPEG"), metadata), "-GPSLatitude", "-Warning")
        assert expected in said if expected else said == ""


@pytest.mark.codec
def test_keywords_that_state_a_position_go():
    words = ("geo:lat=12.5", "geo:lon=1.5", "cat")
    options = [f"-{group}={word}" for group in ("iptc:keywords", "xmp-dc:subject") for word in words]
    content = witness("exiftool", *options, "-iptc:city=Rome", "-", stdin=saved(photo(), "JPEG"))
    metadata = open_content(content).metadata.without_gps()[0]
    said = tags(insert_metadata(saved(photo(), "JPEG"), metadata), "-s3", "-Keywords", "-Subject", "-City")
    assert said.splitlines() == ["cat", "cat", "Rome"]
