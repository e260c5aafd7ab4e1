"""What one odd file is, how it is made, and what must become of it."""

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

PICTURES = Path(__file__).parent.parent / "pictures"

ENCODED, KEPT, REFUSED = "encoded", "kept", "refused"


@dataclass(frozen=True)
class Case:
    """One odd file.

    Attributes:
        name: File name with suffix.
        tests: What it is there for.
        make: Returns the file's content; skips the test if the tool that makes it is not installed.
        outcome: "encoded": a new JPEG file; "kept": the input's own bytes; "refused": a PictureError.
        says: Regular expressions: one for each note, or one for the error, in order.
        mode: Pillow mode of the output.
        looks: Bound on the mean difference in levels between what a viewer shows of input and output;
            None where Pillow's view of the input is not the right one.
        options: Of the encoding.
        check: Further checks of (input bytes, output bytes).
    """

    name: str
    tests: str
    make: Callable[[], bytes]
    outcome: str = ENCODED
    says: tuple[str, ...] = ()
    mode: str = "RGB"
    looks: float | None = 8
    options: dict[str, Any] = field(default_factory=dict)
    check: Callable[[bytes, bytes], None] | None = None


def photo(width: int = 96, height: int = 80) -> Image.Image:
    """A crop of a sample picture."""
    with Image.open(PICTURES / "gb82_city.webp") as image:
        return image.convert("RGB").crop((200, 200, 200 + width, 200 + height))


def with_alpha() -> Image.Image:
    """The photo, its left half transparent."""
    image = photo().convert("RGBA")
    image.paste((0, 255, 0, 0), (0, 0, 48, 80))
    return image


def saved(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """The file that Pillow writes."""
    file = io.BytesIO()
    (photo() if image is None else image).save(file, kind, **options)
    return file.getvalue()


def tool(*command: str, stdin: bytes = b"") -> bytes:
    """Output of a program, or a skipped test where it is missing."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


def package(name: str) -> Any:
    """A module, or a skipped test where it is missing."""
    return pytest.importorskip(name, reason=f"{name} is not installed")


def cjpeg(*options: str, image: Image.Image | None = None) -> bytes:
    """The file of libjpeg-turbo's own program."""
    return tool("cjpeg", *options, stdin=saved("PPM", image))


def jpegtran(*options: str) -> bytes:
    """A file transformed by jpegtran."""
    return tool("jpegtran", *options, stdin=saved("JPEG", quality=90))


def exiftool(content: bytes, *options: str) -> bytes:
    """A JPEG file with metadata written by exiftool."""
    return tool("exiftool", *options, "-", stdin=content)


def vips(method: str, image: Any = None, **options: Any) -> bytes:
    """A file written by libvips: method "jpegsave", "pngsave", "tiffsave"."""
    picture = vips_picture() if image is None else image
    return bytes(getattr(picture, f"{method}_buffer")(**options))


def vips_picture(image: Image.Image | None = None) -> Any:
    """The photo as libvips holds it."""
    return package("pyvips").Image.new_from_array(np.asarray(photo() if image is None else image))


def insert(content: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG file with further segments after SOI."""
    parts = [bytes((0xFF, m)) + (len(p) + 2).to_bytes(2, "big") + p for m, p in segments]
    return content[:2] + b"".join(parts) + content[2:]


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    """The content with the first `old` replaced; it must be there."""
    assert old in content
    return content.replace(old, new, 1)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    import zlib

    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png_with(kind: bytes, data: bytes, content: bytes | None = None) -> bytes:
    """A PNG file with one more chunk after IHDR."""
    content = saved("PNG") if content is None else content
    return content[:33] + png_chunk(kind, data) + content[33:]
