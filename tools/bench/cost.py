"""CPU time of preprocessing plus plain encoding against MozJPEG's encoder, one thread, interleaved in one run.

python tools/bench/cost.py PICTURES --profile balanced --limit 8
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VIPS_CONCURRENCY"):
    os.environ[_name] = "1"  # before the libraries start their threads

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

from jpegpre_tf import runtime  # noqa: E402
from jpegpre_tf.codecs import get_encoder  # noqa: E402

QUALITY = 75


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args(argv)
    session = runtime.load(arguments.profile, threads=1)
    plain, mozjpeg = get_encoder("libjpeg-turbo"), get_encoder("mozjpeg")
    trellis = get_encoder("mozjpeg-trellis")
    ways: dict[str, Callable[[np.ndarray], object]] = {
        "plain": lambda pixels: plain.encode_bytes(pixels, QUALITY),
        "preprocess + plain": lambda pixels: plain.encode_bytes(session(pixels, QUALITY), QUALITY),
        "mozjpeg": lambda pixels: mozjpeg.encode_bytes(pixels, QUALITY),
        "mozjpeg-trellis": lambda pixels: trellis.encode_bytes(pixels, QUALITY),
    }
    files = sorted(path for path in arguments.folder.iterdir() if path.suffix in (".webp", ".png"))
    pictures = [runtime.open_picture(path).pixels for path in files[: arguments.limit]]
    times: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(arguments.repeats + 1):
        for pixels in pictures:
            for name, run in ways.items():
                begin = time.process_time()
                run(pixels)
                # The first round warms up.
                if repeat:
                    times[name].append((time.process_time() - begin) * 1e9 / pixels[..., 0].size)
    medians = {name: round(float(np.median(values)), 1) for name, values in times.items()}
    ratio = medians["preprocess + plain"] / medians["mozjpeg"]
    print(json.dumps({"cpu_ms_per_megapixel": medians, "preprocess + plain over mozjpeg": round(ratio, 3)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
