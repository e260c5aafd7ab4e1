"""Samples of the kernel in C against its WebAssembly, and against LiteRT, on real pictures.

    python tools/check/same_samples.py FOLDER... [--limit 50] [--crop 512] [--profile balanced] [--quality 75]

Of each picture's middle: edited pixels and a carrier by all its steps (decided, the encoder's quality chosen, rendered)
in both WebAssembly modules, and edited pixels in LiteRT from the TFLite file. Prints JSON; ends with 1 if one sample of
WebAssembly differs, or more than 1 in 10,000 of LiteRT by more than a level. Needs Node.js and `npm run build:kernel`.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.jpeg.carriers.encoder_choice import CANDIDATES
from jpegpre_tf.runtime.inference.kernel import Kernel
from jpegpre_tf.runtime.inference.kernel_carrier import kernel_carriers
from jpegpre_tf.runtime.inference.models.model_folder import find_model
from tests.kernel.webassembly import run_jobs

WASM = Path(__file__).resolve().parent.parent.parent / "export/kernel/wasm-dist"
MOST_OFF = 1e-4
Picture = np.ndarray
Tables = tuple[np.ndarray, np.ndarray]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--crop", type=int, default=512, help="sides of the middle that is taken, pixels")
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--quality", type=float, default=75)
    options = parser.parse_args(argv)
    files = sorted(path for folder in options.folder for path in folder.iterdir() if is_picture(path))
    pictures = [middle(runtime.open_picture(path).pixels, options.crop) for path in files[: options.limit]]
    session = runtime.load(options.profile, backend="kernel")
    luma, chroma = session.target_tables(options.quality)
    content = (find_model(options.profile).path / "onnx/int8.onnx").read_bytes()
    wanted = native_results(content, pictures, (luma, chroma))
    result = {"pictures": len(pictures), "samples": sum(edited.size for edited, _ in wanted)}
    for file in sorted(WASM.glob("*.wasm")):
        level, different = compare_wasm(file, content, pictures, (luma, chroma), wanted)
        result[f"different in {file.name} ({level})"] = different
    has_wasm = any(WASM.glob("*.wasm"))
    litert = runtime.load(options.profile, precision="int8", backend="litert")
    off = sum(
        int((np.abs(litert(image, options.quality).astype(int) - session(image, options.quality)) > 1).sum())
        for image in pictures
    )
    share = off / sum(image.size for image in pictures)
    result["off by more than a level in LiteRT"] = share
    print(json.dumps(result, indent=1))
    is_same = has_wasm and not any(value for key, value in result.items() if key.startswith("different"))
    return 0 if is_same and share <= MOST_OFF else 1


def is_picture(path: Path) -> bool:
    return path.suffix in (".webp", ".png", ".jpg")


def middle(pixels: Picture, side: int) -> Picture:
    top, left = (max(0, (length - side) // 2) for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def native_results(content: bytes, pictures: list[Picture], tables: Tables) -> list[tuple[Picture, Picture]]:
    """Edited pixels and the carrier of each picture."""
    kernel, carriers = Kernel(content), kernel_carriers()
    if carriers is None:
        raise SystemExit("the kernel was not built")
    results = []
    for image in pictures:
        decided = jpeg.Coefficients(kernel.decide(image, tables), tables, *image.shape[:2], "4:2:0")
        quality = carriers.choose_quality(decided, jpeg.quantization_tables)
        pixels, _ = carriers.render(decided, jpeg.quantization_tables(quality))
        results.append((kernel.edit(image, tables), pixels))
    return results


def compare_wasm(
    file: Path,
    content: bytes,
    pictures: list[Picture],
    tables: Tables,
    wanted: list[tuple[Picture, Picture]],
) -> tuple[str, int]:
    """The level that the module used, and how many samples are others."""
    candidates = [np.stack(jpeg.quantization_tables(quality)) for quality in CANDIDATES]
    jobs = [(image, tables, encoder, 1.0) for image in pictures for encoder in (None, candidates)]
    with tempfile.TemporaryDirectory() as folder:
        level, found = run_jobs(file, content, jobs, Path(folder))
    flat = [each for pair in wanted for each in pair]
    return level, sum(int((a != b).sum()) for a, b in zip(found, flat, strict=True))


if __name__ == "__main__":
    sys.exit(main())
