"""Pictures made by code.

Those drawn are of kinds that a preprocessor must not hurt and of which photo collections hold few. Those like photos
serve to calibrate and compare an export where no photos are at hand.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jpegpre_tf._types import RGBImage

_WORDS = [
    *(
        "the",
        "quick",
        "brown",
        "fox",
        "jumps",
        "over",
        "a",
        "lazy",
        "dog",
        "while",
        "seventeen",
        "quiet",
        "files",
    ),
    *(
        "open",
        "recent",
        "export",
        "as",
        "preview",
        "quality",
        "size",
        "bytes",
        "total",
        "rate",
        "folder",
        "settings",
    ),
    *("view", "help", "cancel", "apply", "OK", "4:2:0", "42", "%", "1,024"),
]
_INKS = ((20, 20, 20), (90, 90, 90), (0, 90, 200), (180, 30, 30), (20, 120, 60))
_SMOOTH = 2  # smooth lines are drawn so many times larger

# What follows is of `photo_like` and the files that are written of it.
_SIZE = 320  # pixels, more than an export's crops
_COUNT = 24
_LEAVES = 600
_RADII = 3.0, 160.0  # pixels
_MARGIN = 20  # pixels around the picture where centres may lie


def gradient(size: int = 256, seed: int = 0) -> RGBImage:
    """A sky: two soft colours, where banding would show; uint8 (size, size, 3)."""
    random = np.random.default_rng(seed)
    top, bottom = random.integers(50, 200, 3), random.integers(120, 240, 3)
    y, x = np.mgrid[:size, :size] / (size - 1)
    mix = (0.8 * y + 0.2 * x)[..., None]
    return np.round(top * (1 - mix) + bottom * mix).astype(np.uint8)


def text(size: int = 256, seed: int = 0) -> RGBImage:
    """A screenshot: title bar, buttons, paragraphs of several sizes and colours; odd seeds dark."""
    random = np.random.default_rng(seed)
    dark = seed % 2 == 1
    picture = Image.new("RGB", (size, size), (32, 33, 36) if dark else "white")
    draw = ImageDraw.Draw(picture)
    bar = _color(random, 20, 170)
    draw.rectangle((0, 0, size, 40), fill=bar)
    draw.text((8, 10), _line(random, 4), fill="white", font=ImageFont.load_default(16))
    y = 50
    while y < size:
        points = int(random.choice([10, 11, 12, 12, 14, 18]))
        font = ImageFont.load_default(points)
        ink = _INKS[int(random.integers(len(_INKS)))] if random.random() < 0.3 else _INKS[0]
        if dark:
            ink = (255 - ink[0], 255 - ink[1], 255 - ink[2])
        for _ in range(int(random.integers(1, 6))):
            left = 8 + 20 * int(random.random() < 0.2)
            draw.text((left, y), _line(random, size // 40), fill=ink, font=font)
            y += points + 5
        if random.random() < 0.5:
            draw.rounded_rectangle((8, y + 4, 90, y + 26), 5, fill=bar, outline=ink)
            draw.text((16, y + 8), _line(random, 1), fill="white", font=ImageFont.load_default(12))
            y += 34
        y += 8
    return np.asarray(picture)


def lines(size: int = 256, seed: int = 0) -> RGBImage:
    """Line art on paper: circles, hatching and a curve; odd seeds with smooth edges."""
    random = np.random.default_rng(seed)
    scale = _SMOOTH if seed % 2 == 1 else 1
    wide = size * scale
    picture = Image.new("RGB", (wide, wide), _color(random, 225, 256))
    draw = ImageDraw.Draw(picture)
    middle = wide // 2 + int(random.integers(-wide // 6, wide // 6 + 1))
    for radius in range(10 * scale, wide * 2 // 3, int(random.integers(7, 20)) * scale):
        box = (middle - radius, wide // 2 - radius, middle + radius, wide // 2 + radius)
        draw.ellipse(box, outline=_color(random, 0, 80), width=scale)
    slope = int(random.integers(-wide, wide))
    ink = _color(random, 20, 200)
    for offset in range(-wide, 2 * wide, int(random.integers(8, 30)) * scale):
        draw.line((offset, 0, offset + slope, wide), fill=ink, width=scale)
    x = np.arange(wide)
    y = wide / 2 + wide / 3 * np.sin(x / wide * random.uniform(5, 20))
    draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=_color(random, 0, 160), width=2 * scale)
    return np.asarray(picture.resize((size, size), Image.Resampling.BOX))


def night(size: int = 256, seed: int = 0) -> RGBImage:
    """A dark scene with sensor noise and a few lights."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    places = random.uniform(0.15, 0.85, (3, 2)) * size
    light = sum(180 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 90.0) for cx, cy in places)
    scene = (18 + 0.05 * x * 256 / size + light)[..., None] * np.array([1.0, 0.85, 0.6])
    return np.clip(scene + random.normal(0, 6, (size, size, 3)), 0, 255).astype(np.uint8)


# Kind -> function of (side in pixels, seed).
DRAWN: dict[str, Callable[[int, int], RGBImage]] = {
    "gradient": gradient,
    "text": text,
    "lines": lines,
    "night": night,
}


def photo_like(size: int = _SIZE, seed: int = 0) -> RGBImage:
    """Dead leaves: discs of all sizes that hide each other, the simplest picture with the statistics of photos.

    Radii are as frequent as 1/radius^3 (Lee, Mumford and Huang 2001, "Occlusion models for natural images"). Contrast,
    brightness, strength of colour and sensor noise differ by seed. uint8 (size, size, 3).
    """
    random = np.random.default_rng(seed)
    brightness, contrast, colorfulness = random.uniform((60, 15, 0.05), (190, 60, 0.5))
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
        color = luma + colorfulness * np.array([red, -(blue + red) / 2, blue])
        scene[rows, columns] += inside * (brightness + contrast * color - scene[rows, columns])
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


def _line(random: np.random.Generator, words: int) -> str:
    return " ".join(_WORDS[int(i)] for i in random.integers(len(_WORDS), size=max(1, words)))


def _color(random: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = (int(c) for c in random.integers(low, high, 3))
    return red, green, blue
