"""Pictures made by code, to calibrate and compare an export with where no photos are at hand."""

from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf.training.drawn import Picture

_SIZE = 320  # pixels, more than an export's crops
_COUNT = 24
_LEAVES = 600
_RADII = 3.0, 160.0  # pixels
_MARGIN = 20  # pixels around the picture where centres may lie


def photo_like(size: int = _SIZE, seed: int = 0) -> Picture:
    """Dead leaves: discs of all sizes that hide each other, the simplest picture with the statistics of photos.

    Radii are as frequent as 1/radius^3 (Lee, Mumford and Huang 2001, "Occlusion models for natural images"). Contrast,
    brightness, strength of colour and sensor noise differ by seed. uint8 (size, size, 3).
    """
    random = np.random.default_rng(seed)
    brightness, contrast, colourfulness = random.uniform((60, 15, 0.05), (190, 60, 0.5))
    share = random.random(_LEAVES)
    smallest, largest = _RADII
    radii = 1 / np.sqrt(share / smallest**2 + (1 - share) / largest**2)
    scene = np.full((size, size, 3), brightness)
    for radius in radii:
        y, x = random.uniform(-_MARGIN, size + _MARGIN, 2)
        rows, columns = (slice(max(0, int(c - radius)), max(0, int(c + radius) + 2)) for c in (y, x))
        height, width = scene[rows, columns].shape[:2]
        distance = np.hypot(
            np.arange(height)[:, None] + rows.start - y, np.arange(width)[None] + columns.start - x
        )
        inside = np.clip(radius - distance + 0.5, 0, 1)[..., None]  # soft edges, one pixel wide
        luma, blue, red = random.normal(size=3)
        colour = luma + colourfulness * np.array([red, -(blue + red) / 2, blue])
        scene[rows, columns] += inside * (brightness + contrast * colour - scene[rows, columns])
    scene += random.normal(0, random.uniform(0, 6), scene.shape)
    return np.clip(np.round(scene), 0, 255).astype(np.uint8)


def write_made_pictures(folder: Path) -> tuple[Path, ...]:
    """Writes the pictures into a folder, the same ones each time."""
    paths = []
    for seed in range(_COUNT):
        path = folder / f"{seed}.png"
        Image.fromarray(photo_like(seed=seed)).save(path)
        paths.append(path)
    return tuple(paths)
