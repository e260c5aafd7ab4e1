"""The picture of docs/carrier.md: an original, its carrier, and what the finished file shows.

python tools/plot/carrier.py [-o docs/carrier.webp]
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from jpegpre_tf import runtime

PICTURE = Path(__file__).parents[2] / "tests" / "pictures" / "gb82_girl.webp"
SIDE, LEFT = 320, 248
QUALITY = 50


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/carrier.webp"))
    output = parser.parse_args(argv).output
    original = runtime.open_picture(PICTURE).pixels[:SIDE, LEFT : LEFT + SIDE]
    session = runtime.load("balanced")
    carrier = session.carrier(original, QUALITY, 1.0 if session.can_decide else 0.0)
    if carrier.quality is None:
        raise ValueError("a carrier without the quality of its encoder")
    encoded = runtime.encode_jpeg(carrier.pixels, carrier.quality)
    finished = carrier.finish(encoded)
    with Image.open(io.BytesIO(finished)) as image:
        shown = np.asarray(image.convert("RGB"))
    panels = {
        "original": original,
        f"carrier, encoded at {carrier.quality}": carrier.pixels[:SIDE, :SIDE],
        f"finished file, {len(finished):,} bytes": shown,
    }
    sheet = Image.new("RGB", (len(panels) * (SIDE + 8) - 8, SIDE + 22), "white")
    for number, (label, pixels) in enumerate(panels.items()):
        sheet.paste(Image.fromarray(np.ascontiguousarray(pixels)), (number * (SIDE + 8), 22))
        ImageDraw.Draw(sheet).text((number * (SIDE + 8) + 2, 4), label, fill="black")
    sheet.save(output, quality=80)
    return 0


if __name__ == "__main__":
    sys.exit(main())
