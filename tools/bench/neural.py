"""Accuracy and speed of the neural simulators and rate estimators, measured against the encoders they learned.

    make bench-neural DATA=FOLDER_OF_LOSSLESS_PICTURES
    python tools/bench/neural.py FOLDER [--encoders mozjpeg,...] [--only simulator,rate,speed] [--json FILE]

Prints Markdown tables; docs/neural.md quotes them. With --json every picture is kept as soon as it is measured, and
what is there already is not measured again; tools/plot/neural.py draws it.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from jpegpre_tf import JPEGSimulator, NeuralRateEstimator, NeuralSimulator, RateEstimator, runtime
from jpegpre_tf.codecs import Encoder, LibjpegTurbo, decode, get_encoder
from jpegpre_tf.runtime import write_atomically
from jpegpre_tf.training.data.crops import list_pictures, load_rgb
from jpegpre_tf.training.neural.edits import blur, sharpen

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.bench.neural_tables import QUALITIES, Rows, print_rate, print_simulator, rows_of

ROOT = Path(__file__).resolve().parents[2]

ENCODERS = ("libjpeg-turbo", "mozjpeg", "jpegli")
CROP = 256
Pixels = np.ndarray


def psnr(a: Pixels, b: Pixels) -> float:
    """In dB; 99 for equal pictures."""
    error = float(np.mean((a.astype(np.float32) - b.astype(np.float32)) ** 2))
    return 10 * np.log10(255**2 / error) if error > 10 ** (-9.9) * 255**2 else 99.0


def load_network(folder: Path, kind: str, encoder: str) -> Any:
    """A jitted callable `(image uint8 (height, width, 3), quality) -> NumPy`, and the Keras model."""
    model = {"simulator": NeuralSimulator, "rate": NeuralRateEstimator}[kind].from_preset(
        folder / f"{kind}-{encoder}"
    )
    compiled = tf.function(model, jit_compile=True)

    def call(image: Pixels, quality: int) -> np.ndarray:
        return np.asarray(compiled(tf.constant(image[None], tf.float32), tf.constant([float(quality)])))[0]

    return call, model


class SameSize:
    """libjpeg-turbo in an encoder's stead: its decode at the quality that gives the same number of bytes."""

    def __init__(self, image: Pixels) -> None:
        self._image = image
        self._files: dict[int, bytes] = {}

    def _file(self, quality: int) -> bytes:
        if quality not in self._files:
            self._files[quality] = LibjpegTurbo().encode_bytes(self._image, quality)
        return self._files[quality]

    def psnr_to(self, decoded: Pixels, size_bytes: int) -> float:
        """PSNR of the stand-in to `decoded`, interpolated in log bytes between two integer qualities."""
        low, high = 1, 100
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if len(self._file(middle)) < size_bytes else (low, middle)
        files = self._file(low), self._file(high)
        scores = [psnr(decode(file), decoded) for file in files]
        return float(np.interp(np.log(size_bytes), np.log([len(file) for file in files]), scores))


def simulator_rows(picture: Pixels, encoder: Encoder, simulate: Callable[..., Pixels]) -> Rows:
    """Per quality: PSNR to the real decode, of the stand-in too, and both PSNRs to the original."""
    rows = []
    stand_in = SameSize(picture)
    for quality in QUALITIES:
        real = encoder.encode(picture, quality)
        got = simulate(picture, quality)
        rows.append(
            {
                "quality": quality,
                "psnr": psnr(got, real.decoded),
                "stand_in": stand_in.psnr_to(real.decoded, real.size_bytes),
                "equal": float(np.mean(got == real.decoded)),
                "psnr_original": psnr(got, picture),
                "psnr_original_real": psnr(real.decoded, picture),
            }
        )
    return rows


def rate_rows(
    picture: Pixels, encoder: Encoder, predict: Callable[..., float], preprocess: Callable[..., Pixels]
) -> Rows:
    """Per quality and edit: real and predicted bits per pixel."""
    edits: dict[str, Callable[[Pixels, int], Pixels]] = {
        "plain": lambda image, quality: image,
        "blur": lambda image, quality: blur(image, 0.5),
        "unsharp": lambda image, quality: sharpen(image, 1.0, 50),
        "preprocessed": lambda image, quality: preprocess(image, quality, 1.0),
    }
    rows = []
    for quality in QUALITIES:
        for edit, apply in edits.items():
            image = np.ascontiguousarray(apply(picture, quality))
            real = 8 * len(encoder.encode_bytes(image, quality)) / image[..., 0].size
            predicted = float(predict(image, quality))
            rows.append({"quality": quality, "edit": edit, "real": real, "predicted": predicted})
    return rows


def cpu_seconds(functions: dict[str, Callable[[], object]], runs: int = 8) -> dict[str, float]:
    """Least CPU time of each over `runs` interleaved rounds after two warm-ups."""
    best = dict.fromkeys(functions, float("inf"))
    for run in range(runs + 2):
        for name, function in functions.items():
            start = time.process_time()
            function()
            if run >= 2:
                best[name] = min(best[name], time.process_time() - start)
    return best


def speed(pictures: dict[str, Pixels], folder: Path, encoder: str) -> None:
    """CPU time on 8 crops at quality 50, all with jit_compile, as ratios to the exact layers in the same run."""
    crops = np.stack([picture[:CROP, :CROP] for picture in list(pictures.values())[:8]])
    images, quality = tf.constant(crops, tf.float32), tf.fill([len(crops)], 50.0)
    models = {
        "exact JPEGSimulator": JPEGSimulator(),
        "NeuralSimulator": load_network(folder, "simulator", encoder)[1],
        "exact RateEstimator": RateEstimator(jit_compile=True),
        "NeuralRateEstimator": load_network(folder, "rate", encoder)[1],
    }
    forward, backward = {}, {}
    for name, model in models.items():
        jit = name != "exact RateEstimator"  # compiles its two parts itself

        def value(x: tf.Tensor, model: Callable[..., tf.Tensor] = model) -> tf.Tensor:
            return tf.reduce_mean(model(x, quality))

        def slope(x: tf.Tensor, value: Callable[[tf.Tensor], tf.Tensor] = value) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = value(x)
            return tape.gradient(y, x)

        graphs = [tf.function(f, jit_compile=jit) for f in (value, slope)]
        forward[name] = lambda graph=graphs[0]: graph(images).numpy()
        backward[name] = lambda graph=graphs[1]: graph(images).numpy()
    times = cpu_seconds(forward), cpu_seconds(backward)
    print(f"\nCPU time on {len(crops)} x {CROP}x{CROP}, quality 50, {encoder}, jit_compile\n")
    print("| | forward, x exact | forward + backward, x exact |\n| --- | ---: | ---: |")
    for name, exact in (
        ("NeuralSimulator", "exact JPEGSimulator"),
        ("NeuralRateEstimator", "exact RateEstimator"),
    ):
        print(f"| {name} | " + " | ".join(f"{t[name] / t[exact]:.2f}" for t in times) + " |")


def measured(
    part: str,
    name: str,
    pictures: dict[str, Pixels],
    models: Path,
    results: dict[str, Any],
    keep: Path | None,
) -> Rows:
    """Rows of all pictures, from `results` where they are there, which gets the others."""
    known: dict[str, Rows] = results.setdefault(part, {}).setdefault(name, {})
    missing = [picture for picture in pictures if picture not in known]
    if missing:
        encoder, (network, _) = get_encoder(name), load_network(models, part, name)
        session = runtime.load("balanced", threads=1)
        for picture in missing:
            known[picture] = (
                simulator_rows(pictures[picture], encoder, network)
                if part == "simulator"
                else rate_rows(pictures[picture], encoder, network, lambda *given: session(*given))
            )
            if keep is not None:
                write_atomically(keep, (json.dumps(results) + "\n").encode())
    return rows_of({picture: known[picture] for picture in pictures})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="lossless pictures")
    parser.add_argument("--encoders", default=",".join(ENCODERS))
    parser.add_argument("--only", default="simulator,rate,speed")
    parser.add_argument(
        "--models", type=Path, default=ROOT / "savedmodels", help="holds simulator-NAME and rate-NAME"
    )
    parser.add_argument("--count", type=int, help="only so many pictures")
    parser.add_argument("--json", type=Path, help="file that keeps all numbers")
    arguments = parser.parse_args(argv)
    paths = list_pictures(arguments.folder)[: arguments.count]
    pictures = {path.stem: load_rgb(path) for path in paths}
    results = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.exists() else {}
    names = arguments.encoders.split(",")
    for part in arguments.only.split(","):
        if part == "speed":
            speed(pictures, arguments.models, names[0])
            continue
        rows = {
            name: measured(part, name, pictures, arguments.models, results, arguments.json) for name in names
        }
        (print_simulator if part == "simulator" else print_rate)(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
