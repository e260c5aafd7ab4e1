"""Accuracy and speed of the neural simulators and rate estimators, measured against the encoders they learned.

    make bench-neural DATA=FOLDER_OF_LOSSLESS_PICTURES
    python tools/bench_neural.py FOLDER [--encoders mozjpeg,...] [--only simulator,rate,speed] [--json FILE]

Prints Markdown tables; docs/neural.md quotes them, and shows the plots.
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

import keras
import numpy as np
import tensorflow as tf

import jpegpre_tf.models  # noqa: F401  (registers the classes that the files name)
from jpegpre_tf import JPEGSimulator, RateEstimator, runtime
from jpegpre_tf.codecs import Encoder, LibjpegTurbo, get_encoder
from jpegpre_tf.training.data import list_pictures, load_rgb
from jpegpre_tf.training.neural.edits import blur, sharpen

QUALITIES = (8, 12, 16, 22, 30, 40, 50, 60, 70, 78, 84, 90)
ENCODERS = ("libjpeg-turbo", "mozjpeg", "jpegli")
CROP = 256
ROOT = Path(__file__).resolve().parent.parent
Pixels = np.ndarray


def psnr(a: Pixels, b: Pixels) -> float:
    """In dB; 99 for equal pictures."""
    error = float(np.mean((a.astype(np.float32) - b.astype(np.float32)) ** 2))
    return 10 * np.log10(255**2 / error) if error > 10 ** (-9.9) * 255**2 else 99.0


def load_network(folder: Path, kind: str, encoder: str) -> Any:
    """A jitted callable `(image uint8 (height, width, 3), quality) -> NumPy`, and the Keras model."""
    model = keras.models.load_model(folder / f"{kind}-{encoder}" / "model.keras")
    compiled = tf.function(model, jit_compile=True)

    def call(image: Pixels, quality: int) -> np.ndarray:
        return np.asarray(compiled(tf.constant(image[None], tf.float32), tf.constant([float(quality)])))[0]

    return call, model


class SameSize:
    """libjpeg-turbo in an encoder's stead: its decode at the quality that gives the same number of bytes."""

    def __init__(self, image: Pixels) -> None:
        self._encoder = LibjpegTurbo()
        self._image = image
        self._made: dict[int, Any] = {}

    def _encoded(self, quality: int) -> Any:
        if quality not in self._made:
            self._made[quality] = self._encoder.encode(self._image, quality)
        return self._made[quality]

    def psnr_to(self, decoded: Pixels, size_bytes: int) -> float:
        """PSNR of the stand-in to `decoded`, interpolated in log bytes between two integer qualities."""
        low, high = 1, 100
        while high - low > 1:
            middle = (low + high) // 2
            if self._encoded(middle).size_bytes < size_bytes:
                low = middle
            else:
                high = middle
        below, above = self._encoded(low), self._encoded(high)
        sizes = np.log([below.size_bytes, above.size_bytes])
        scores = [psnr(made.decoded, decoded) for made in (below, above)]
        return float(np.interp(np.log(size_bytes), sizes, scores))


def simulator(
    pictures: dict[str, Pixels], encoder: Encoder, simulate: Callable[..., Pixels]
) -> dict[str, Any]:
    """Rows per picture and quality: PSNR to the real decode, of the stand-in too, and both PSNRs to the original."""
    rows = []
    for name, picture in pictures.items():
        stand_in = SameSize(picture)
        for quality in QUALITIES:
            real = encoder.encode(picture, quality)
            got = simulate(picture, quality)
            rows.append(
                {
                    "picture": name,
                    "quality": quality,
                    "psnr": psnr(got, real.decoded),
                    "stand_in": stand_in.psnr_to(real.decoded, real.size_bytes),
                    "equal": float(np.mean(got == real.decoded)),
                    "psnr_original": psnr(got, picture),
                    "psnr_original_real": psnr(real.decoded, picture),
                }
            )
    return {"rows": rows}


def mean_over(rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], float]) -> list[float]:
    """Mean of `key` per quality."""
    return [float(np.mean([key(row) for row in rows if row["quality"] == q])) for q in QUALITIES]


def print_simulator(results: dict[str, dict[str, Any]]) -> None:
    print("\nPSNR of the simulated to the real decode, dB, mean over pictures (99: every sample equal)\n")
    print("| encoder | simulator | " + " | ".join(f"q{q}" for q in QUALITIES) + " | mean |")
    print("| --- | --- |" + " ---: |" * (len(QUALITIES) + 1))
    for name, result in results.items():
        rows = result["rows"]
        for label, key in (("network", "psnr"), ("exact libjpeg-turbo at the same size", "stand_in")):
            if name == "libjpeg-turbo" and key == "stand_in":
                continue
            values = mean_over(rows, lambda row, key=key: row[key])
            cells = " | ".join(f"{value:.1f}" for value in [*values, np.mean(values)])
            print(f"| {name} | {label} | {cells} |")
    print("\nPSNR bias: simulated less real PSNR to the original, dB, mean over pictures\n")
    print("| encoder | " + " | ".join(f"q{q}" for q in QUALITIES) + " | largest |")
    print("| --- |" + " ---: |" * (len(QUALITIES) + 1))
    for name, result in results.items():
        bias = mean_over(result["rows"], lambda row: row["psnr_original"] - row["psnr_original_real"])
        largest = max(abs(value) for value in bias)
        print(f"| {name} | " + " | ".join(f"{value:+.3f}" for value in bias) + f" | {largest:.3f} |")
    print("\n| encoder | equal samples % | worst picture, dB |\n| --- | ---: | ---: |")
    for name, result in results.items():
        rows = result["rows"]
        equal, worst = np.mean([row["equal"] for row in rows]), min(row["psnr"] for row in rows)
        print(f"| {name} | {100 * equal:.1f} | {worst:.1f} |")


def rate(
    pictures: dict[str, Pixels],
    encoder: Encoder,
    predict: Callable[..., float],
    preprocess: Callable[..., Pixels],
) -> dict[str, Any]:
    """Rows per picture, quality and edit: real and predicted bits per pixel."""
    edits: dict[str, Callable[[Pixels, int], Pixels]] = {
        "plain": lambda image, quality: image,
        "blur": lambda image, quality: blur(image, 0.5),
        "unsharp": lambda image, quality: sharpen(image, 1.0, 50),
        "preprocessed": lambda image, quality: preprocess(image, quality, 1.0),
    }
    rows = []
    for name, picture in pictures.items():
        for quality in QUALITIES:
            for edit, apply in edits.items():
                image = np.ascontiguousarray(apply(picture, quality))
                real = 8 * len(encoder.encode_bytes(image, quality)) / image[..., 0].size
                predicted = float(predict(image, quality))
                rows.append(
                    {"picture": name, "quality": quality, "edit": edit, "real": real, "predicted": predicted}
                )
    return {"rows": rows}


def rate_summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """MAPE of plain pictures, least rank correlation inside a quality, error of predicted changes in points."""
    plain = {(r["picture"], r["quality"]): r for r in rows if r["edit"] == "plain"}
    summary: dict[str, Any] = {
        "mape": float(np.mean([100 * abs(r["predicted"] / r["real"] - 1) for r in plain.values()])),
        "mape_by_quality": {
            q: float(
                np.mean(
                    [100 * abs(r["predicted"] / r["real"] - 1) for r in plain.values() if r["quality"] == q]
                )
            )
            for q in QUALITIES
        },
    }
    correlations = []
    for quality in QUALITIES:
        at = [r for r in plain.values() if r["quality"] == quality]
        ranks = [np.argsort(np.argsort([r[key] for r in at])) for key in ("real", "predicted")]
        correlations.append(float(np.corrcoef(*ranks)[0, 1]))
    summary["rank_correlation_least"] = min(correlations)
    summary["rank_correlation_mean"] = float(np.mean(correlations))
    for edit in ("blur", "unsharp", "preprocessed"):
        changes = []
        for row in rows:
            if row["edit"] == edit:
                base = plain[row["picture"], row["quality"]]
                real = 100 * (row["real"] / base["real"] - 1)
                changes.append((real, 100 * (row["predicted"] / base["predicted"] - 1)))
        real, predicted = np.array(changes).T
        summary[edit] = {
            "real_mean": float(real.mean()),
            "error_mean": float(np.mean(np.abs(predicted - real))),
            "bias": float(np.mean(predicted - real)),
        }
    return summary


def print_rate(results: dict[str, dict[str, Any]]) -> None:
    print("\nError of bits per pixel, %, mean over pictures\n")
    print("| encoder | " + " | ".join(f"q{q}" for q in QUALITIES) + " | MAPE | least rank correlation |")
    print("| --- |" + " ---: |" * (len(QUALITIES) + 2))
    for name, result in results.items():
        s = result["summary"]
        cells = " | ".join(f"{value:.2f}" for value in s["mape_by_quality"].values())
        print(f"| {name} | {cells} | {s['mape']:.2f} | {s['rank_correlation_least']:.4f} |")
    print("\nPredicted change in bits per pixel, points: mean real change, mean absolute error, bias\n")
    print(
        "| encoder | blur, sigma 0.5 | unsharp mask, 50 % | preprocessed (balanced) |\n| --- | ---: | ---: | ---: |"
    )
    for name, result in results.items():
        cells = [result["summary"][edit] for edit in ("blur", "unsharp", "preprocessed")]
        texts = [f"{c['real_mean']:+.1f}, {c['error_mean']:.2f}, {c['bias']:+.2f}" for c in cells]
        print(f"| {name} | " + " | ".join(texts) + " |")


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
    parser.add_argument("--json", type=Path, help="file for all numbers; tools/plot_neural.py draws them")
    arguments = parser.parse_args(argv)
    paths = list_pictures(arguments.folder)[: arguments.count]
    pictures = {path.stem: load_rgb(path) for path in paths}
    parts, names = arguments.only.split(","), arguments.encoders.split(",")
    results: dict[str, Any] = {"pictures": len(pictures)}
    if "simulator" in parts:
        results["simulator"] = {
            name: simulator(pictures, get_encoder(name), load_network(arguments.models, "simulator", name)[0])
            for name in names
        }
        print_simulator(results["simulator"])
    if "rate" in parts:
        session = runtime.load("balanced", threads=1)
        results["rate"] = {
            name: rate(
                pictures,
                get_encoder(name),
                load_network(arguments.models, "rate", name)[0],
                lambda image, quality, strength: session(image, quality, strength),
            )
            for name in names
        }
        for result in results["rate"].values():
            result["summary"] = rate_summary(result["rows"])
        print_rate(results["rate"])
    if "speed" in parts:
        speed(pictures, arguments.models, names[0])
    if arguments.json:
        arguments.json.write_text(json.dumps(results) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
