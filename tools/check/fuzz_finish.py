"""Sends mutated JPEG files through `jpeg.finish`: only a ValueError of one line is allowed, and no hang.

Usage: python tools/check/fuzz_finish.py [--files 20000] [--seed 1] [--seconds 2]

Files are baseline, progressive, with restarts, grey, with metadata; bytes are changed, removed, inserted, cut, doubled.
The same seed makes the same files. Prints how many were refused, and the slowest file.
"""

import argparse
import io
import json
import sys
import time

import numpy as np
from PIL import Image

from jpegpre_tf import jpeg

# 9 rows of blocks: scans of progressive files in color are written anew.
ENCODER_QUALITY, HEIGHT, WIDTH = 80, 69, 93
OPTIONS = (
    {},
    {"optimize": True},
    {"progressive": True},
    {"restart_marker_blocks": 3},
    {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", "icc_profile": b"profile" * 30, "comment": b"\xff\xd9"},
)


def samples(chance: np.random.Generator) -> list[bytes]:
    """Encoded carriers of one picture, in color and grey."""
    result = []
    image = np.clip(chance.normal(128, 40, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
    for options in OPTIONS:
        for picture in (image, image[..., 0].copy()):
            coefficients = jpeg.encode_coefficients(picture, 50)
            pixels = jpeg.carrier_pixels(coefficients, jpeg.quantization_tables(ENCODER_QUALITY))
            chosen = options | ({"subsampling": 2} if pixels.ndim == 3 else {})
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=ENCODER_QUALITY, **chosen)
            result.append(file.getvalue())
    return result


def mutated(content: bytes, chance: np.random.Generator) -> bytes:
    result = bytearray(content)
    for _ in range(int(chance.integers(1, 6))):
        # Mostly in the header, which is what `finish` reads.
        at = int(chance.integers(1 + min(len(result), 800 if chance.random() < 0.8 else len(result))))
        length = int(chance.integers(1, 40))
        kind = int(chance.integers(6))
        if kind < 2 and at < len(result):
            result[at] = int(chance.choice([0, 0xFF, 0xD8, 0xD9, 0xDA, 0xDB, 0xC0, chance.integers(256)]))
        elif kind == 2:
            del result[at : at + length]
        elif kind == 3:
            result[at:at] = chance.bytes(length)
        elif kind == 4:
            result[at:at] = result[at : at + length]
        elif chance.random() < 0.2:
            del result[at:]
    return bytes(result)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2, help="what one file may take")
    arguments = parser.parse_args(argv)
    chance = np.random.default_rng(arguments.seed)
    originals = samples(chance)
    encoder, target = jpeg.quantization_tables(ENCODER_QUALITY), jpeg.quantization_tables(50)
    refused = failed = 0
    slowest = 0.0
    for number in range(arguments.files):
        content = mutated(originals[number % len(originals)], chance)
        start = time.perf_counter()
        try:
            finished = jpeg.finish(content, encoder, target, HEIGHT, WIDTH)
            is_wrong = len(finished) != len(content) and b"\xff\xc2" not in content
        except ValueError as error:
            refused += 1
            is_wrong = "\n" in str(error)
        except Exception as error:
            print(f"file {number}: {type(error).__name__}: {error}", file=sys.stderr)
            is_wrong = True
        took = time.perf_counter() - start
        slowest = max(slowest, took)
        failed += is_wrong or took > arguments.seconds
    print(
        json.dumps(
            {"files": arguments.files, "refused": refused, "failed": failed, "slowest_ms": 1e3 * slowest}
        )
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
