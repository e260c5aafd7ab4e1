import shutil
from pathlib import Path

import pytest

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.fixture
def photo() -> Path:
    return PICTURES / "gb82_girl.webp"


@pytest.fixture
def folder(tmp_path, photo) -> Path:
    """in/a.webp, in/sub/b.webp, and what must not be taken for pictures."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    shutil.copy(photo, folder / "a.webp")
    shutil.copy(photo, folder / "sub" / "b.webp")
    (folder / "notes.txt").write_text("text")
    (folder / "._a.jpg").write_bytes(b"attributes of another system")
    return folder
