"""Pictures of the kinds that must not be hurt, eight or more of each: made by code, or photos of a collection by name.

kinds.json names the photos; they belong to the collection that the models learned from, so that their numbers only show
harm, never a gain on pictures not seen before.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from jpegpre_tf.evaluation.pictures import find_pictures
from jpegpre_tf.runtime import open_picture
from jpegpre_tf.training.data.synthetic import DRAWN, gradient

SIDE = 512
COUNT = 8
JPEG_QUALITY = 85
SHIFT = 3, 5  # rows, columns off the 8x8 grid
# Electrons of a full well, and read noise in them: a small sensor in the dark.
FULL_WELL, READ_NOISE, LIGHT = 800.0, 4.0, 0.25
NAMES = json.loads(Path(__file__).with_name("kinds.json").read_text(encoding="utf-8"))

Named = tuple[str, str, np.ndarray]


def make_pictures(photos: list[Path], collections: list[Path]) -> Iterator[Named]:
    """(kind, name, picture).

    Args:
        photos: Folders and files of photos that the models never saw; the first eight are degraded.
        collections: Folders with the photos of kinds.json; kinds of which none is found are left out.
    """
    for seed in range(COUNT):
        yield "text", f"text{seed}", DRAWN["text"](SIDE, seed)
        yield "line_art", f"lines{seed}", DRAWN["lines"](SIDE, seed)
        yield "charts", f"chart{seed}", _chart(seed)
        yield "led_light", f"led{seed}", _led_light(seed)
        yield "blossom", f"blossom{seed}", _blossom(seed)
        yield "green_macro", f"leaf{seed}", _leaf(seed)
    for seed, path in enumerate(list(find_pictures(photos).values())[:COUNT] if photos else []):
        pixels = open_picture(path).pixels
        left = _recompress(pixels)
        yield "night_noise", path.stem, _make_night(pixels, seed)
        yield "jpeg_on_grid", path.stem, left
        yield "jpeg_off_grid", path.stem, left[SHIFT[0] :, SHIFT[1] :]
        yield "gray", path.stem, np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))
    found = {path.stem: path for path in find_pictures(collections).values()} if collections else {}
    for kind, names in NAMES.items():
        for name in names:
            if name in found:
                yield kind, name, open_picture(found[name]).pixels


def _make_night(pixels: np.ndarray, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    linear = LIGHT * (pixels / 255.0) ** 2.2
    electrons = random.poisson(linear * FULL_WELL) + random.normal(0, READ_NOISE, pixels.shape)
    return np.round(255 * np.clip(electrons / FULL_WELL, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def _recompress(pixels: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(file))


def _chart(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    figure = Figure(figsize=(SIDE / 100, SIDE / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1)
    for series in range(4):
        above.plot(np.cumsum(random.normal(size=80)), label=f"series {series + 1}", linewidth=1.2)
    above.legend(fontsize=7)
    above.grid(alpha=0.4)
    if seed % 2:
        below.scatter(random.normal(size=200), random.normal(size=200), s=8, c=random.random(200))
    else:
        below.bar([f"item {i}" for i in range(7)], random.random(7), color=random.random((7, 3)))
    above.set_title("Measured over time, arbitrary units", fontsize=9)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _led_light(seed: int) -> np.ndarray:
    """Lamps of pure colors over a dark room, clipped where they shine, with a little noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    picture = np.full((SIDE, SIDE, 3), 12.0)
    for _ in range(9):
        color = np.eye(3)[random.integers(3)] + 0.9 * (seed % 2) * np.eye(3)[random.integers(3)]
        center, width = random.uniform(0, SIDE, 2), random.uniform(8, 60)
        distance = (x - center[0]) ** 2 + (y - center[1]) ** 2
        shine = 420 * np.exp(-distance / (2 * width**2)) + 60 * np.exp(-distance / (2 * (4 * width) ** 2))
        picture += shine[..., np.newaxis] * color
    return np.clip(np.round(picture + random.normal(0, 2, picture.shape)), 0, 255).astype(np.uint8)


def _blossom(seed: int) -> np.ndarray:
    """Branches with pale blossoms, hundreds of small ones, before a smooth sky."""
    random = np.random.default_rng(seed)
    wide = 2 * SIDE
    picture = Image.fromarray(gradient(SIDE, seed)).resize((wide, wide), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(7):
        at, direction = np.array([random.uniform(0, wide), float(wide)]), random.uniform(-2.2, -0.9)
        for step in range(26):
            direction += random.normal(0, 0.18)
            end = at + 44 * np.array([np.cos(direction), np.sin(direction)])
            draw.line([*at, *end], fill=(62, 44, 36), width=max(2, 14 - step // 2))
            at = end
            for _ in range(int(random.integers(0, 4))):
                _draw_flower(draw, at + random.normal(0, 18, 2), random)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _draw_flower(draw: ImageDraw.ImageDraw, center: np.ndarray, random: np.random.Generator) -> None:
    radius, turn = random.uniform(6, 13), random.uniform(0, 6)
    pale = int(random.integers(150, 225))
    for petal in range(5):
        angle = turn + petal * 2 * np.pi / 5
        x, y = center + 0.8 * radius * np.array([np.cos(angle), np.sin(angle)])
        box = (x - radius / 1.6, y - radius / 1.6, x + radius / 1.6, y + radius / 1.6)
        draw.ellipse(box, fill=(250, pale, min(255, pale + 25)))
    draw.ellipse((*(center - radius / 4), *(center + radius / 4)), fill=(235, 200, 60))


def _leaf(seed: int) -> np.ndarray:
    """A leaf close by, of nearly pure green, with veins, pores and shine."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    angle = random.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    middle = across - random.uniform(0.2, 0.8) * SIDE * np.cos(angle)
    veins = np.abs((along + 0.8 * np.abs(middle)) % random.uniform(40, 90) - 20)
    light = 150 + 60 * np.sin(along / 140 + seed) - 45 * np.exp(-veins / 4) - 60 * np.exp(-np.abs(middle) / 5)
    light += 9 * np.sin(x / 2.1 + 3 * np.sin(y / 9)) * np.sin(y / 2.3) + random.normal(0, 3, light.shape)
    mix = np.array([0.12 + 0.3 * (seed % 2), 1.0, 0.04])
    return np.clip(np.round(light[..., np.newaxis] * mix), 0, 255).astype(np.uint8)
