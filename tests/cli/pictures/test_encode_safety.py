"""What people trust with their only copy: in place, resume, kill -9, full disks, read-only folders."""

import os
import shutil
import stat
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.cli.main import main
from tests.cli.pictures.runs import JOURNAL, contents


def start(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "jpegpre_tf", "encode", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_in_place_gives_what_a_run_into_a_folder_gives(photos, tmp_path, capsys):
    assert main(["encode", str(photos), "-o", str(tmp_path / "out")]) == 0
    (photos / "0.jpg").chmod(0o640)
    assert main(["encode", str(photos), "--in-place"]) == 0
    assert contents(photos) == contents(tmp_path / "out")
    assert stat.S_IMODE((photos / "0.jpg").stat().st_mode) == 0o640
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in photos.glob("*.jpg")}
    assert main(["encode", str(photos), "--in-place", "--strength", "0"]) == 0
    # Nothing left to win at the same quality: not even touched.
    assert {path: path.stat().st_mtime_ns for path in photos.glob("*.jpg")} == before


def test_in_place_takes_positions_out_where_nothing_else_is_to_be_won(photos):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[2] = (59.0, 54.0, 36.0)
    source = photos / "0.jpg"
    Image.open(source).save(source, quality=75, optimize=True, exif=exif)
    pixels = np.asarray(Image.open(source))
    arguments = ["encode", str(source), "--in-place", "--strength", "0", "--metadata", "strip-gps"]
    assert main(arguments) == 0
    with Image.open(source) as image:
        assert not image.getexif().get_ifd(0x8825) and image.getexif()[0x010F] == "Maker"
        np.testing.assert_array_equal(np.asarray(image), pixels)
    written = source.stat().st_mtime_ns
    assert main(arguments) == 0 and source.stat().st_mtime_ns == written


def test_in_place_takes_jpeg_files_only(photos, tmp_path, capsys):
    Image.new("RGB", (16, 16)).save(photos / "x.png")
    Image.new("RGB", (16, 16)).save(photos / "really.jpg", "PNG")
    before = contents(photos)
    assert main(["encode", str(photos / "x.png"), "--in-place"]) == 2
    assert "JPEG files only" in capsys.readouterr().err
    assert main(["encode", str(photos), "--in-place"]) == 1
    assert "'" + str(photos / "really.jpg") + "' is not a JPEG file" in capsys.readouterr().err
    after = contents(photos)
    assert {name for name in after if after[name] == before[name]} == {"x.png", "really.jpg"}


def test_hard_links_are_not_replaced(photos, capsys):
    os.link(photos / "0.jpg", photos / "z.jpg")
    before = (photos / "0.jpg").read_bytes()
    assert main(["encode", str(photos), "--in-place"]) == 1
    assert capsys.readouterr().err.count("2 names (hard links)") == 2
    assert (photos / "0.jpg").samefile(photos / "z.jpg") and (photos / "0.jpg").read_bytes() == before


def test_a_link_that_leads_out_of_the_folder_is_left_out(photos, tmp_path, capsys):
    outside = tmp_path / "outside.jpg"
    outside.write_bytes((photos / "0.jpg").read_bytes())
    before = outside.read_bytes()
    (photos / "z.jpg").symlink_to(outside)
    main(["encode", str(photos), "--in-place"])
    assert "outside of the folder" in capsys.readouterr().err and outside.read_bytes() == before


@pytest.mark.parametrize(
    "folder", [".thumbnails", ".Trash-1000", "@eaDir", "#recycle", "$RECYCLE.BIN", "__MACOSX"]
)
def test_hidden_folders_are_left_alone(photos, capsys, folder):
    (photos / folder / "in").mkdir(parents=True)
    hidden = photos / folder / "in" / "x.jpg"
    hidden.write_bytes((photos / "0.jpg").read_bytes())
    before = hidden.read_bytes()
    main(["encode", str(photos), "--in-place"])
    assert hidden.read_bytes() == before


def test_libraries_of_photo_programs_are_not_replaced(photos, capsys):
    library = photos / "Photos.photoslibrary" / "originals"
    library.mkdir(parents=True)
    (library / "x.jpg").write_bytes((photos / "0.jpg").read_bytes())
    before = contents(library)
    assert main(["encode", str(photos), "--in-place"]) == 0
    assert "photo program's library" in capsys.readouterr().err and contents(library) == before
    assert main(["encode", str(library.parent), "--in-place"]) == 0
    assert contents(library) != before


def test_one_file_is_not_replaced_twice(photos, capsys):
    link = photos / "z.jpg"
    link.symlink_to(photos / "0.jpg")
    before = contents(photos)
    for twice in ([photos, photos / "0.jpg"], [photos / "0.jpg", link]):
        assert main(["encode", *map(str, twice), "--in-place"]) == 2
        assert "are one file" in capsys.readouterr().err and contents(photos) == before
    # One that lies in the folder stops nothing.
    assert main(["encode", str(photos), "--in-place"]) == 0
    error = capsys.readouterr().err
    assert f"'{link}' was left out: it is a link to '{photos / '0.jpg'}'" in error and error.count("\n") == 1
    assert link.is_symlink() and contents(photos)["0.jpg"] != before["0.jpg"]


def test_where_to_write_must_be_said_once(photos, tmp_path, capsys):
    assert main(["encode", str(photos)]) == 2
    assert main(["encode", str(photos), "--in-place", "-o", str(tmp_path / "out")]) == 2
    assert main(["encode", str(photos), "-o", "x", "--page", "p.html", "--resume"]) == 2
    assert capsys.readouterr().err.count("\n") == 3


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.name != "posix" or os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system needs mount and root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_one_line_per_file(photo, small_disk, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(5):
        shutil.copy(photo, folder / f"{number}.webp")
    assert main(["encode", str(folder), "-o", str(small_disk / "out")]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    written = sorted((small_disk / "out").glob("*.jpg"))
    assert 1 <= len(written) < 5 and len(errors) == 5 - len(written)
    assert all("No space left on device" in line for line in errors)
    for path in written:
        Image.open(path).load()
    assert not list((small_disk / "out").glob("*.tmp"))
    # With room again, --resume does the rest.
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    assert main(["encode", str(folder), "-o", str(small_disk / "out"), "--resume"]) == 0
    written = [path.name for path in sorted((small_disk / "out").iterdir())]
    assert written == [JOURNAL, *(f"{n}.jpg" for n in range(5))]


def test_in_place_on_a_full_disk_keeps_the_originals(small_disk, photo, capsys):
    Image.open(photo).convert("RGB").crop((0, 0, 300, 250)).save(small_disk / "a.jpg", quality=95)
    with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1024))
    before = contents(small_disk)
    assert main(["encode", str(small_disk / "a.jpg"), "--in-place"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert contents(small_disk) == before


@pytest.mark.parametrize("is_in_place", [False, True])
def test_a_read_only_disk_is_one_line_per_file(photo, small_disk, tmp_path, capsys, is_in_place):
    folder = small_disk if is_in_place else tmp_path / "in"
    folder.mkdir(exist_ok=True)
    for number in range(3):
        Image.open(photo).convert("RGB").crop((0, 0, 160, 120)).save(folder / f"{number}.jpg", quality=95)
    before = contents(folder)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    where = ["--in-place"] if is_in_place else ["-o", str(small_disk / "out")]
    assert main(["encode", str(folder), *where]) == 1
    lines = capsys.readouterr().err.splitlines()
    errors = [line for line in lines if "error: cannot write" in line]
    assert len(errors) == 3 and all("Read-only file system" in line for line in errors)
    assert [line for line in lines if line not in errors] == [
        "jpegpre encode: note: no journal can be kept, --resume will not work: Read-only file system"
    ]
    assert contents(folder) == before


def test_decoders_print_nothing_of_their_own(photo, tmp_path):
    Image.open(photo).convert("1").crop((0, 0, 64, 64)).save(tmp_path / "fax.tif", compression="group4")
    content = bytearray((tmp_path / "fax.tif").read_bytes())
    content[20:60] = bytes(40)
    (tmp_path / "fax.tif").write_bytes(content)
    process = start(str(tmp_path / "fax.tif"), str(tmp_path / "missing.jpg"), "-o", str(tmp_path / "out"))
    _, errors = process.communicate()
    lines = errors.decode().splitlines()
    assert all(line.startswith("jpegpre encode: ") for line in lines) and "missing.jpg" in lines[-1]


def test_options_for_pictures_reach_the_encoder(tmp_path, capsys):
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(tmp_path / "in.png")
    arguments = ["encode", str(tmp_path / "in.png"), "-o", str(tmp_path / "x.jpg")]
    assert main([*arguments, "--background", "#c80000"]) == 0
    with Image.open(tmp_path / "x.jpg") as image:
        assert np.abs(np.asarray(image).reshape(-1, 3).mean(axis=0) - (200, 0, 0)).max() < 3
    capsys.readouterr()
    assert main([*arguments, "--max-pixels", "0.001MP"]) == 1
    assert "40x30 is more than 1000 pixels" in capsys.readouterr().err


def test_more_pixels_than_pillow_allows(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)  # as if this picture had 180 megapixels
    Image.new("L", (40, 30)).save(tmp_path / "in.png")
    arguments = ["encode", str(tmp_path / "in.png"), "-o", str(tmp_path / "x.jpg")]
    assert main([*arguments, "--max-pixels", "900"]) == 1
    assert main([*arguments, "--max-pixels", "1200"]) == 0


def test_originals_in_a_folder_inside_the_input_are_not_replaced(photos, capsys):
    (photos / "web").mkdir()
    shutil.copy(photos / "0.jpg", photos / "web" / "0.jpg")
    before = contents(photos)
    assert main(["encode", str(photos), "-o", str(photos / "web")]) == 2
    assert "no run wrote it" in capsys.readouterr().err
    assert contents(photos) == before
    # What a run wrote it may write again.
    (photos / "web" / "0.jpg").unlink()
    assert main(["encode", str(photos), "-o", str(photos / "web")]) == 0
    assert main(["encode", str(photos), "-o", str(photos / "web")]) == 0
