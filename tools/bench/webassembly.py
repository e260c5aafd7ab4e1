"""CPU time of the kernel in WebAssembly, in Node.js: for kernel.py and cost.py."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from jpegpre_tf.jpeg.tables import quantization_tables

ROOT = Path(__file__).resolve().parent.parent.parent
QUALITY = 75


def summary(values: list[float]) -> dict[str, float]:
    return {"median": round(float(np.median(values)), 2), "least": round(min(values), 2)}


def measure_wasm(
    folder: Path, network: Path, pictures: list[np.ndarray], repeats: int
) -> dict[str, dict[str, float]]:
    luma, chroma = (np.ravel(table).tolist() for table in quantization_tables(QUALITY))
    result = {}
    with tempfile.TemporaryDirectory() as name:
        jobs = []
        for i, pixels in enumerate(pictures):
            # Canvases have four bytes a pixel.
            (Path(name) / f"{i}").write_bytes(
                np.dstack([pixels, np.full_like(pixels[..., :1], 255)]).tobytes()
            )
            height, width = pixels.shape[:2]
            job = {"from": f"{name}/{i}", "to": f"{name}/out", "width": width, "height": height}
            job |= {"pixelBytes": 4, "luma": luma, "chroma": chroma, "strength": 1, "repeat": 2 * repeats + 1}
            jobs += [job, {**job, "encoderLuma": luma, "encoderChroma": chroma}]
        (Path(name) / "jobs.json").write_text(json.dumps(jobs))
        for file in sorted(folder.glob("*.wasm")):
            command = ["node", ROOT / "export/kernel/wasm/run.mjs", file, network, Path(name) / "jobs.json"]
            done = subprocess.run(command, capture_output=True, text=True)
            if (
                done.returncode
            ):  # Node.js 20 has relaxed SIMD behind this, and right in its optimizing compiler alone
                command[1:1] = ["--experimental-wasm-relaxed-simd", "--no-liftoff"]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds = json.loads(done.stdout)["seconds"]
            per_job = [s * 1e9 / (j["width"] * j["height"]) for s, j in zip(seconds, jobs, strict=True)]
            for kind, values in (("edit", per_job[::2]), ("carrier", per_job[1::2])):
                result[f"{kind}, {file.stem}.wasm"] = summary(values)
    return result
