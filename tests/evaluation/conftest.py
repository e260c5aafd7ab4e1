from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PICTURES = Path(__file__).parents[1] / "pictures"


@pytest.fixture
def folder(tmp_path):
    """A folder of three small pictures, large enough for MS-SSIM."""
    target = tmp_path / "pictures"
    target.mkdir()
    for path in sorted(PICTURES.glob("*.webp")):
        with Image.open(path) as picture:
            picture.convert("RGB").crop((200, 200, 376, 376)).save(target / f"{path.stem}.png")
    return target


@pytest.fixture(scope="session")
def decoded(city):
    """`city` after JPEG of quality 30."""
    from jpegpre_tf.codecs import LibjpegTurbo

    return np.ascontiguousarray(LibjpegTurbo().encode(city, 30).decoded)


@pytest.fixture
def averaging():
    """A .tflite stand-in for a model; tools/check/make_averaging_tflite.py writes it."""
    return Path(__file__).parent / "data/averaging.tflite"
