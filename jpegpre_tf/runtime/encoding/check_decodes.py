"""A last look at a file before it replaces another."""

import io

from PIL import Image


def check_decodes(jpeg: bytes) -> None:
    """Decodes a file at an eighth of its size: all its bits are read, little memory is used.

    Raises:
        OSError: If that fails.
    """
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.draft(image.mode, (max(1, image.width // 8), max(1, image.height // 8)))
        image.load()
