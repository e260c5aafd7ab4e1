"""Times the files of a model folder in LiteRT, ONNX Runtime and the kernel in C: edited pixels, and carriers.

    python tools/bench/export.py savedmodels/balanced [--megapixels 1 12] [--threads 1 2] [--operations]

Every round runs each file once, so that a busy machine slows all alike; the least of the rounds counts. Times include
tiling, the conversion of levels and, for carriers, the choice of the encoder's quality and the pixels. Processor time
is that of all threads together. Takes two to four minutes on an idle machine of two cores.
"""

import argparse
import functools
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jpegpre_tf import runtime
from jpegpre_tf.exporters.processor import processor_name
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.runtime.inference.kernel_library import kernel_levels
from jpegpre_tf.runtime.inference.runners.backends import BACKENDS, Conditions

QUALITY = 75
LABELS = {"litert": "LiteRT", "onnxruntime": "ONNX Runtime", "kernel": "kernel"}
TILE = 512, 1024  # pixels: what a Session gives a network at once


class Row(NamedTuple):
    """What one file took.

    Attributes:
        file: Its name in the model's folder; carriers of an ONNX file are decided by the file of `decide` beside it.
        backend: What ran it.
        output: "edit" or "carrier".
        wall, processor: Milliseconds per megapixel, by the clock and of all threads together.
    """

    file: str
    backend: str
    output: str
    wall: float
    processor: float


def picture_of(megapixels: float) -> np.ndarray:
    """uint8 (H, W, 3), 4:3: smooth shapes and noise, as much to do as in a photo."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(megapixels * 1e6 / height)
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = 128 + 60 * np.sin(x / 37)[..., None] * np.cos(y / 53)[..., None] * np.array([1, 0.8, 0.5])
    return np.clip(waves + generator.normal(0, 8, (height, width, 1)), 0, 255).astype(np.uint8)


def open_sessions(folder: Path, threads: int) -> dict[tuple[str, str], runtime.Session]:
    """(file, what runs it) -> session, for every file and everything that can run it."""
    model = runtime.find_model(folder)
    sessions = {}
    for backend, file_format in BACKENDS.items():
        for precision, name in model.precisions(file_format).items():
            if backend == "kernel" and (precision != "int8" or not kernel_levels()):
                continue
            sessions[name, LABELS[backend]] = runtime.load(folder, precision, threads, backend)
    return sessions


def measure(folder: Path, megapixels: float, threads: int, rounds: int) -> list[Row]:
    """Times every session's edit and carrier of one picture, in turn."""
    sessions = open_sessions(folder, threads)
    picture = picture_of(megapixels)
    pixels = picture.shape[0] * picture.shape[1] / 1e6
    work: dict[tuple[str, str, str], Callable[[], object]] = {}
    for key, session in sessions.items():
        work[*key, "edit"] = functools.partial(session, picture, QUALITY)
        work[*key, "carrier"] = functools.partial(session.carrier, picture, QUALITY)
    taken: dict[tuple[str, str, str], list[tuple[float, float]]] = {key: [] for key in work}
    for _ in range(rounds + 1):  # the first warms up
        for key, run in work.items():
            wall, processor = time.perf_counter(), time.process_time()
            run()
            taken[key].append((time.perf_counter() - wall, time.process_time() - processor))
    return [
        Row(*key, min(t for t, _ in times[1:]) * 1e3 / pixels, min(t for _, t in times[1:]) * 1e3 / pixels)
        for key, times in taken.items()
    ]


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
        tables = np.stack(quantization_tables(QUALITY))
        inputs = Conditions(tables, strength=1.0, quality=QUALITY).inputs(
            {i.name for i in session.get_inputs()}
        )
        inputs["image"] = picture_of(1)[: TILE[0], : TILE[1]][np.newaxis].astype(levels)
        for _ in range(5):
            session.run(None, inputs)
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
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1.0, 12.0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--operations", action="store_true", help="also what ONNX Runtime spends its time on")
    arguments = parser.parse_args(argv)
    model = runtime.find_model(arguments.folder)
    cases = [(size, threads) for size in arguments.megapixels for threads in arguments.threads]
    found: dict[tuple[str, str, str], list[Row]] = {}
    for number, (size, threads) in enumerate(cases, start=1):
        print(f"{number} of {len(cases)}: {size:g} megapixels, threads: {threads}", file=sys.stderr)
        for row in measure(arguments.folder, size, threads, arguments.rounds):
            found.setdefault((row.file, row.backend, row.output), []).append(row)
    print(
        f"{model.name} {model.version} on {processor_name()}, quality {QUALITY}: ms/MP by the clock, in brackets the "
        "processor's\n"
    )
    heads = [f"{size:g} MP, {threads} thread{'s' * (threads > 1)}" for size, threads in cases]
    print("| file | run by | output | " + " | ".join(heads) + " |")
    print("| --- | --- | --- |" + " ---: |" * len(cases))
    for (file, backend, output), rows in found.items():
        cells = " | ".join(f"{row.wall:.0f} ({row.processor:.0f})" for row in rows)
        print(f"| `{file}` | {backend} | {output} | {cells} |")
    for name in model.precisions("onnx").values() if arguments.operations else ():
        shares = operation_shares(model.read(name)).most_common(8)
        print(f"\n{name}: " + ", ".join(f"{operation} {share:.0%}" for operation, share in shares))
    return 0


if __name__ == "__main__":
    sys.exit(main())
