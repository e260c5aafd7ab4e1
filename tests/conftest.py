"""The real codec, and pictures to put through it."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

KINDS = ("noise", "smooth", "black", "white", "one colour", "binary", "grey", "edge")
_PILLOW_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


class RealJPEG:
    """Pillow's libjpeg-turbo."""

    def encode(self, image, quality=None, subsampling="4:2:0", huffman="optimized", tables=None) -> bytes:
        """The file. `tables`: (2, 8, 8) instead of a quality."""
        options = {"quality": quality}
        if tables is not None:
            # At quality 50 Pillow writes the tables that it is given.
            options = {"quality": 50, "qtables": [np.asarray(t).astype(int).ravel().tolist() for t in tables]}
        if image.ndim == 3:
            options["subsampling"] = _PILLOW_SUBSAMPLING[subsampling]
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", optimize=huffman == "optimized", **options)
        return file.getvalue()

    def decode(self, content: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture(scope="session")
def real_jpeg() -> RealJPEG:
    return RealJPEG()


def make_picture(kind: str, height: int, width: int, seed: int) -> np.ndarray:
    """uint8 (height, width, 3)."""
    random = np.random.default_rng(seed)
    shape = height, width, 3
    if kind == "noise":
        return random.integers(0, 256, shape, np.uint8)
    if kind == "smooth":
        y, x = np.mgrid[:height, :width]
        waves = [np.sin(y * a + x * b + c) for a, b, c in random.uniform(-0.3, 0.3, (3, 3))]
        return np.clip(np.stack(waves, -1) * 130 + 128 + random.normal(0, 3, shape), 0, 255).astype(np.uint8)
    if kind == "black":
        return np.zeros(shape, np.uint8)
    if kind == "white":
        return np.full(shape, 255, np.uint8)
    if kind == "one colour":
        return np.broadcast_to(random.integers(0, 256, 3, np.uint8), shape).copy()
    if kind == "binary":
        return random.integers(0, 2, shape, np.uint8) * np.uint8(255)
    if kind == "grey":
        return random.integers(0, 256, (height, width, 1), np.uint8).repeat(3, axis=2)
    if kind == "edge":
        picture = np.zeros(shape, np.uint8)
        picture[height // 3 :, width // 2 :] = random.integers(0, 256, 3)
        return picture
    raise ValueError(kind)


@pytest.fixture(scope="session")
def picture():
    """`make_picture(kind, height, width, seed)`; `picture.kinds` names the kinds."""
    make_picture.kinds = KINDS
    return make_picture


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """uint8 (3, 128, 160, 3): parts of the sample pictures."""
    files = sorted((Path(__file__).parent / "pictures").glob("*.webp"))
    parts = [np.asarray(Image.open(file).convert("RGB"))[200:328, 200:360] for file in files]
    return np.stack(parts)


@pytest.fixture(scope="session")
def city() -> np.ndarray:
    """uint8 (176, 176, 3): a crop with fine detail, large enough for MS-SSIM."""
    with Image.open(Path(__file__).parent / "pictures" / "gb82_city.webp") as picture:
        return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[200:376, 200:376])


@pytest.fixture(scope="session")
def large_photos() -> np.ndarray:
    """uint8 (3, 256, 256, 3): parts of the sample pictures, large enough for statistics."""
    files = sorted((Path(__file__).parent / "pictures").glob("*.webp"))
    return np.stack([np.asarray(Image.open(file).convert("RGB"))[128:384, 128:384] for file in files])


@pytest.fixture
def large_buffer(monkeypatch):
    """Pillow's own is too small to write noise as progressive JPEG at a high quality, or with many restarts."""
    monkeypatch.setattr(ImageFile, "MAXBLOCK", 1 << 20)
