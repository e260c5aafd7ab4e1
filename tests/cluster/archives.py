"""What is in the small archives."""

import io
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).parent.parent / "pictures"


def small_photo(number: int) -> bytes:
    """A JPEG file of 96x64 pixels, another one for every number."""
    with Image.open(PICTURES / "gb82_girl.webp") as picture:
        left, top = 7 * number % 300, 11 * number % 300
        file = io.BytesIO()
        picture.convert("RGB").crop((left, top, left + 96, top + 64)).save(file, "JPEG", quality=93)
    return file.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    """Relative name -> content of the JPEG files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.jpg"))}
