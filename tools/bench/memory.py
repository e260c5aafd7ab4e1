"""Peak memory and CPU time of `jpegpre encode` on one large picture, by kind of file.

Usage: python tools/bench/memory.py WORK_DIR [--width 12000] [--height 8400] [--kind jpeg --kind png ...] [--json]

The picture is tiled from tests/pictures, each tile another crop. Every file is encoded by a fresh process, whose
VmHWM (largest resident set, Linux) and CPU time are told. WORK_DIR must not exist and is removed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
# Kind -> suffix and how Pillow writes it.
KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "jpeg": ("jpg", {"quality": 90}),
    "progressive 4:2:0": ("jpg", {"quality": 90, "progressive": True}),
    "progressive 4:2:2": ("jpg", {"quality": 90, "progressive": True, "subsampling": 1}),
    "progressive 4:4:4": ("jpg", {"quality": 90, "progressive": True, "subsampling": 0}),
    "png": ("png", {"compress_level": 1}),
    "tiff": ("tif", {}),
    "tiff deflate": ("tif", {"compression": "tiff_adobe_deflate"}),
    # Lossy ones of this size, libwebp's encoder refuses.
    "webp lossless": ("webp", {"lossless": True, "quality": 0, "method": 0}),
    "avif": ("avif", {"quality": 80, "speed": 10}),
}
_PROGRAM = """
import json, re, resource, sys
from jpegpre_tf.cli.main import main
code = main(["encode", sys.argv[1], "-o", sys.argv[2]])
used = resource.getrusage(resource.RUSAGE_SELF)
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
print(json.dumps({"peak_mb": round(peak * 1024 / 1e6), "cpu_seconds": round(used.ru_utime + used.ru_stime, 1)}))
sys.exit(code)
"""


def make_picture(width: int, height: int) -> Image.Image:
    """Returns a mosaic of crops of the sample pictures, the same one each time."""
    pictures = [Image.open(path).convert("RGB") for path in sorted((ROOT / "tests/pictures").glob("*.webp"))]
    chance = np.random.default_rng(0)
    mosaic = Image.new("RGB", (width, height))
    side = 400
    for number, (y, x) in enumerate((y, x) for y in range(0, height, side) for x in range(0, width, side)):
        picture = pictures[number % len(pictures)]
        left, top = (int(chance.integers(0, max(1, length - side))) for length in picture.size)
        mosaic.paste(picture.crop((left, top, left + side, top + side)), (x, y))
    return mosaic


def measure(source: Path, target: Path) -> dict[str, object]:
    """Encodes a file in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(source), str(target)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        return {"error": done.stderr.strip()}
    return {"file_mb": round(source.stat().st_size / 1e6, 1), **json.loads(done.stdout.splitlines()[-1])}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--width", type=int, default=12_000)
    parser.add_argument("--height", type=int, default=8400)
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="default: all")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True)
    picture = make_picture(arguments.width, arguments.height)
    rows = {}
    for kind in arguments.kind or KINDS:
        suffix, options = KINDS[kind]
        source = arguments.work / f"in.{suffix}"
        picture.save(source, **options)
        rows[kind] = measure(source, arguments.work / "out.jpg")
        if not arguments.json:
            print(f"{kind}: {rows[kind]}", flush=True)
    if arguments.json:
        print(json.dumps(rows))
    shutil.rmtree(arguments.work)
    return 1 if any("error" in row for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
