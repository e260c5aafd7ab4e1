from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.fixture(scope="session")
def balanced() -> runtime.Session:
    return runtime.load("balanced", threads=1)


@pytest.fixture(scope="session")
def edits_only() -> runtime.Session:
    """A model of version 4, which sees a quality instead of tables and makes no carriers."""
    return runtime.load(Path(__file__).parent / "version4" / "balanced", threads=1)


@pytest.fixture(scope="session")
def photos() -> list[np.ndarray]:
    return [runtime.open_picture(path).pixels for path in sorted(PICTURES.glob("*.webp"))]


@pytest.fixture(scope="session")
def wide_photo(photos) -> np.ndarray:
    """About 1 megapixel, no side a multiple of 16: (1088, 997, 3)."""
    height = min(len(photo) for photo in photos)
    tall = np.concatenate([photo[:height, :576] for photo in photos[:2]] * 2, axis=0)[:1088]
    return np.concatenate([tall, tall[::-1, ::-1]], axis=1)[:, :997]


@pytest.fixture
def jpeg_photo(tmp_path, photos) -> Path:
    """A camera-like JPEG file: GPS, orientation 6, a colour profile, XMP, a comment, 300 dpi."""
    from PIL import ImageCms

    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.0, 12.0, 30.0)
    path = tmp_path / "camera.jpg"
    Image.fromarray(photos[0][:200, :301]).save(
        path,
        quality=92,
        exif=exif,
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
        comment=b"hello",
        dpi=(300, 300),
    )
    return path
