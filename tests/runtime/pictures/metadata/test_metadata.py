import io
import shutil
import subprocess

import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.jpeg.files.segments import read_segments
from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from tests.runtime.pictures.made_files import insert, photo, saved


@pytest.fixture(scope="module")
def bare() -> bytes:
    import numpy as np

    return runtime.encode_jpeg(np.zeros((16, 16, 3), np.uint8), 75)


def exif_with_orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    exif[0x010F] = "Maker"
    return exif.tobytes().removeprefix(b"Exif\0\0")


def test_everything_comes_back(bare):
    metadata = runtime.Metadata(
        exif=exif_with_orientation(8),
        icc=bytes(range(256)) * 600,  # three segments
        xmp=b"<xmp/>",
        photoshop=(b"Photoshop 3.0\x00abc",),
        comments=(b"one", b"two"),
    )
    image = Image.open(io.BytesIO(insert_metadata(bare, metadata)))
    image.load()
    assert image.getexif()[0x0112] == 8 and image.getexif()[0x010F] == "Maker"
    assert image.info["icc_profile"] == metadata.icc
    assert image.info["xmp"] == metadata.xmp
    assert [data for name, data in image.applist if name == "APP13"] == list(metadata.photoshop)
    assert [data for name, data in image.applist if name == "COM"] == [b"one", b"two"]


def test_nothing_to_insert_changes_nothing(bare):
    assert insert_metadata(bare, runtime.Metadata()) == bare


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stripping_keeps_what_is_needed_to_look_right(bare, orientation):
    metadata = runtime.Metadata(exif=exif_with_orientation(orientation), icc=b"profile", xmp=b"<xmp/>")
    stripped = metadata.stripped()
    assert stripped.orientation == orientation
    exif = Image.open(io.BytesIO(insert_metadata(bare, stripped))).getexif()
    assert dict(exif) == ({0x0112: orientation} if orientation != 1 else {})
    assert (stripped.icc, stripped.xmp) == (b"profile", b"")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [b"", b"II", b"garbage", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\x01\0"])
def test_a_damaged_block_means_upright(exif):
    assert runtime.Metadata(exif=exif).orientation == 1


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        (runtime.Metadata(exif=exif_with_orientation(6) + bytes(70_000)), "EXIF"),
        (runtime.Metadata(xmp=bytes(70_000)), "XMP"),
        (runtime.Metadata(icc=bytes(17_000_000)), "colour profile"),
    ],
)
def test_what_does_not_fit_is_said(bare, metadata, named):
    fitted, notes = metadata.fitted()
    assert len(notes) == 1 and named in notes[0]
    assert fitted.orientation == metadata.orientation
    Image.open(io.BytesIO(insert_metadata(bare, fitted))).load()


def test_a_segment_that_does_not_fit_raises(bare):
    with pytest.raises(ValueError, match="70000"):
        insert_metadata(bare, runtime.Metadata(comments=(bytes(70_000),)))


@pytest.mark.codec
@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_an_independent_reader_agrees(bare, tmp_path):
    path = tmp_path / "x.jpg"
    metadata = runtime.Metadata(exif=exif_with_orientation(6), xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    path.write_bytes(insert_metadata(bare, metadata))
    command = ["exiftool", "-s3", "-n", "-Orientation", "-Make", "-Warning", str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "6\nMaker\n"


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xff", b"\xff\xd8\xff\xe0\0\x04ab", b"\xff\xd8abc"]
)
def test_segments_of_a_file_without_a_scan(content):
    # Found by tools/check/fuzz_encode.py: the search began again at the first byte, for ever.
    with pytest.raises(ValueError, match=r"SOI|no scan"):
        read_segments(content)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"JP\0\1\0\0\0\1\0\0\0\x30jumb\0\0\0\x28jumdc2pa", "content credentials (APP11) are"),
        (b"JP\0\1\0\0\0\2\0\0\0\x30jumbmore", "content credentials (APP11) are"),
        (b"JP\0\1\0\0\0\1\0\0\0\x30jumb\0\0\0\x28jumdjlnk", "JUMBF boxes (APP11) are"),
        (b"JP\0\1\0\0\0\1\0\0\0\x14RESIresidual", "what APP11 adds to the picture (HDR"),
        (b"HDR_RI ver=11\n", "what APP11 adds to the picture (HDR"),
        (b"other", "an APP11 segment is"),
    ],
)
def test_what_app11_holds_is_named(payload, said):
    picture = open_content(insert(saved(photo(), "JPEG"), (0xEB, payload)))
    assert picture.notes[0].startswith(said) and picture.notes[0].endswith("of the old bytes: dropped")
