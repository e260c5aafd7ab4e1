"""Metadata and colours of TIFF, GIF, AVIF, HEIC, PGM and odd JPEG files, read back by exiftool."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from jpegpre_tf.jpeg.files.segments import read_segments
from jpegpre_tf.runtime.pictures.decode import decode_file
from jpegpre_tf.runtime.pictures.jpeg_files.jpeg_source import copy_with_metadata, size_with_metadata
from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from jpegpre_tf.runtime.pictures.pixels.color_description import ColorDescription, matrix_profile
from tests.runtime.pictures.made_files import chunk, insert, photo, saved, tags, tiff, with_chunks, witness

PLAIN = saved(photo(), "JPEG", quality=90)


def written(content: bytes) -> bytes:
    """A JPEG file with what is carried of another file."""
    return insert_metadata(PLAIN, open_content(content).metadata)


def with_tags(content: bytes, *options: str) -> bytes:
    return witness("exiftool", *options, "-", stdin=content)


@pytest.mark.codec
@pytest.mark.parametrize("order", ["-ExifByteOrder=Little-endian", "-ExifByteOrder=Big-endian"])
def test_texts_and_iptc_of_tiff(order):
    content = with_tags(
        saved(photo(), "TIFF"),
        order,
        "-IFD0:Copyright=\u00a9 Zo\u00eb",
        "-LensModel=50mm \u0192/1.8",
        "-GPSLatitude=1",
        "-GPSLatitudeRef=N",
        "-IPTC:By-line=Photographer",
        "-IPTC:Keywords=a",
        "-IPTC:Keywords=b",
        "-XPKeywords=x;y",
        "-XMP:Title=T",
        "-InteropIndex=R98",
    )
    names = [
        "-Copyright",
        "-LensModel",
        "-GPSLatitude",
        "-By-line",
        "-Keywords",
        "-XPKeywords",
        "-Title",
        "-InteropIndex",
    ]
    expected = tags(content, "-s", *names)
    assert "Zo\u00eb" in expected and "R98" in expected and "x;y" in expected
    assert tags(written(content), "-s", *names) == expected


def test_resolution_is_what_a_tiff_states():
    base = {
        256: (4, [4]),
        257: (4, [4]),
        258: (3, [8]),
        262: (3, [1]),
        273: (4, [8]),
        277: (3, [1]),
        278: (4, [4]),
        279: (4, [16]),
    }
    assert open_content(tiff(base, bytes(16))).density is None
    resolution = {282: (5, [(200, 1)]), 283: (5, [(100, 1)])}
    assert open_content(tiff(base | resolution, bytes(16))).density == (200, 100)
    assert open_content(tiff(base | resolution | {296: (3, [3])}, bytes(16))).density == (508, 254)
    picture = open_content(tiff(base | resolution | {296: (3, [1])}, bytes(16)))
    assert picture.density is None and picture.metadata.aspect == (2, 1)


@pytest.mark.codec
def test_comments_and_xmp_of_gif():
    content = with_tags(saved(Image.fromarray(photo()).quantize(32), "GIF", comment=b"hello"), "-XMP:Title=T")
    assert tags(written(content), "-s3", "-Comment", "-Title").splitlines() == ["hello", "T"]


def test_pixel_aspect_of_gif_and_jpeg():
    gif = bytearray(saved(Image.fromarray(photo()).quantize(32), "GIF"))
    gif[12] = 113  # pixels of (113 + 15) / 64 = 2 times their height
    assert open_content(bytes(gif)).metadata.aspect == (1, 2)
    jpeg = PLAIN[:13] + b"\0\0\2\0\1" + PLAIN[18:]
    picture = open_content(jpeg)
    assert picture.metadata.aspect == (2, 1)
    for metadata in (picture.metadata, picture.metadata.stripped(), picture.metadata.without_gps()[0]):
        assert insert_metadata(PLAIN, metadata)[13:18] == b"\0\0\2\0\1"


@pytest.mark.parametrize(("largest", "kind"), [(1023, ">u2"), (4095, ">u2"), (65535, ">u2"), (255, "u1")])
def test_pgm_of_every_depth(largest, kind):
    gray = photo()[..., 0]
    values = np.rint(gray.astype(float) * largest / 255).astype(kind)
    picture = open_content(b"P5 96 64 %d\n" % largest + values.tobytes())
    assert picture.is_gray and np.abs(picture.pixels[..., 0].astype(int) - gray).max() <= 1


@pytest.mark.parametrize(
    "stray", [b"\0\0\0", b"\xff\xd0", b"\xff\xd7\xff\xd0", b"\xff\x01", b"\xff\xff", b"\xff\xd8"]
)
def test_strays_between_segments_are_passed_over(stray):
    content = PLAIN[:20] + stray + PLAIN[20:]
    np.testing.assert_array_equal(open_content(content).pixels, open_content(PLAIN).pixels)


@pytest.mark.codec
def test_exif_of_several_segments_stays_together(tmp_path):
    (tmp_path / "long.txt").write_text("x" * 150_000)
    content = with_tags(PLAIN, f"-UserComment<={tmp_path / 'long.txt'}", "-XMP:Title=T", "-Artist=A")
    result = written(content)
    assert len(tags(result, "-s3", "-UserComment")) == 150_000
    assert tags(result, "-s3", "-Artist", "-Title").splitlines() == ["A", "T"]
    assert "Bad" not in tags(result, "-s3", "-a", "-Warning")


def nclx(primaries: int, transfer: int) -> bytes:
    content = saved(photo(), "AVIF", quality=95)
    at = content.index(b"colrnclx") + 8
    return content[:at] + struct.pack(">HH", primaries, transfer) + content[at + 4 :]


def test_nclx_of_avif():
    assert open_content(nclx(1, 13)).metadata.icc == b""
    assert open_content(nclx(12, 13)).metadata.icc[16:20] == b"RGB "
    assert "HDR" in open_content(nclx(9, 16)).notes[0]


def test_a_motion_photo_in_heic_is_named():
    package = pytest.importorskip("pillow_heif", reason="pillow_heif is not installed")
    file = io.BytesIO()
    package.from_pillow(Image.fromarray(photo())).save(file)
    video = struct.pack(">I4s", 24, b"mpvd") + struct.pack(">I4s", 16, b"ftyp") + b"mp42\0\0\0\0"
    assert open_content(file.getvalue()).notes == ()
    assert "motion photo" in open_content(file.getvalue() + video).notes[0]


def test_a_profile_of_another_kind_of_pixels_is_not_used():
    profile = matrix_profile("x", ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06), (0.3127, 0.329)), 2.2)
    for space in (b"GRAY", b"CMYK", b"Lab "):
        wrong = profile[:16] + space + profile[20:]
        content = saved(photo(), "JPEG", quality=92, icc_profile=wrong)
        decoded = decode_file(io.BytesIO(content), "x", color="srgb")
        assert space.decode().strip() in decoded.notes[0] and not decoded.is_converted
        np.testing.assert_array_equal(decoded.raster.pixels(), open_content(content).pixels)


def test_adobe_rgb_by_exif_alone_gets_a_profile():
    exif = Image.Exif()
    exif.get_ifd(0x8769)[40961] = 65535
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    content = saved(photo(), "JPEG", quality=92, exif=exif)
    picture = open_content(content)
    assert "Adobe RGB" in picture.notes[0]
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.metadata.icc))
    assert ImageCms.getProfileDescription(profile).strip() == "Adobe RGB (1998)"
    converted = decode_file(io.BytesIO(content), "x", color="srgb")
    # The same conversion by LittleCMS on the whole picture.
    image = Image.fromarray(picture.pixels)
    expected = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"))
    assert converted.is_converted
    np.testing.assert_array_equal(converted.raster.pixels(), np.asarray(expected))


@pytest.mark.codec
def test_profiles_of_numbers_are_what_littlecms_and_exiftool_read():
    for primaries, transfer in ((12, 13), (9, 1), (5, 4), (22, 8), (4, 5), (11, 17)):
        icc = ColorDescription(primaries, transfer).profile()
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        gray = Image.new("RGB", (1, 1), (255, 255, 255))
        assert (
            ImageCms.profileToProfile(gray, profile, ImageCms.createProfile("sRGB")).getpixel((0, 0))
            == (255,) * 3
        )
        assert not tags(
            insert_metadata(PLAIN, open_content(saved(photo(), "JPEG", icc_profile=icc)).metadata), "-Warning"
        )


def jfif_thumbnail() -> tuple[bytes, bytes]:
    low = saved(photo(200, 160), "JPEG", quality=30, optimize=True, progressive=True)
    thumbnail = photo(16, 16, 5).tobytes()
    header = low[6:18] + bytes((16, 16)) + thumbnail
    return low[:2] + b"\xff\xe0" + (len(header) + 2).to_bytes(2, "big") + header + low[20:], thumbnail


def own_bytes(content: bytes, choice: str) -> bytes:
    """What of a JPEG file is kept where its own picture is."""
    decoded = decode_file(io.BytesIO(content), "x")
    carried, _ = decoded.metadata.select(choice)
    result = copy_with_metadata(content, decoded.jpeg, choice, carried)
    assert size_with_metadata(decoded.jpeg, choice, carried) == len(result)
    np.testing.assert_array_equal(open_content(result).pixels, decoded.raster.pixels())
    return result


@pytest.mark.codec
def test_strip_leaves_no_thumbnail_and_nothing_between_scans():
    content, thumbnail = jfif_thumbnail()
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1], exif.get_ifd(0x8825)[2] = "N", (1.0, 2.0, 3.0)
    at = content.rindex(b"\xff\xda")
    late = insert(PLAIN, (0xE1, exif.tobytes()), (0xFE, b"secret"), (0xED, b"Photoshop 3.0\0secret"))
    late = late[20 : 20 + len(late) - len(PLAIN)]
    content = content[:at] + late + content[at:]
    for choice in ("strip", "strip-gps"):
        result = own_bytes(content, choice)
        assert thumbnail not in result and tags(result, "-GPS:all", "-ThumbnailImage") == ""
        assert (b"secret" in result) == (choice == "strip-gps")  # comments are no positions
    kept = open_content(content).metadata
    assert kept.comments == (b"secret",) and kept.exif


@pytest.mark.codec
def test_strip_gps_leaves_no_position_of_a_maker():
    xmp = (
        b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        b'xmlns:d="http://www.dji.com/drone-dji/1.0/" d:LRFTargetLon="2.5" d:LRFTargetLat="1.5" d:GpsLongtitude="3" '
        b'd:Latitude="4" d:Translation="x" d:FlightRollDegree="1"><d:LRFTargetLon>7</d:LRFTargetLon></rdf:Description>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    exif = Image.Exif()
    exif[271] = "Maker"
    exif.get_ifd(0x8769)[0x927C] = b"maker's own 12.345N"
    exif.get_ifd(0x8769)[0x9003] = "2024:01:01 00:00:00"
    content = insert(saved(photo(), "JPEG", exif=exif.tobytes()), (0xE1, xmp))
    assert b"12.345N" in content
    metadata, notes = open_content(content).metadata.without_gps()
    result = insert_metadata(PLAIN, metadata)
    assert any("maker's notes" in note for note in notes)
    for word in (b"12.345N", b"LRFTarget", b"Gps", b"Latitude"):
        assert word not in result
    said = tags(result, "-s", "-Make", "-DateTimeOriginal", "-FlightRollDegree", "-Translation", "-Warning")
    assert [line.split(":")[0].strip() for line in said.splitlines()] == [
        "Make",
        "DateTimeOriginal",
        "FlightRollDegree",
        "Translation",
    ]


def test_segments_of_a_file_with_strays_are_found():
    segments = read_segments(PLAIN[:20] + b"\xff\xd3" + PLAIN[20:])
    assert segments.head == read_segments(PLAIN).head


def test_a_png_and_its_tiff_have_one_look():
    # The two go ways of their own to the same pixels.
    png = with_chunks(saved(photo(), "PNG"), chunk(b"tEXt", b"Title\0x"))
    np.testing.assert_array_equal(open_content(png).pixels, open_content(saved(photo(), "TIFF")).pixels)


def test_what_decoders_quote_of_a_file_is_one_printable_line():
    content = with_chunks(saved(photo(), "PNG"), b"\0\0\0\0te\x07t\0\0\0\0")
    assert all(note.isprintable() for note in open_content(content).notes)
