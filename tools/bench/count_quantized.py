"""What `jpegpre optimize` changes: quantized luma coefficients raised and lowered, against plain and the network.

python tools/bench/count_quantized.py PICTURE --profile fidelity --quality 40
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from jpegpre_tf import runtime
from jpegpre_tf.codecs import LibjpegTurbo
from jpegpre_tf.search.picture_optimizer import PictureOptimizer
from jpegpre_tf.training.neural.quantized_file import read_quantized

CORNER, SIDE = 96, 256  # of the crop, pixels
ROUNDS = 25


def ac_magnitudes(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Of luma, in steps: (block rows, block columns, 63)."""
    quantized = read_quantized(LibjpegTurbo().encode_bytes(pixels, quality)).quantized[0]
    return np.abs(quantized[..., 1:])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("--profile", default="fidelity")
    parser.add_argument("--quality", type=int, default=40)
    arguments = parser.parse_args(argv)
    crop = slice(CORNER, CORNER + SIDE)
    pixels = np.ascontiguousarray(runtime.open_picture(arguments.picture).pixels[crop, crop])
    edited = runtime.load(arguments.profile)(pixels, arguments.quality)
    optimizer = PictureOptimizer(runtime.find_model(arguments.profile).card.objective)
    searched = optimizer.optimize(pixels, edited, arguments.quality, rounds=ROUNDS).pixels
    plain, network, found = (ac_magnitudes(x, arguments.quality) for x in (pixels, edited, searched))
    counts = {
        "not 0 in the plain file": plain > 0,
        "lowered by the network": network < plain,
        "lowered by the search": found < plain,
        "raised by the search": found > plain,
        "lowered by the network, given back by the search": (network < found) & (found <= plain),
        "lowered further by the search": found < network,
    }
    print(json.dumps({name: int(np.sum(where)) for name, where in counts.items()}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
