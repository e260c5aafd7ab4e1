"""CPU time of edits, carriers and whole encodings beside MozJPEG's encoder: one thread, interleaved in one run.

python tools/bench/cost.py PICTURES [--profile balanced] [--limit 8] [--megapixels 12] [--level avx2-7bit]

Prints JSON: milliseconds of CPU per megapixel at quality 75, median and least over pictures and repeats, of the
pictures as they are and of the largest one scaled to --megapixels; then ratios of medians, and "goals", what of it
was to be shown, most of it beside the most that it may be. "File" is from a JPEG file of quality 95 to a file,
with everything that `jpegpre encode` does (plain encoding for its table too; PSNR is for --details and --json);
MozJPEG's is decoding, encoding, writing. --level masks what the processor has more: most people's have AVX2 alone.
WebAssembly runs in Node.js after the rest, of some of the pictures, where `npm run build:kernel` of export/web wrote
its files.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VIPS_CONCURRENCY"):
    os.environ[_name] = "1"  # before the libraries start their threads

import argparse  # noqa: E402
import json  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from webassembly import measure_wasm  # noqa: E402

from jpegpre_tf import runtime  # noqa: E402
from jpegpre_tf.codecs import get_encoder  # noqa: E402
from jpegpre_tf.runtime.inference.kernel_library import kernel_levels  # noqa: E402
from jpegpre_tf.runtime.inference.models.model_folder import find_model  # noqa: E402
from jpegpre_tf.runtime.inference.runners.backends import AUTO, BACKEND_CHOICES  # noqa: E402

QUALITY = 75
WASM = Path(__file__).resolve().parent.parent.parent / "export/kernel/wasm-dist"
# Of pictures as they are: Node.js runs each 2 * repeats + 1 times.
MOST_IN_WASM = 8
Picture = np.ndarray
Way = Callable[[Picture, Path], object]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--backend", choices=BACKEND_CHOICES, default=AUTO)
    parser.add_argument("--level", choices=kernel_levels(), help="of the kernel's instructions")
    arguments = parser.parse_args(argv)
    if arguments.level is not None:
        os.environ["JPEGPRE_KERNEL_LEVEL"] = arguments.level
    session = runtime.load(arguments.profile, threads=1, backend=arguments.backend)
    files = sorted(path for path in arguments.folder.iterdir() if path.suffix in (".webp", ".png"))
    pictures = [runtime.open_picture(path).pixels for path in files[: arguments.limit]]
    large = scaled(max(pictures, key=lambda pixels: pixels.size), arguments.megapixels)
    result: dict[str, object] = {
        "quality": QUALITY,
        "backend": session.backend,
        "level": arguments.level or next(iter(kernel_levels()), None),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, given in (
            ("as they are", pictures),
            (f"{large[..., 0].size / 1e6:.1f} megapixels", [large]),
        ):
            times = measure(ways(session), given, arguments.repeats, Path(folder))
            times |= measure_in_wasm(arguments.profile, given, arguments.repeats)
            found = ratios(times)
            is_large = given[0] is large
            result[name] = {
                "cpu_ms_per_megapixel": times,
                "ratios": found,
                "goals": goals(times, found, is_large=is_large),
            }
    print(json.dumps(result, indent=1))
    return 0


def scaled(pixels: Picture, megapixels: float) -> Picture:
    height, width = pixels.shape[:2]
    factor = (megapixels * 1e6 / (height * width)) ** 0.5
    size = (round(width * factor), round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def ways(session: runtime.Session) -> dict[str, Way]:
    plain, mozjpeg = get_encoder("libjpeg-turbo"), get_encoder("mozjpeg")

    def encode_carrier(pixels: Picture, _: Path) -> bytes:
        carrier = session.carrier(pixels, QUALITY, padded=True)
        return carrier.finish(runtime.encode_jpeg(carrier.pixels, carrier.quality or QUALITY))

    def mozjpeg_file(_: Picture, file: Path) -> None:
        with Image.open(file) as image:
            content = mozjpeg.encode_bytes(np.asarray(image), QUALITY)
        file.with_suffix(".out").write_bytes(content)

    def encode_file(tables: str) -> Way:
        return lambda _, file: runtime.encode_file(
            file,
            file.with_suffix(".out.jpg"),
            session,
            quality=QUALITY,
            tables=tables,
            measure_psnr=False,
        )

    return {
        "plain encode": lambda pixels, _: plain.encode_bytes(pixels, QUALITY),
        "edit": lambda pixels, _: session(pixels, QUALITY),
        "carrier": lambda pixels, _: session.carrier(pixels, QUALITY),
        "edit, encoded": lambda pixels, _: runtime.encode_jpeg(
            session(pixels, QUALITY, padded=True), QUALITY
        ),
        "carrier, encoded": encode_carrier,
        "mozjpeg": lambda pixels, _: mozjpeg.encode_bytes(pixels, QUALITY),
        "file, edit": encode_file("standard"),
        "file, carrier": encode_file("tuned"),
        "file, mozjpeg": mozjpeg_file,
    }


def measure(
    ways: dict[str, Way], pictures: list[Picture], repeats: int, folder: Path
) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number}.jpg", quality=95)
    for repeat in range(repeats + 1):
        for number, pixels in enumerate(pictures):
            for name, run in ways.items():
                begin = time.process_time()
                run(pixels, folder / f"{number}.jpg")
                if repeat:  # the first round warms up
                    times[name].append((time.process_time() - begin) * 1e9 / pixels[..., 0].size)
    return {
        name: {"median": round(float(np.median(values)), 2), "least": round(min(values), 2)}
        for name, values in times.items()
    }


def measure_in_wasm(profile: str, pictures: list[Picture], repeats: int) -> dict[str, dict[str, float]]:
    network = find_model(profile).path / "onnx/int8.onnx"
    if not (WASM / "kernel.wasm").is_file() or not network.is_file() or not shutil.which("node"):
        return {}
    return measure_wasm(WASM, network, pictures[:MOST_IN_WASM], repeats)


def goals(times: dict[str, dict[str, float]], found: dict[str, float], *, is_large: bool) -> dict[str, str]:
    """What was to be shown, and the most that it may be."""
    limit = 0.35 if is_large else 0.25
    result = {}
    for name in ("edit", "carrier"):
        result[f"{name}, ms/MP"] = f"{times[name]['median']} (at most 15)"
    for name in ("edit, encoded / mozjpeg", "carrier, encoded / mozjpeg"):
        result[name] = f"{found[name]} (at most {limit})"
    # Browsers have the one or the other module: the better one counts where both run.
    for name in ("edit", "carrier"):
        in_wasm = [time["median"] for key, time in times.items() if key.startswith(f"{name}, kernel")]
        if in_wasm:
            result[f"{name} in WebAssembly, ms/MP"] = f"{min(in_wasm)} (at most 25)"
    for name in ("file, carrier", "file, mozjpeg"):
        result[f"{name}, ms/MP"] = str(times[name]["median"])
    result["file, carrier / file, mozjpeg"] = str(found["file, carrier / file, mozjpeg"])
    return result


def ratios(times: dict[str, dict[str, float]]) -> dict[str, float]:
    pairs = (
        ("edit, encoded", "mozjpeg"),
        ("carrier, encoded", "mozjpeg"),
        ("carrier, encoded", "edit, encoded"),
        ("file, carrier", "file, edit"),
        ("file, carrier", "file, mozjpeg"),
    )
    return {f"{a} / {b}": round(times[a]["median"] / times[b]["median"], 3) for a, b in pairs}


if __name__ == "__main__":
    sys.exit(main())
