import os
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from jpegpre_tf import runtime
from jpegpre_tf.errors import PictureError

RGB = np.random.default_rng(3).integers(0, 256, (37, 53, 3), np.uint8)


def saved(tmp_path, image, suffix=".png", **options):
    path = tmp_path / f"picture{suffix}"
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".ppm", ".webp", ".gif", ".avif", ".jpg"])
def test_formats(tmp_path, suffix):
    options = {"lossless": True} if suffix == ".webp" else {}
    image = Image.fromarray(RGB)
    path = saved(tmp_path, image.quantize(16) if suffix == ".gif" else image, suffix, **options)
    picture = runtime.open_picture(path)
    expected = np.asarray(Image.open(path).convert("RGB"))
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.dtype == np.uint8 and not picture.is_gray and picture.notes == ()


def test_many_strips_make_one_picture(tmp_path):
    tall = np.random.default_rng(0).integers(0, 256, (1000, 3, 3), np.uint8)
    np.testing.assert_array_equal(runtime.open_picture(saved(tmp_path, Image.fromarray(tall))).pixels, tall)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_stays_grey(tmp_path, mode):
    image = Image.fromarray(RGB[..., 0]).convert(mode)
    picture = runtime.open_picture(saved(tmp_path, image))
    assert picture.is_gray
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))


def test_sixteen_bits_are_rounded_not_clipped(tmp_path):
    levels = np.array([[0, 128, 129, 257, 32767, 65406, 65407, 65535]], np.uint16)
    picture = runtime.open_picture(saved(tmp_path, Image.fromarray(levels)))
    assert picture.is_gray
    assert picture.pixels[0, :, 0].tolist() == [0, 0, 1, 1, 127, 254, 255, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "key"])
def test_transparency_is_put_on_white_and_said(tmp_path, mode):
    color = (200, 200, 200) if mode == "LA" else (200, 100, 0)
    rgba = Image.new("RGBA", (4, 4), (*color, 0))
    rgba.paste((*color, 255), (2, 0, 4, 4))
    options = {}
    if mode == "key":
        image = Image.new("RGB", (4, 4), (1, 2, 3))
        image.paste(color, (2, 0, 4, 4))
        options = {"transparency": (1, 2, 3)}
    else:
        image = rgba.quantize(8) if mode == "P" else rgba.convert(mode)
    picture = runtime.open_picture(saved(tmp_path, image, **options))
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert picture.pixels[0, 3].tolist() == list(color)
    assert "transparency" in " ".join(picture.notes)


@pytest.mark.parametrize("with_profile", [False, True])
def test_cmyk_becomes_rgb_without_its_profile(tmp_path, with_profile):
    image = Image.fromarray(np.full((16, 16, 3), (250, 10, 10), np.uint8)).convert("CMYK")
    # Not a CMYK profile: it cannot be applied, and must not be written beside RGB pixels either.
    options = {"icc_profile": b"no profile"} if with_profile else {}
    picture = runtime.open_picture(saved(tmp_path, image, ".jpg", quality=95, **options))
    assert not picture.is_gray and picture.metadata.icc == b""
    assert np.abs(picture.pixels.astype(int) - (250, 10, 10)).max() < 8  # JPEG and the conversion round


def test_a_jpegs_metadata_is_carried(jpeg_photo):
    picture = runtime.open_picture(jpeg_photo)
    reference = Image.open(jpeg_photo)
    assert picture.metadata.exif == reference.info["exif"].removeprefix(b"Exif\0\0")
    assert picture.metadata.icc == reference.info["icc_profile"] != b""
    assert picture.metadata.xmp == reference.info["xmp"]
    assert picture.metadata.comments == (b"hello",)
    assert picture.density == (300, 300)


@pytest.mark.parametrize(
    ("resolution", "density", "aspect"),
    [
        ({}, None, None),
        ({0x011A: 300.0, 0x011B: 150.0, 0x0128: 2}, (300, 150), None),
        ({0x011A: 100.0, 0x011B: 50.0, 0x0128: 3}, (254, 127), None),
        ({0x011A: 1.0, 0x011B: 1.0, 0x0128: 1}, None, None),
        ({0x011A: 2.0, 0x011B: 1.0, 0x0128: 1}, None, (2, 1)),
        ({0x011A: TiffImagePlugin.IFDRational(1, 0), 0x011B: 1.0, 0x0128: 2}, None, None),
    ],
    ids=["none", "inches", "centimeters", "no unit", "shape alone", "damaged"],
)
def test_only_the_resolution_that_exif_states_is_taken(tmp_path, resolution, density, aspect):
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif.update(resolution)
    picture = runtime.open_picture(saved(tmp_path, Image.fromarray(RGB), ".jpg", exif=exif))
    assert (picture.density, picture.metadata.aspect) == (density, aspect)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_orientation_is_applied_exactly_once(tmp_path, suffix, orientation):
    # Pixels turned by the tag that is carried must equal what a viewer shows of the input file.
    from PIL import ImageOps

    image = Image.fromarray(RGB)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, image, suffix, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    picture = runtime.open_picture(path)
    carried = Image.Exif()
    carried[0x0112] = picture.metadata.orientation
    received = Image.fromarray(picture.pixels)
    received.info["exif"] = carried.tobytes()
    shown = np.asarray(ImageOps.exif_transpose(received))
    # Read anew: Pillow turns TIFFs by itself while loading, the other formats not.
    viewer = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    np.testing.assert_array_equal(shown, viewer)
    assert shown.shape[0] == (53 if orientation == 6 else 37)


def test_what_a_heic_file_holds_besides_is_said(tmp_path, monkeypatch):
    heif = pytest.importorskip("pillow_heif", reason="needs the extra [heif]")

    class WithGainMap(heif.HeifImageFile):  # libheif's encoder writes none
        def __init__(self, file):
            super().__init__(file)
            self.info["aux"] = {"urn:com:apple:photo:2020:aux:hdrgainmap": [2]}

    heif.from_pillow(Image.fromarray(RGB)).save(tmp_path / "in.heic")
    assert runtime.open_picture(tmp_path / "in.heic").notes == ()
    monkeypatch.setattr(heif, "HeifImageFile", WithGainMap)
    assert "gain map" in runtime.open_picture(tmp_path / "in.heic").notes[0]


def test_heic_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "in.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"HEIC needs `pillow_heif`: pip install 'jpegpre-tf\[heif\]'"):
        runtime.open_picture(tmp_path / "in.heic")


def test_a_tiffs_exif_is_carried_without_its_pixel_layout(tmp_path):
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory[0x010F] = "Maker"
    directory[0x8769] = {0x9003: "2024:01:02 03:04:05"}
    picture = runtime.open_picture(saved(tmp_path, Image.fromarray(RGB), ".tif", tiffinfo=directory))
    carried = Image.Exif()
    carried.load(b"Exif\0\0" + picture.metadata.exif)
    assert carried[0x010F] == "Maker" and 0x0111 not in carried  # 0x0111: where the file keeps its strips
    assert carried.get_ifd(0x8769)[0x9003] == "2024:01:02 03:04:05"


def test_only_the_first_of_several_frames_is_used_and_said(tmp_path):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    path = saved(tmp_path, frames[0], ".gif", save_all=True, append_images=frames[1:])
    picture = runtime.open_picture(path)
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]
    assert picture.notes == ("holds 2 pictures: only the first is used",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "not a picture"),
        (b"hello, this is text\n", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", ""),
        (b"\xff\xd8\xff\xe0", ""),
    ],
)
def test_what_is_no_picture_is_one_line(tmp_path, content, reason):
    path = tmp_path / "name.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PictureError, match=rf"cannot read '.*name\.jpg': .*{reason}") as caught:
        runtime.open_picture(path)
    assert "\n" not in str(caught.value)


def test_a_strange_name_stays_one_line(tmp_path):
    name = os.fsencode(tmp_path) + b"/new\nline \xff.jpg"
    with pytest.raises(PictureError) as caught:
        runtime.open_picture(os.fsdecode(name))
    message = str(caught.value)
    assert "\n" not in message and message.isprintable() and r"new\nline \xff.jpg" in message


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PictureError, match="not a regular file"):
        runtime.open_picture(tmp_path / "pipe.jpg")
    with pytest.raises(PictureError, match="not a regular file"):
        runtime.open_picture(tmp_path)


def test_too_many_pixels_are_refused_before_decoding(tmp_path):
    path = saved(tmp_path, Image.new("RGB", (100, 50)))
    assert runtime.open_picture(path, max_pixels=5000).pixels.shape == (50, 100, 3)
    with pytest.raises(PictureError, match="100x50 is more than 4999 pixels"):
        runtime.open_picture(path, max_pixels=4999)


def test_a_decompression_bomb_is_refused(tmp_path):
    path = saved(tmp_path, Image.new("1", (20_000, 20_000)))
    with pytest.raises(PictureError, match="pixels"):
        runtime.open_picture(path)


def test_a_side_jpeg_cannot_hold_is_refused(tmp_path):
    with pytest.raises(PictureError, match="65500"):
        runtime.open_picture(saved(tmp_path, Image.new("L", (65_501, 1))))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".gif"])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_is_a_picture_error_or_a_picture(tmp_path, suffix, data):
    image = Image.fromarray(RGB).quantize(16) if suffix == ".gif" else Image.fromarray(RGB)
    content = bytearray(saved(tmp_path, image, suffix).read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    for _ in range(data.draw(st.integers(0, 4)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content)
    try:
        picture = runtime.open_picture(path)
    except PictureError as error:
        assert "\n" not in str(error)
    else:
        assert picture.pixels.ndim == 3


def test_a_jpeg_cut_in_half_is_refused(jpeg_photo):
    content = jpeg_photo.read_bytes()
    jpeg_photo.write_bytes(content[: len(content) // 2])
    with pytest.raises(PictureError, match="truncated"):
        runtime.open_picture(jpeg_photo)
