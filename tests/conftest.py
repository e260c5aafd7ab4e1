from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PICTURES = Path(__file__).parent / "pictures"


@pytest.fixture(scope="session")
def city():
    """uint8 (176, 176, 3): a crop with fine detail."""
    with Image.open(PICTURES / "gb82_city.webp") as picture:
        return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[200:376, 200:376])
