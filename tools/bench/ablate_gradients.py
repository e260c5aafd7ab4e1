"""Which way through JPEG trains the better preprocessor? Equal CPU time each, scored by real files.

    python tools/bench/ablate_gradients.py TRAIN_FOLDER VALIDATION_FOLDER -o OUT [--seconds 300] [--only exact,mixed]

Trains one small preprocessor per way and seed; ways of a seed share initial weights, crops, objective and learning
rate. Exports it, and runs `jpegpre evaluate` on all of them, at two strengths: ways differ in how far they go, and one
that went too far is better at half. Prints the BD-rates; docs/neural.md quotes them. What is there already is not
trained again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.exporters.tflite import export_tflite
from jpegpre_tf.layers import MixedGradient
from jpegpre_tf.ops.blocks import coefficients_of, pictures_of
from jpegpre_tf.ops.quantization.quantization import quantization_tables
from jpegpre_tf.training.data.crops import list_pictures, training_dataset

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"channels": 32, "spatial_blocks": 1, "mixing_blocks": 1, "chroma_mixing_blocks": 1}
BATCH, CROP, LEARNING_RATE = 4, 192, 2e-3
WAYS = {
    "exact": "exact forward, straight-through",
    "mixed": "exact forward, neural backward",
    "neural": "neural both ways",
    "cubic": "cubic rounding, logarithms as bits",
    "noise": "uniform noise, logarithms as bits",
}


def approximate_steps(images: Any, quality: Any, kind: str) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Coefficients in steps with their rounding replaced, as others train, and their tables.

    `cubic` (Shin and Song 2017), or `noise` of one step.
    """
    both = tf.reshape(quantization_tables(quality), [-1, 2, 1, 1, 64])
    tables = [both[:, min(component, 1)] for component in range(3)]
    planes = []
    for plane, table in zip(coefficients_of(images), tables, strict=True):
        steps = plane / table
        if kind == "cubic":
            nearest = tf.stop_gradient(tf.round(steps))
            planes.append(nearest + (steps - nearest) ** 3)
        else:
            planes.append(steps + tf.random.uniform(tf.shape(steps), -0.5, 0.5))
    return planes, tables


class Approximate(keras.layers.Layer):
    """JPEG of `approximate_steps`: images to images."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        steps, tables = approximate_steps(images, quality, self.kind)
        planes = [plane * table for plane, table in zip(steps, tables, strict=True)]
        return pictures_of(planes, tf.shape(images)[1], tf.shape(images)[2])


class ApproximateRate(keras.layers.Layer):
    """Bits per pixel as the sum of log2(1 + |step|), scaled to the file's real size (Guleryuz et al. 2022)."""

    def __init__(self, kind: str, exact: keras.layers.Layer) -> None:
        super().__init__()
        self.kind, self.exact = kind, exact

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        steps, _ = approximate_steps(images, quality, self.kind)
        total = tf.add_n([tf.reduce_sum(tf.math.log(1.0 + tf.abs(plane)), axis=[1, 2, 3]) for plane in steps])
        real = self.exact(tf.stop_gradient(images), quality)
        return total * tf.stop_gradient(real / tf.maximum(total, 1.0))


class Clock(keras.callbacks.Callback):
    """Stops after so many seconds of CPU time of this process, counted from the second step on (the first compiles)."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.start, self.steps = seconds, 0.0, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        if self.steps == 1:
            self.start = time.process_time()
        share = (time.process_time() - self.start) / self.seconds
        # Half a cosine over the time, whatever a step takes.
        self.model.optimizer.learning_rate = LEARNING_RATE * max(
            0.02, 0.5 * (1 + tf.cos(3.1416 * min(share, 1.0)))
        )
        self.model.stop_training = share >= 1.0


def layers_of(way: str) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Simulator and rate."""
    exact = jpegpre_tf.JPEGSimulator(jit_compile=True), jpegpre_tf.RateEstimator(jit_compile=True)
    if way == "exact":
        return exact
    if way in ("cubic", "noise"):
        return Approximate(way), ApproximateRate(way, exact[1])
    networks = [
        kind.from_preset("libjpeg-turbo")
        for kind in (jpegpre_tf.NeuralSimulator, jpegpre_tf.NeuralRateEstimator)
    ]
    if way == "neural":
        return networks[0], networks[1]
    return MixedGradient(exact[0], networks[0]), MixedGradient(exact[1], networks[1])


def train(way: str, seed: int, folder: Path, seconds: float, target: Path) -> None:
    keras.utils.set_random_seed(seed)
    preprocessor = jpegpre_tf.Preprocessor(**SIZES)
    simulator, rate = layers_of(way)
    trainer = jpegpre_tf.PreprocessorTrainer(preprocessor, simulator=simulator, rate=rate)
    trainer.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE, clipnorm=1.0))
    data = training_dataset(list_pictures(folder), batch_size=BATCH, crop_size=CROP, seed=seed)
    clock = Clock(seconds)
    # One endless epoch; the clock ends it.
    trainer.fit(data, epochs=1, steps_per_epoch=100_000, callbacks=[clock], verbose=0)
    export_tflite(preprocessor, target)
    print(f"{way}, seed {seed}: {clock.steps} steps", file=sys.stderr, flush=True)


def bd_rates(arguments: argparse.Namespace, strength: float) -> dict[tuple[str, int], dict[str, float]]:
    """(way, seed) -> metric -> mean BD-rate in percent, from 0.2 to 1.5 bits per pixel."""
    runs = [(way, seed) for way in arguments.only for seed in arguments.seeds]
    command = [sys.executable, "-m", "jpegpre_tf", "evaluate", str(arguments.validation)]
    command += ["--controls", "none", "--metrics", ",".join(arguments.metrics), "--json"]
    command += ["--limit", str(arguments.limit), "--jobs", str(arguments.jobs), "--strength", str(strength)]
    for way, seed in runs:
        command += ["--profile", str(arguments.output / f"{way}-{seed}.tflite")]
    report = arguments.output / f"report-{strength:g}"
    done = subprocess.run([*command, "-o", str(report)], stdout=subprocess.PIPE, text=True, check=True)
    candidates = json.loads(done.stdout)["candidates"]
    return {
        run: {metric: candidate["bd_rate"][metric]["0.2-1.5"]["mean"] for metric in arguments.metrics}
        for run, candidate in zip(runs, candidates, strict=True)
    }


def words(text: str) -> list[str]:
    return text.split(",")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("validation", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=300.0, help="CPU time per way (default %(default)s)")
    parser.add_argument("--only", type=words, default=list(WAYS))
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in words(text)], default=[1])
    parser.add_argument(
        "--strengths", type=lambda text: [float(value) for value in words(text)], default=[1.0, 0.5]
    )
    parser.add_argument(
        "--metrics", type=words, default=words("psnr_y,psnr_rgb,ms_ssim,psnr_hvs_m,ssimulacra2")
    )
    parser.add_argument("--limit", type=int, default=24, help="pictures to score on (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args(argv)
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for seed in arguments.seeds:
        for way in arguments.only:
            target = arguments.output / f"{way}-{seed}.tflite"
            if not target.exists():
                train(way, seed, arguments.folder, arguments.seconds, target)
    for strength in arguments.strengths:
        rates = bd_rates(arguments, strength)
        print(f"\nBD-rate at strength {strength:g}, %, 0.2 to 1.5 bits per pixel; each seed\n")
        print("| way | " + " | ".join(arguments.metrics) + " |")
        print("| --- |" + " ---: |" * len(arguments.metrics))
        for way in arguments.only:
            cells = [
                ", ".join(f"{rates[way, seed][metric]:+.2f}" for seed in arguments.seeds)
                for metric in arguments.metrics
            ]
            print(f"| {WAYS[way]} | " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
