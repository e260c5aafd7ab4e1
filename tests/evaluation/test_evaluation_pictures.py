import os

import pytest
from PIL import Image

from jpegpre_tf.errors import PictureError, UsageError
from jpegpre_tf.evaluation.pictures import describe_picture, find_pictures
from jpegpre_tf.evaluation.reading import Reading


def test_finds_pictures_recursively_and_names_them_uniquely(tmp_path):
    picture = Image.new("RGB", (3, 2))
    for folder in ("sub", ".thumbnails", "@eaDir"):
        (tmp_path / folder).mkdir()
    for name in ("b.png", "a.png", "a.webp", "sub/a.png", ".thumbnails/c.png", "@eaDir/d.png", "._b.png"):
        picture.save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture")
    assert list(find_pictures([tmp_path])) == ["a.png", "a.webp", "b", "sub/a"]
    assert list(find_pictures([tmp_path / "b.png"])) == ["b"]


def test_nothing_to_find(tmp_path):
    with pytest.raises(UsageError, match="no pictures"):
        find_pictures([tmp_path])
    with pytest.raises(UsageError, match="no such"):
        find_pictures([tmp_path / "missing"])


def test_same_pixels_in_another_format_are_the_same_picture(tmp_path, city):
    for name in ("a.png", "b.bmp"):
        Image.fromarray(city).save(tmp_path / name)
    Image.fromarray(city).save(tmp_path / "c.webp", lossless=True)
    found = [describe_picture(path.stem, path) for path in sorted(tmp_path.iterdir())]
    assert len({picture.sha256 for picture in found}) == 1
    assert (found[0].width, found[0].height) == (176, 176)


def test_they_are_read_as_is_asked_for(tmp_path):
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    white, red = (
        describe_picture("clear", tmp_path / "clear.png", Reading(background=name))
        for name in ("white", "red")
    )
    assert white.sha256 != red.sha256
    assert (red.reading.open(red.path).pixels == (255, 0, 0)).all()
    with pytest.raises(PictureError, match="pixels"):
        describe_picture("clear", tmp_path / "clear.png", Reading(max_pixels=10))


def test_what_cannot_be_read(tmp_path, city):
    whole = tmp_path / "whole.png"
    Image.fromarray(city).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:2000])
    (tmp_path / "text.png").write_text("not a picture")
    for name in ("cut.png", "text.png", "missing.png"):
        with pytest.raises(PictureError, match=name):
            describe_picture(name, tmp_path / name)


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.png").write_bytes(b"")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    told = []
    assert list(find_pictures([tmp_path], told.append)) == ["a"]
    assert [error.filename for error in told] == [str(tmp_path / "locked")]
