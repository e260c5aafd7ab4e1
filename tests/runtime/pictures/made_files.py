"""Picture files made by code: TIFF directories, PNG chunks, a photo-like picture, and what independent readers say."""

import io
import shutil
import struct
import subprocess
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
_LETTERS = {1: "B", 3: "H", 4: "I"}


def photo(width: int = 96, height: int = 64, seed: int = 1) -> np.ndarray:
    """Smooth colour and grain, uint8 `(H, W, 3)`."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x * a + y * b + c) * 70 + 120 for a, b, c in random.uniform(0.02, 0.12, (3, 3))]
    return np.clip(np.stack(waves, -1) + random.normal(0, 4, (height, width, 1)), 0, 255).astype(np.uint8)


def saved(pixels: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(entries: dict[int, tuple[int, Any]], data: bytes = b"", order: str = "<") -> bytes:
    """A TIFF file of one directory; `data` lies at offset 8. Entries: tag -> (type, numbers, pairs or bytes)."""
    data += bytes(len(data) % 2)
    after = 8 + len(data) + 2 + 12 * len(entries) + 4
    directory, extra = struct.pack(order + "H", len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        if isinstance(values, bytes):
            raw = values
        elif kind == 5:
            raw = b"".join(struct.pack(order + "II", *pair) for pair in values)
        else:
            raw = struct.pack(order + _LETTERS[kind] * len(values), *values)
        directory += struct.pack(order + "HHI", tag, kind, len(raw) // _SIZES[kind])
        if len(raw) > 4:
            directory += struct.pack(order + "I", after + len(extra))
            extra += raw + bytes(len(raw) % 2)
        else:
            directory += raw.ljust(4, b"\0")
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(data))
    return start + data + directory + bytes(4) + extra


def deep_tiff(
    values: np.ndarray,
    bits: int,
    photometric: int,
    *,
    order: str = "<",
    is_planar: bool = False,
    rows: int | None = None,
    deflate: bool = False,
    predictor: int = 1,
    extra: int | None = None,
) -> bytes:
    """A TIFF file of samples `(H, W, channels)` of so many bits."""
    height, width, channels = values.shape
    rows = rows or height
    planes = [values[..., i : i + 1] for i in range(channels)] if is_planar else [values]
    pieces = []
    for plane in planes:
        for top in range(0, height, rows):
            part = plane[top : top + rows].astype(np.uint16)
            if predictor == 2:
                part = np.diff(part, axis=1, prepend=np.zeros_like(part[:, :1]))
            piece = pack(part.reshape(len(part), -1), bits, order)
            pieces.append(zlib.compress(piece) if deflate else piece)
    offsets = np.cumsum([8] + [len(piece) for piece in pieces])[:-1]
    entries: dict[int, tuple[int, Any]] = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * channels),
        259: (3, [8 if deflate else 1]),
        262: (3, [photometric]),
        273: (4, [int(value) for value in offsets]),
        277: (3, [channels]),
        278: (4, [rows]),
        279: (4, [len(piece) for piece in pieces]),
        284: (3, [2 if is_planar else 1]),
        317: (3, [predictor]),
    }
    if extra is not None:
        entries[338] = (3, [extra])
    return tiff(entries, b"".join(pieces), order)


def pack(rows: np.ndarray, bits: int, order: str) -> bytes:
    """Rows of samples as TIFF packs them: 16 bits in the file's order, others from the top bit on."""
    if bits == 16:
        return rows.astype(f"{order}u2").tobytes()
    single = (rows[..., np.newaxis] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(single.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, color_type: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG file of packed rows without filters."""
    row_bytes = len(rows) // height
    raw = b"".join(b"\0" + rows[i : i + row_bytes] for i in range(0, len(rows), row_bytes))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


def with_chunks(content: bytes, *chunks: bytes) -> bytes:
    """A PNG file with further chunks behind IHDR."""
    return content[:33] + b"".join(chunks) + content[33:]


def insert(content: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG file with further segments behind its JFIF header."""
    start = 4 + int.from_bytes(content[4:6], "big")
    parts = [bytes((0xFF, m)) + (len(p) + 2).to_bytes(2, "big") + p for m, p in segments]
    return content[:start] + b"".join(parts) + content[start:]


def witness(*command: str, stdin: bytes = b"") -> bytes:
    """What an independent program says; the test is skipped where it is missing."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


def by_imagemagick(content: bytes, kind: str, *options: str) -> np.ndarray:
    """Pixels that ImageMagick reads, uint8 `(H, W, 3)`."""
    done = witness("convert", f"{kind}:-", *options, "-depth", "8", "ppm:-", stdin=content)
    return np.asarray(Image.open(io.BytesIO(done)).convert("RGB"))


def tags(content: bytes, *options: str) -> str:
    """What exiftool says of a file."""
    return witness("exiftool", *options, "-", stdin=content).decode().strip()
