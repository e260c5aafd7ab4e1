import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.errors import PictureError, UsageError
from jpegpre_tf.evaluation.pictures import describe_picture, find_pictures, read_picture


def test_finds_pictures_recursively_and_names_them_uniquely(tmp_path):
    picture = Image.new("RGB", (3, 2))
    (tmp_path / "sub").mkdir()
    for name in ("b.png", "a.png", "a.webp", "sub/a.png"):
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


def test_transparency_is_laid_over_white(tmp_path):
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (read_picture(tmp_path / "clear.png") == 255).all()


def test_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4, 2)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_picture(tmp_path / "turned.jpg").shape == (4, 2, 3)


def test_what_cannot_be_read(tmp_path, city):
    whole = tmp_path / "whole.png"
    Image.fromarray(city).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:2000])
    (tmp_path / "text.png").write_text("not a picture")
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "deep.png")
    for name in ("cut.png", "text.png", "deep.png", "missing.png"):
        with pytest.raises(PictureError, match=name):
            read_picture(tmp_path / name)
