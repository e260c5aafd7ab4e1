"""Pictures, the real codec, tables on the terminal."""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

QUALITIES = (8, 12, 16, 22, 30, 40, 50, 60, 70, 78, 84, 90)
SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")
_PILLOW_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


def pictures(folder: str, limit: int) -> Iterator[Image.Image]:
    files = sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in (".webp", ".png", ".tif", ".bmp"))
    for file in files[:limit]:
        yield Image.open(file).convert("RGB")


def crops(folder: str, limit: int, size: int = 256, blur: float = 0.0) -> np.ndarray:
    """uint8 (pictures, size, size, 3): the middle of each, on the grid of 16x16 blocks."""
    result = []
    for picture in pictures(folder, limit):
        if blur:
            picture = picture.filter(ImageFilter.GaussianBlur(blur))
        left, top = ((side - size) // 2 // 16 * 16 for side in picture.size)
        result.append(np.asarray(picture)[top : top + size, left : left + size])
    return np.stack(result)


def encode(pixels: np.ndarray, quality: int, subsampling: str = "4:2:0", optimize: bool = True) -> bytes:
    file = io.BytesIO()
    options = {"subsampling": _PILLOW_SUBSAMPLING[subsampling], "optimize": optimize}
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def decode(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def to_pixels(images: np.ndarray) -> np.ndarray:
    return np.clip(np.round(images), 0, 255).astype(np.uint8)


def real_scores(images: np.ndarray, sharp: np.ndarray, quality: int) -> np.ndarray:
    """(pictures, 2): squared error of the real decode against `sharp`, and the real file's bits per pixel."""
    scores = []
    for image, target in zip(to_pixels(images), sharp, strict=True):
        content = encode(image, quality)
        error = decode(content).astype(np.float64) - target
        scores.append((np.mean(error**2), 8 * len(content) / image[..., 0].size))
    return np.array(scores)


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print(f"{title}\n\n| {' | '.join(header)} |\n|{'---|' * len(header)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |", flush=True)
