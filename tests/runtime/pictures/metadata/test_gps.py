"""`strip-gps`, judged by exiftool."""

import io
import json
import shutil
import struct
import subprocess

import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.runtime.pictures.metadata.gps import exif_without_gps, photoshop_without_gps, xmp_without_gps

with_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")


def tags(content: bytes) -> dict:
    """Every tag that exiftool finds, by group and name, unknown ones too."""
    command = ["exiftool", "-j", "-G1", "-a", "-u", "-ee", "-n", "-"]
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    return json.loads(done.stdout)[0]


def located(photo, *options: str) -> bytes:
    """A JPEG file with positions in EXIF, XMP and Photoshop's segment, by exiftool."""
    file = io.BytesIO()
    Image.fromarray(photo[:200, :300]).save(file, "JPEG", quality=92, optimize=True)
    command = [
        "exiftool", "-Make=Maker", "-Model=M", "-Orientation#=6", "-GPSLatitude=59.91", "-GPSLatitudeRef=N",
        "-GPSLongitude=10.75", "-GPSLongitudeRef=E", "-GPSAltitude=12", "-GPSDateStamp=2024:01:02",
        "-XMP-exif:GPSLatitude=59.91", "-XMP-exif:GPSLongitude=10.75", "-XMP-dc:Title=Harbour",
        "-IPTC:City=Oslo", "-ExposureTime=1/50", "-UserComment=kept", *options, "-",
    ]  # fmt: skip
    return subprocess.run(command, input=file.getvalue(), capture_output=True, check=True).stdout


@pytest.mark.codec
@with_exiftool
@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("is_copy", [False, True])
def test_positions_go_and_everything_else_stays(balanced, photos, tmp_path, order, is_copy):
    content = located(photos[0], f"-exifbyteorder={order}")
    (tmp_path / "in.jpg").write_bytes(content)
    options = {"quality": 100, "strength": 0} if is_copy else {}
    result = runtime.encode_file(
        tmp_path / "in.jpg", tmp_path / "out.jpg", balanced, metadata="strip-gps", **options
    )
    written = (tmp_path / "out.jpg").read_bytes()
    before, after = tags(content), tags(written)
    assert result.is_copy == is_copy and result.notes == () and len(result.reasons) == is_copy
    assert any("GPS" in name for name in before)
    assert not [name for name in after if "gps" in name.lower()]
    # Before the scan, whose bytes may hold anything.
    assert b"GPS" not in written.split(b"\xff\xda")[0] and struct.pack("<I", 5991) not in written
    kept = ("IFD0:Make", "IFD0:Orientation", "ExifIFD:ExposureTime", "ExifIFD:UserComment", "XMP-dc:Title")
    for name in (*kept, "IPTC:City"):
        assert after[name] == before[name], name
    assert after.get("ExifTool:Warning") is None
    assert result.psnr_db > (60 if is_copy else 25)


@pytest.mark.codec
@with_exiftool
def test_strip_leaves_nothing_that_tells_anything(balanced, photos, tmp_path):
    (tmp_path / "in.jpg").write_bytes(located(photos[0]))
    for options in ({}, {"quality": 100, "strength": 0}):
        runtime.encode_file(tmp_path / "in.jpg", tmp_path / "out.jpg", balanced, metadata="strip", **options)
        groups = {name.split(":")[0] for name in tags((tmp_path / "out.jpg").read_bytes())}
        assert groups <= {"SourceFile", "ExifTool", "System", "File", "JFIF", "IFD0", "Composite"}
        assert tags((tmp_path / "out.jpg").read_bytes())["IFD0:Orientation"] == 6


@pytest.mark.codec
@with_exiftool
def test_a_photo_of_no_place_is_left_as_it_is(photos):
    content = located(photos[0], "-GPS:all=", "-XMP-exif:all=")
    with Image.open(io.BytesIO(content)) as image:
        exif = image.info["exif"].removeprefix(b"Exif\0\0")
        assert exif_without_gps(exif) == exif and xmp_without_gps(image.info["xmp"]) == image.info["xmp"]


def test_maker_notes_do_not_move():
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x927C] = b"note" * 20
    exif.get_ifd(0x8825)[2] = (59.0, 54.0, 36.0)
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    cleaned = exif_without_gps(block)
    assert len(cleaned) == len(block) and cleaned.index(b"note" * 20) == block.index(b"note" * 20)
    read = Image.Exif()
    read.load(b"Exif\0\0" + cleaned)
    assert read[0x010F] == "Maker" and not read.get_ifd(0x8825)
    assert read.get_ifd(0x8769)[0x927C] == b"note" * 20


@pytest.mark.parametrize("exif", [b"XX", b"II*\0\xff\xff\0\0", b"II*\0\x08\0\0\0\x05\0", b"II"])
def test_damaged_exif_is_not_trusted(exif):
    assert exif_without_gps(exif) is None


def test_a_circle_of_directories_ends():
    block = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8)
    assert exif_without_gps(block) == block


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (b'<x a:b="1" exif:GPSLatitude="59,54N" c:d="2"/>', b'<x a:b="1" c:d="2"/>'),
        (b"<a><exif:GPSLatitude>59</exif:GPSLatitude><b/></a>", b"<a><b/></a>"),
        (b"<a><exif:GPSLatitude/><b/></a>", b"<a><b/></a>"),
        (b"<x drone-dji:GpsLatitude='59' drone-dji:GpsLongtitude='10'/>", b"<x/>"),
        (b"<x>nothing here</x>", b"<x>nothing here</x>"),
        ('<x exif:GPSLatitude="59"/>'.encode("utf-16-le"), None),
    ],
)
def test_xmp(packet, expected):
    assert xmp_without_gps(packet) == expected


def test_photoshops_own_copies_go():
    def resource(number: int, data: bytes) -> bytes:
        return b"8BIM" + struct.pack(">HBBI", number, 0, 0, len(data)) + data + b"\0" * (len(data) % 2)

    start = b"Photoshop 3.0\0"
    iptc, exif, xmp = resource(0x0404, b"city!"), resource(0x0422, b"II*"), resource(0x0424, b"<xmp/>")
    assert photoshop_without_gps(start + exif + iptc + xmp) == start + iptc
    assert photoshop_without_gps(start + iptc[:-3]) is None and photoshop_without_gps(b"other") is None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".heic"])
def test_from_every_kind_of_file(balanced, photos, tmp_path, suffix):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[2] = (59.0, 54.0, 36.0)
    source, image = tmp_path / f"in{suffix}", Image.fromarray(photos[0][:64, :64])
    if suffix == ".heic":
        heif = pytest.importorskip("pillow_heif", reason="needs the extra [heif]")
        heif.from_pillow(image).save(source, exif=exif.tobytes())
    elif suffix == ".tif":  # Pillow would leave the positions out
        if not shutil.which("exiftool"):
            pytest.skip("exiftool is not installed")
        image.save(source)
        options = ["-overwrite_original", "-Make=Maker", "-GPSLatitude=59.91", "-GPSLatitudeRef=N"]
        subprocess.run(["exiftool", *options, source], capture_output=True, check=True)
    else:
        image.save(source, exif=exif)
    for metadata, is_there in (("keep", True), ("strip-gps", False)):
        runtime.encode_file(source, tmp_path / "out.jpg", balanced, metadata=metadata)
        with Image.open(tmp_path / "out.jpg") as written:
            assert written.getexif()[0x010F] == "Maker"
            assert bool(written.getexif().get_ifd(0x8825)) == is_there
