"""Crops at 200 % of original, plain JPEG and a profile at equal file size: photos of tests/pictures and drawn cases.

python tools/plot/crop_sheet.py --profile balanced --quality 40 -o docs/crops_balanced.webp
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.evaluation.equal_size import at_least
from jpegpre_tf.training.data.synthetic import DRAWN

ROOT = Path(__file__).resolve().parents[2]
SIDE = 96  # pixels of a crop, shown twice as large
# (picture, top, left): skin, hair, cloth; facades and sky; feathers, wood and background.
PHOTO_CROPS = {
    "gb82_girl": ((150, 330), (80, 300), (430, 380)),
    "gb82_city": ((60, 60), (300, 240), (440, 420)),
    "budgie_perched_osprey": ((120, 200), (300, 320)),
}


def cases() -> Iterator[tuple[np.ndarray, tuple[int, int]]]:
    """Pictures with the corner of a crop."""
    for stem, corners in PHOTO_CROPS.items():
        pixels = runtime.open_picture(ROOT / "tests/pictures" / f"{stem}.webp").pixels
        for top, left in corners:
            height, width = pixels.shape[:2]
            yield pixels, (min(top, height - SIDE), min(left, width - SIDE))
    for draw in DRAWN.values():
        yield draw(256, 0), (40, 40)


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
