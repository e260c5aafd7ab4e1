"""Times the files of a model folder in LiteRT and ONNX Runtime, and tells which operations ONNX Runtime spends it on.

    python tools/bench/export.py savedmodels/balanced [--megapixels 1 12] [--threads 1 2]

Every round runs each file once, so that a busy machine slows all alike; the least of the rounds counts. Times include
tiling and the conversion of levels. Processor time is that of all threads together.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from jpegpre_tf import runtime
from jpegpre_tf.runtime.inference.runners.backends import BACKENDS

QUALITY = 75
TILE = 512, 1024  # pixels: what a Session gives a network at once


def picture_of(megapixels: float) -> np.ndarray:
    """uint8 (H, W, 3), 4:3: smooth shapes and noise, as much to do as in a photo."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(megapixels * 1e6 / height)
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = 128 + 60 * np.sin(x / 37)[..., None] * np.cos(y / 53)[..., None] * np.array([1, 0.8, 0.5])
    return np.clip(waves + generator.normal(0, 8, (height, width, 1)), 0, 255).astype(np.uint8)


def measure(folder: Path, megapixels: float, threads: int, rounds: int) -> dict[str, tuple[float, float]]:
    """File -> (milliseconds, processor milliseconds) per megapixel."""
    model = runtime.find_model(folder)
    sessions = {
        name: runtime.load(folder, precision, threads, backend)
        for backend, file_format in BACKENDS.items()
        for precision, name in model.precisions(file_format).items()
    }
    picture = picture_of(megapixels)
    pixels = picture.shape[0] * picture.shape[1] / 1e6
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in sessions}
    for _ in range(rounds + 1):  # the first warms up
        for name, session in sessions.items():
            wall, processor = time.perf_counter(), time.process_time()
            session(picture, QUALITY)
            taken[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return {
        name: (min(t for t, _ in times[1:]) * 1e3 / pixels, min(t for _, t in times[1:]) * 1e3 / pixels)
        for name, times in taken.items()
    }


def operation_shares(content: bytes) -> Counter[str]:
    """Operation -> share of ONNX Runtime's time in nodes, one thread, one tile."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        levels = np.uint8 if session.get_inputs()[0].type == "tensor(uint8)" else np.float32
        one = np.ones((1, 1, 1, 1), np.float32)
        image = picture_of(1)[: TILE[0], : TILE[1]][np.newaxis].astype(levels)
        for _ in range(5):
            session.run(None, {"image": image, "quality": QUALITY * one, "strength": one})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    total: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            total[event["args"]["op_name"]] += event["dur"]
    whole = sum(total.values())
    return Counter({name: duration / whole for name, duration in total.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1.0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args(argv)
    print("| file | megapixels | threads | ms/MP | processor ms/MP |\n| --- | ---: | ---: | ---: | ---: |")
    for megapixels in arguments.megapixels:
        for threads in arguments.threads:
            for name, (wall, processor) in measure(
                arguments.folder, megapixels, threads, arguments.rounds
            ).items():
                print(f"| `{name}` | {megapixels:g} | {threads} | {wall:.1f} | {processor:.1f} |", flush=True)
    model = runtime.find_model(arguments.folder)
    for name in model.precisions("onnx").values():
        shares = operation_shares(model.read(name)).most_common(8)
        print(f"\n{name}: " + ", ".join(f"{operation} {share:.0%}" for operation, share in shares))
    return 0


if __name__ == "__main__":
    sys.exit(main())
