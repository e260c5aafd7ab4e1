"""Crops at 200 % of original, plain JPEG and a profile at equal file size: photos of tests/pictures and drawn cases.

python tools/crop_sheet.py --profile balanced --quality 40 -o docs/crops_balanced.webp
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jpegpre_tf import runtime
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.evaluation.equal_size import at_least

ROOT = Path(__file__).resolve().parent.parent
SIDE = 96  # pixels of a crop, shown twice as large
# (picture, top, left): skin, hair, cloth; facades and sky; feathers, wood and background.
PHOTO_CROPS = {
    "gb82_girl": ((150, 330), (80, 300), (430, 380)),
    "gb82_city": ((60, 60), (300, 240), (440, 420)),
    "budgie_perched_osprey": ((120, 200), (300, 320)),
}


def _gradient() -> np.ndarray:
    """A sky: two soft colours, where banding would show."""
    y, x = np.mgrid[:256, :256] / 255.0
    mix = (0.8 * y + 0.2 * x)[..., None]
    return np.round(np.array([60, 110, 190]) * (1 - mix) + np.array([235, 200, 170]) * mix).astype(np.uint8)


def _text() -> np.ndarray:
    """A screenshot: small dark text on white, and white on blue."""
    picture = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 255, 40), fill=(30, 70, 160))
    font = ImageFont.load_default(12)
    for row in range(16):
        colour = "white" if row < 2 else (20, 20, 20)
        draw.text((6, 6 + 16 * row), f"{row:02d} The quick brown fox jumps over it.", fill=colour, font=font)
    return np.asarray(picture)


def _lines() -> np.ndarray:
    """Line art: thin curves and hatching in two colours."""
    picture = Image.new("RGB", (256, 256), (250, 246, 236))
    draw = ImageDraw.Draw(picture)
    for radius in range(10, 180, 12):
        draw.ellipse((128 - radius, 128 - radius, 128 + radius, 128 + radius), outline=(20, 20, 60))
    for offset in range(-256, 256, 10):
        draw.line((offset, 0, offset + 256, 256), fill=(190, 40, 40))
    return np.asarray(picture)


def _night() -> np.ndarray:
    """A dark scene with sensor noise and a few lights."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:256, :256]
    light = sum(
        180 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 90.0) for cx, cy in ((60, 80), (180, 60), (120, 170))
    )
    scene = 18 + 0.05 * x + light
    noisy = scene[..., None] * np.array([1.0, 0.85, 0.6]) + random.normal(0, 6, (256, 256, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def cases() -> Iterator[tuple[np.ndarray, tuple[int, int]]]:
    """Pictures with the corner of a crop."""
    for stem, corners in PHOTO_CROPS.items():
        pixels = runtime.open_picture(ROOT / "tests/pictures" / f"{stem}.webp").pixels
        for top, left in corners:
            height, width = pixels.shape[:2]
            yield pixels, (min(top, height - SIDE), min(left, width - SIDE))
    for picture in (_gradient(), _text(), _lines(), _night()):
        yield picture, (40, 40)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--quality", type=int, default=40)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args(argv)
    session = runtime.load(arguments.profile)
    encoder = get_encoder("libjpeg-turbo")
    tiles = []
    for pixels, (top, left) in cases():
        ours = encoder.encode(session(pixels, arguments.quality), arguments.quality)
        plain = at_least(encoder, pixels, ours.size_bytes)
        row = [image[top : top + SIDE, left : left + SIDE] for image in (pixels, plain.decoded, ours.decoded)]
        tiles.append(np.concatenate(row, axis=1).repeat(2, axis=0).repeat(2, axis=1))
        print(
            f"{ours.size_bytes} bytes, plain {plain.size_bytes} at quality {plain.quality}", file=sys.stderr
        )
    half = -(-len(tiles) // 2)
    gap = np.full((2 * SIDE, 12, 3), 255, np.uint8)
    rows = [np.concatenate([a, gap, b], axis=1) for a, b in zip(tiles[:half], tiles[half:], strict=True)]
    Image.fromarray(np.concatenate(rows)).save(arguments.output, quality=95)
    return 0


if __name__ == "__main__":
    sys.exit(main())
