"""Crops at 200 % of original, plain JPEG and a profile at equal file size.

    python tools/plot/crop_sheet.py --profile balanced --quality 40 -o docs/crops_balanced.webp
    python tools/plot/crop_sheet.py KODAK/kodim04.png KODAK/kodim15.png:120,300 --window smoothest -o sheet.png

Files are those that `jpegpre encode` writes; plain ones are given at least as many bytes. Without pictures: photos in
tests/pictures and drawn cases. Of a picture without a corner (top,left) the crop is where the two files differ most, or
with --window smoothest where the picture changes least, as skin and skies do, where blocks would show.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.evaluation.candidates import REFERENCE_ENCODER, make_profile_candidate
from jpegpre_tf.evaluation.equal_size import smallest_file_above
from jpegpre_tf.evaluation.writing.profiles import WRITE_PATHS
from jpegpre_tf.training.data.synthetic import DRAWN

ROOT = Path(__file__).resolve().parents[2]
SIDE = 96  # pixels of a crop, shown twice as large
GAP = 12
# (picture, top, left): skin, hair, cloth; facades and sky; feathers, wood and background.
PHOTO_CROPS = {
    "gb82_girl": ((150, 330), (80, 300), (430, 380)),
    "gb82_city": ((60, 60), (300, 240), (440, 420)),
    "budgie_perched_osprey": ((120, 200), (300, 320)),
}

Corner = tuple[int, int]


def own_cases() -> Iterator[tuple[str, np.ndarray, Corner | None]]:
    """(name, picture, corner of a crop)."""
    for stem, corners in PHOTO_CROPS.items():
        pixels = runtime.open_picture(ROOT / "tests/pictures" / f"{stem}.webp").pixels
        for corner in corners:
            yield stem, pixels, corner
    for name, draw in DRAWN.items():
        yield name, draw(256, 0), (40, 40)


def given_cases(words: list[str]) -> Iterator[tuple[str, np.ndarray, Corner | None]]:
    """The same of words PICTURE or PICTURE:TOP,LEFT."""
    for word in words:
        path, _, corner = word.partition(":") if not Path(word).exists() else (word, "", "")
        top, _, left = corner.partition(",")
        found = Path(path)
        yield found.stem, runtime.open_picture(found).pixels, (int(top), int(left)) if corner else None


def choose_corner(cost: np.ndarray) -> Corner:
    """Top and left of the window with the smallest sum of `cost`, `(height, width)`, at multiples of 8."""
    sums = np.pad(cost, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    inside = sums[SIDE:, SIDE:] - sums[:-SIDE, SIDE:] - sums[SIDE:, :-SIDE] + sums[:-SIDE, :-SIDE]
    top, left = np.unravel_index(int(np.argmin(inside[::8, ::8])), inside[::8, ::8].shape)
    return 8 * int(top), 8 * int(left)


def change_of(pixels: np.ndarray) -> np.ndarray:
    """How much a picture changes at each pixel; flat white and black are no smooth tones."""
    luma = pixels.astype(np.float64).mean(axis=2)
    rows, columns = np.gradient(luma)
    return np.hypot(rows, columns) + 50 * ((luma < 8) | (luma > 247))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", metavar="PICTURE[:TOP,LEFT]")
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--path", choices=WRITE_PATHS)
    parser.add_argument("--quality", type=int, default=40)
    parser.add_argument("--window", choices=["most-different", "smoothest"], default="most-different")
    parser.add_argument("--columns", type=int, default=2, help="triples side by side")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args(argv)
    candidate = make_profile_candidate(arguments.profile, REFERENCE_ENCODER, 1.0, None, arguments.path)
    writer, encoder = candidate.make_writer(), get_encoder(REFERENCE_ENCODER)
    tiles = []
    for name, pixels, corner in given_cases(arguments.pictures) if arguments.pictures else own_cases():
        if min(pixels.shape[:2]) < SIDE:
            parser.error(f"{name}: expected a picture of at least {SIDE} pixels a side")
        ours = writer.write(pixels, arguments.quality, 1.0)
        plain = smallest_file_above(encoder, pixels, ours.size_bytes)
        if corner is None:
            apart = ((plain.decoded.astype(np.float64) - ours.decoded) ** 2).sum(axis=2)
            corner = choose_corner(change_of(pixels) if arguments.window == "smoothest" else -apart)
        top, left = (min(at, side - SIDE) for at, side in zip(corner, pixels.shape[:2], strict=True))
        row = [image[top : top + SIDE, left : left + SIDE] for image in (pixels, plain.decoded, ours.decoded)]
        tiles.append(np.concatenate(row, axis=1).repeat(2, axis=0).repeat(2, axis=1))
        print(
            f"{name}:{top},{left}: {ours.size_bytes} bytes, plain {plain.size_bytes} at quality {plain.quality}",
            file=sys.stderr,
        )
    Image.fromarray(arrange(tiles, arguments.columns)).save(arguments.output, quality=95)
    return 0


def arrange(tiles: list[np.ndarray], columns: int) -> np.ndarray:
    """Tiles down the columns, white between them."""
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    columns = -(-len(tiles) // rows)
    sheet = np.full((rows * height, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        column, row = divmod(number, rows)
        left = column * (width + GAP)
        sheet[row * height : (row + 1) * height, left : left + width] = tile
    return sheet


if __name__ == "__main__":
    sys.exit(main())
