"""Are the int8 files the same model on a processor without VNNI? Runs them natively and as a Haswell of QEMU's.

On x86 without VNNI, products of uint8 and int8 are added in pairs into 16 bits, where weights of 8 bits would be cut
off.

    python tools/check/older_processor.py savedmodels/balanced tests/pictures/gb82_city.webp

needs the program qemu-x86_64 (Debian: qemu-user) and the extra [export]. It takes minutes, because every instruction
is translated.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.errors import ModelError
from jpegpre_tf.jpeg.tables import quantization_tables

QUALITIES = (10, 50, 90)
BACKENDS = ("litert", "onnxruntime", "kernel")


def main() -> int:
    """Prints differences as JSON; returns 1 if a sample differs by more than a level."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="name of a model, or its folder")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--cpu", default="Haswell", help="of qemu-x86_64 -cpu help (default: Haswell)")
    parser.add_argument(
        "--size", type=int, default=64, help="pixels of a side of the middle tile (default: 64)"
    )
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        np.savez(arguments.write, **results(arguments))
        return 0
    if shutil.which("qemu-x86_64") is None:
        parser.error("needs the program qemu-x86_64 (Debian: qemu-user)")
    native = results(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "results.npz")
        command = ["qemu-x86_64", "-cpu", arguments.cpu, sys.executable, __file__, arguments.model]
        options = [str(arguments.picture), "--size", str(arguments.size), "--write", str(file)]
        subprocess.run([*command, *options], check=True, env={**os.environ, "OPENBLAS_CORETYPE": "Haswell"})
        emulated = dict(np.load(file))
    found = {}
    for key, values in native.items():
        if key in emulated:
            difference = np.abs(values.astype(int) - emulated[key].astype(int))
            found[key] = {
                "differ": int((difference > 0).sum()),
                "of": values.size,
                "max": int(difference.max()),
            }
        else:
            found[key] = {"differ": None}
    print(json.dumps(found, indent=2))
    return int(any((entry.get("max") or 0) > 1 or entry["differ"] is None for entry in found.values()))


def results(arguments: argparse.Namespace) -> dict[str, np.ndarray]:
    """What every backend gives for the tile: edited samples, and decided coefficients."""
    with Image.open(arguments.picture) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    top, left = ((side - arguments.size) // 2 for side in pixels.shape[:2])
    tile = np.ascontiguousarray(pixels[top : top + arguments.size, left : left + arguments.size])
    found: dict[str, np.ndarray] = {}
    for backend in BACKENDS:
        try:
            session = runtime.load(arguments.model, "int8", threads=1, backend=backend)
        except ModelError as error:
            print(f"{backend}: {error}", file=sys.stderr)
            continue
        for quality in QUALITIES:
            found[f"{backend} {quality} edit"] = session(tile, quality)
            if session.can_decide:
                planes = session.decide(tile, quantization_tables(quality)).planes
                found[f"{backend} {quality} decide"] = np.concatenate([plane.ravel() for plane in planes])
    return found


if __name__ == "__main__":
    sys.exit(main())
