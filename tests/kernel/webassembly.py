"""Runs the kernel's WebAssembly in Node.js."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

RUNNER = Path(__file__).parent.parent.parent / "export/kernel/wasm/run.mjs"


def run_jobs(
    wasm: Path, network: bytes, jobs: list[tuple[np.ndarray, Any, Any, float]], folder: Path
) -> tuple[str, list[np.ndarray]]:
    """The level that was used, and results of (image, target tables, encoder tables or None, strength).

    Edits, and carriers where both kinds of tables are given. A list of encoder tables is of those to choose from.
    """
    (folder / "network.onnx").write_bytes(network)
    entries, shapes = [], []
    for i, (image, target, encoder, strength) in enumerate(jobs):
        (folder / f"{i}.in").write_bytes(image.tobytes())
        height, width, pixel_bytes = image.shape
        entry = {
            "from": str(folder / f"{i}.in"),
            "to": str(folder / f"{i}.out"),
            "width": width,
            "height": height,
            "pixelBytes": pixel_bytes,
            "luma": np.ravel(target[0]).tolist(),
            "chroma": np.ravel(target[1]).tolist(),
            "strength": strength,
        }
        if encoder is not None:
            if isinstance(encoder, list):
                entry["candidates"] = np.ravel(encoder).tolist()
            else:
                entry |= {
                    "encoderLuma": np.ravel(encoder[0]).tolist(),
                    "encoderChroma": np.ravel(encoder[1]).tolist(),
                }
            height, width = -(-height // 16) * 16, -(-width // 16) * 16
        entries.append(entry)
        shapes.append((height, width, pixel_bytes))
    (folder / "jobs.json").write_text(json.dumps(entries))
    command = ["node", RUNNER, wasm, folder / "network.onnx", folder / "jobs.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:  # Node.js 20 has relaxed SIMD behind this, and right in its optimizing compiler alone
        command[1:1] = ["--experimental-wasm-relaxed-simd", "--no-liftoff"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["level"], [
        np.frombuffer(Path(entry["to"]).read_bytes(), np.uint8).reshape(shape)
        for entry, shape in zip(entries, shapes, strict=True)
    ]
