"""CPU time of the kernel in C at every level of instructions, beside plain encoding and MozJPEG: one thread.

python tools/bench/kernel.py PICTURES --network INT8.onnx [--limit 8] [--megapixels 12] [--wasm FOLDER]

Prints JSON: milliseconds of CPU per megapixel, median and least over pictures and repeats, at quality 75, interleaved:
of the pictures as they are, and of the largest one scaled up to --megapixels. Without pyvips MozJPEG is left out.
--wasm: where `npm run build:kernel` of export/web wrote its two files (Node.js runs them, after the rest).
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
from PIL import Image  # noqa: E402
from webassembly import measure_wasm, summary  # noqa: E402

from jpegpre_tf import runtime  # noqa: E402
from jpegpre_tf._optional import MissingExtraError  # noqa: E402
from jpegpre_tf.codecs import get_encoder  # noqa: E402
from jpegpre_tf.jpeg.tables import quantization_tables  # noqa: E402
from jpegpre_tf.runtime.inference.kernel import Kernel  # noqa: E402
from jpegpre_tf.runtime.inference.kernel_library import kernel_levels  # noqa: E402

QUALITY = 75
Way = Callable[[np.ndarray], object]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", type=Path, required=True, help="int8 ONNX file")
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--wasm", type=Path)
    arguments = parser.parse_args(argv)
    content = arguments.network.read_bytes()
    files = sorted(path for path in arguments.folder.iterdir() if path.suffix in (".webp", ".png"))
    pictures = [runtime.open_picture(path).pixels for path in files[: arguments.limit]]
    large = scaled(max(pictures, key=lambda pixels: pixels.size), arguments.megapixels)
    found = {}
    for name, given in (("as they are", pictures), (f"{large[..., 0].size / 1e6:.1f} megapixels", [large])):
        found[name] = measure(ways(content), given, arguments.repeats)
        if arguments.wasm is not None:
            found[name] |= measure_wasm(arguments.wasm, arguments.network, given, arguments.repeats)
    print(json.dumps({"quality": QUALITY, "cpu_ms_per_megapixel": found}, indent=1))
    return 0


def scaled(pixels: np.ndarray, megapixels: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    factor = (megapixels * 1e6 / (height * width)) ** 0.5
    size = (round(width * factor), round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def ways(content: bytes) -> dict[str, Way]:
    tables = quantization_tables(QUALITY)
    result: dict[str, Way] = {}
    for name, encoder in (("plain encode", "libjpeg-turbo"), ("mozjpeg", "mozjpeg")):
        try:
            encode = get_encoder(encoder).encode_bytes
        except MissingExtraError:
            continue
        result[name] = lambda pixels, encode=encode: encode(pixels, QUALITY)
    for level in kernel_levels():
        kernel = Kernel(content, threads=1, level=level)
        result[f"edit, {level}"] = lambda pixels, kernel=kernel: kernel.edit(pixels, tables)
        result[f"carrier, {level}"] = lambda pixels, kernel=kernel: kernel.carrier(pixels, tables, tables)
    return result


def measure(ways: dict[str, Way], pictures: list[np.ndarray], repeats: int) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for pixels in pictures:
            for name, run in ways.items():
                begin = time.process_time()
                run(pixels)
                if repeat:  # the first round warms up
                    times[name].append((time.process_time() - begin) * 1e9 / pixels[..., 0].size)
    return {name: summary(values) for name, values in times.items()}


if __name__ == "__main__":
    sys.exit(main())
