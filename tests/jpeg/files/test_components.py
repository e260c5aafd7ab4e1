"""Progressive JPEG files, taken apart by component: the samples that Pillow decodes from the whole."""

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.jpeg.files.components import component_files
from jpegpre_tf.runtime.pictures.jpeg_files.planar_jpeg import decode_planes, planar_factors
from tests.corpus.case import cjpeg, package, tool
from tools.check.fuzz_files import mutated

# Pillow's number for it, and luma samples per chroma sample.
SUBSAMPLINGS = {0: (1, 1), 1: (2, 1), 2: (2, 2)}
# For jpegtran -scans. Every DC scan is another one: apart, in pairs, and refined in another order than begun.
SCRIPTS = {
    "pairs": "0,1: 0 0 0 0; 2: 0 0 0 0; 0: 1 63 0 0; 1: 1 63 0 0; 2: 1 63 0 0;",
    "apart": "0: 0 0 0 0; 1: 0 0 0 0; 2: 0 0 0 0; 0: 1 63 0 0; 1: 1 63 0 0; 2: 1 63 0 0;",
    "refined": (
        "0,1,2: 0 0 0 3; 0: 1 9 0 2; 2: 1 63 0 1; 1: 1 63 0 0; 0,1,2: 0 0 3 2; 0: 10 63 0 0; 0,2: 0 0 2 1;"
        "0: 1 9 2 1; 1: 0 0 2 1; 0,1,2: 0 0 1 0; 0: 1 9 1 0; 2: 1 63 1 0;"
    ),
    "chroma pair": "0: 0 0 0 1; 1,2: 0 0 0 1; 0: 1 63 0 0; 1: 1 63 0 0; 2: 1 63 0 0; 1,2: 0 0 1 0; 0: 0 0 1 0;",
}


pytestmark = pytest.mark.usefixtures("large_buffer")

PICTURES = Path(__file__).parents[2] / "pictures"


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    """The sample pictures, whole: in parts of them headers would be too large a share of a file."""
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(PICTURES.glob("*.webp"))]


def file_of(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", progressive=True, **options)
    return file.getvalue()


def assert_same_samples(content: bytes, factors: tuple[int, int]) -> None:
    whole = Image.open(io.BytesIO(content))
    assert planar_factors(whole) == factors
    planes = decode_planes(io.BytesIO(content), factors)
    assert planes.size == whole.size
    np.testing.assert_array_equal(np.asarray(planes.crop((0, 0, *planes.size))), np.asarray(whole))


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("restarts", [{}, {"restart_marker_blocks": 3}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (17, 300), (300, 17), (65, 70), (211, 318)])
def test_samples_are_libjpegs(picture, subsampling, restarts, height, width):
    for kind, quality in (("noise", 30), ("noise", 100), ("smooth", 75), ("binary", 90)):
        pixels = picture(kind, height, width, seed=height)
        content = file_of(pixels, quality=quality, subsampling=subsampling, **restarts)
        assert_same_samples(content, SUBSAMPLINGS[subsampling])


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("restart", ["0", "1", "1B"])
def test_any_order_of_scans(picture, tmp_path, subsampling, script, restart):
    (tmp_path / "script").write_text(SCRIPTS[script])
    content = file_of(picture("noise", 99, 140, seed=1), quality=80, subsampling=subsampling)
    content = tool("jpegtran", "-restart", restart, "-scans", str(tmp_path / "script"), stdin=content)
    assert Image.open(io.BytesIO(content)).info["progressive"]
    assert_same_samples(content, SUBSAMPLINGS[subsampling])


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_mozjpegs_scans(photos, subsampling):
    mode = {0: "off", 1: "off", 2: "on"}[subsampling]
    for options in ({}, {"optimize_scans": True}, {"optimize_scans": True, "trellis_quant": True}):
        content = (
            package("pyvips")
            .Image.new_from_array(photos[0])
            .jpegsave_buffer(Q=85, interlace=True, subsample_mode=mode, **options)
        )
        assert_same_samples(content, SUBSAMPLINGS[2 * (mode == "on")])


def test_a_file_holds_one_component_and_a_part_of_the_bytes(photos):
    content = file_of(photos[0], quality=90, subsampling=1)
    files = component_files(content)
    sizes = [Image.open(io.BytesIO(file)).size for file in files]
    assert sizes == [(640, 512), (320, 512), (320, 512)]
    assert sum(map(len, files)) < 1.2 * len(content)
    # By another decoder too, which must have nothing to say.
    for file in files:
        tool("djpeg", "-strict", stdin=file)


def test_other_files_are_not_taken_apart(photos):
    image = Image.fromarray(photos[0])
    content = file_of(photos[0], quality=90)
    last_scan = content.rindex(b"\xff\xda")
    for wrong in (
        cjpeg(image=image),
        cjpeg("-arithmetic", "-progressive", image=image),
        content[: len(content) // 2],
        content[:-2],
        content[:last_scan] + content[-2:],  # complete but for some bits, which libjpeg smooths over
        content[:2],
        content[:20],
    ):
        with pytest.raises(ValueError, match=r"cut off|marker|missing|frame"):
            component_files(wrong)


def test_damaged_files_are_refused_or_decoded_as_in_the_whole(picture):
    seeds = [
        file_of(picture("smooth", height, width, seed=width), quality=75, subsampling=number, **restarts)
        for height, width in ((56, 72), (35, 41))
        for number in SUBSAMPLINGS
        for restarts in ({}, {"restart_marker_blocks": 2})
    ]
    alike = refused = 0
    for number in range(600):
        chance = random.Random(number)
        content = mutated(chance.choice(seeds), chance, seeds)
        try:
            whole = Image.open(io.BytesIO(content), formats=("JPEG",))
        except (OSError, SyntaxError):
            continue
        factors = planar_factors(whole)
        if factors is None or not whole.info.get("progressive") or whole.width * whole.height > 1_000_000:
            continue
        try:
            planes = decode_planes(io.BytesIO(content), factors)
        except (ValueError, OSError):
            refused += 1
            continue
        np.testing.assert_array_equal(np.asarray(planes.crop((0, 0, *planes.size))), np.asarray(whole))
        alike += 1
    assert alike > 50 and refused > 50
