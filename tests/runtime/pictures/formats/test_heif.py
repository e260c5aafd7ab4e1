"""HEIC and AVIF whose boxes turn, mirror, cut and tile the picture, against ImageMagick's libheif."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from jpegpre_tf.runtime.pictures.formats.clean_aperture import find_aperture
from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from tests.runtime.pictures.heif_files import clap, grid_file, heif_file, imir, irot
from tests.runtime.pictures.made_files import by_imagemagick, photo, saved, witness

PICTURE = photo(128, 96)
# Two versions of two decoders, and chroma of half the size: a picture that is turned wrongly is 40 levels off.
_MOST_LEVELS = 3.0


def coded(kind: str, pixels: np.ndarray = PICTURE) -> bytes:
    if kind == "avif":
        return saved(pixels, "AVIF", quality=95)
    package = pytest.importorskip("pillow_heif", reason="pillow_heif is not installed")
    file = io.BytesIO()
    package.from_pillow(Image.fromarray(pixels)).save(file, quality=95)
    return file.getvalue()


def shown(content: bytes) -> np.ndarray:
    """What a viewer shows of a JPEG file with these pixels and what is carried."""
    picture = open_content(content)
    assert picture.notes == ()
    jpeg = saved(picture.pixels, "JPEG", quality=100, subsampling=0)
    with Image.open(io.BytesIO(insert_metadata(jpeg, picture.metadata))) as image:
        return np.asarray(ImageOps.exif_transpose(image))


def by_libheif(content: bytes, kind: str) -> np.ndarray:
    if kind.upper() not in witness("convert", "-list", "format").decode():
        pytest.skip(f"ImageMagick here does not read {kind}")
    return by_imagemagick(content, kind)


def difference(first: np.ndarray, second: np.ndarray) -> float:
    assert first.shape == second.shape
    return float(np.abs(first.astype(int) - second).mean())


@pytest.mark.codec
@pytest.mark.parametrize("kind", ["heic", "avif"])
@pytest.mark.parametrize(
    "properties",
    [(irot(1),), (irot(2),), (irot(3),), (imir(0),), (imir(1),), (irot(1), imir(1)), (irot(3), imir(0))],
    ids=lambda properties: "-".join(f"{name.decode()}{data[0]}" for name, data in properties),
)
def test_turned_and_mirrored_is_what_imagemagick_shows(kind, properties):
    content = heif_file(coded(kind), *properties)
    assert difference(shown(content), by_libheif(content, kind)) < _MOST_LEVELS


@pytest.mark.codec
@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_only_the_part_to_be_shown_is_used(kind):
    for properties in ((clap(64, 48, -16, -8),), (clap(64, 48, 10, 20), irot(1))):
        content = heif_file(coded(kind), *properties)
        assert difference(shown(content), by_libheif(content, kind)) < _MOST_LEVELS
    left_top = shown(heif_file(coded(kind), clap(64, 48, -32, -24)))
    assert difference(left_top, PICTURE[:48, :64]) < _MOST_LEVELS


@pytest.mark.parametrize("part", [(200, 48, 0, 0), (64, 48, 60, 0), (128, 96, 0, 0), (0, 0, 0, 0)])
def test_a_part_that_is_none_is_the_whole_picture(part):
    content = heif_file(coded("avif"), clap(*part))
    assert find_aperture(content, (128, 96)) is None
    assert shown(content).shape == PICTURE.shape


@pytest.mark.codec
@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_a_grid_of_tiles_is_one_picture(kind):
    whole = photo(256, 192)
    tiles = [coded(kind, whole[y : y + 128, x : x + 128]) for y, x in ((0, 0), (0, 128), (64, 0), (64, 128))]
    # Tiles of one size; of the lower ones the picture ends before theirs.
    content = grid_file(tiles, 2, (240, 200), irot(3))
    assert difference(shown(content), by_libheif(content, kind)) < _MOST_LEVELS
