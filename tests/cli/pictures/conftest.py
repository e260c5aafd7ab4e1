from pathlib import Path

import pytest
from PIL import Image

from jpegpre_tf.cli.common.output import progress


@pytest.fixture
def photos(photo, tmp_path) -> Path:
    """in/0.jpg ... in/5.jpg, each another crop."""
    folder = tmp_path / "in"
    folder.mkdir()
    image = Image.open(photo).convert("RGB")
    for number in range(6):
        image.crop((40 * number, 0, 40 * number + 160, 120)).save(folder / f"{number}.jpg", quality=95)
    return folder


@pytest.fixture(autouse=True)
def no_progress_lines(monkeypatch) -> None:
    """On a slow machine a run says every half minute how far it is."""
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", float("inf"))
