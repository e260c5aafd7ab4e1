"""Which way through JPEG trains the better preprocessor? Equal CPU time each, scored by real files.

    python tools/ablate_gradients.py TRAIN_FOLDER VALIDATION_FOLDER -o OUT [--seconds 300] [--only exact,mixed]

Trains one small preprocessor per way, from the same initial weights with the same crops, exports it, and runs
`jpegpre evaluate` on all of them. Prints the BD-rates; docs/neural.md quotes them. Ways that are there already are not
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
from jpegpre_tf.ops.quantization import quantization_tables
from jpegpre_tf.training.data import list_pictures, training_dataset

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"channels": 32, "spatial_blocks": 1, "mixing_blocks": 1, "chroma_mixing_blocks": 1}
BATCH, CROP, LEARNING_RATE, SEED = 4, 192, 2e-3, 1
WAYS = {
    "exact": "exact forward, straight-through",
    "mixed": "exact forward, neural backward",
    "neural": "neural both ways",
    "cubic": "cubic rounding both ways",
    "noise": "uniform noise instead of rounding",
}


class Approximate(keras.layers.Layer):
    """JPEG with its rounding replaced: `cubic` (Shin and Song 2017) or `noise` of one step, as others train."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        tables = tf.reshape(quantization_tables(quality), [-1, 2, 1, 1, 64])
        planes = []
        for component, plane in enumerate(coefficients_of(images)):
            table = tables[:, min(component, 1)]
            steps = plane / table
            if self.kind == "cubic":
                nearest = tf.stop_gradient(tf.round(steps))
                steps = nearest + (steps - nearest) ** 3
            else:
                steps += tf.random.uniform(tf.shape(steps), -0.5, 0.5)
            planes.append(steps * table)
        return pictures_of(planes, tf.shape(images)[1], tf.shape(images)[2])


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
    if way == "cubic":
        return Approximate("cubic"), jpegpre_tf.RateEstimator(surrogate="cubic", jit_compile=True)
    if way == "noise":
        return Approximate("noise"), exact[1]
    networks = [
        keras.models.load_model(ROOT / "savedmodels" / f"{kind}-libjpeg-turbo" / "model.keras")
        for kind in ("simulator", "rate")
    ]
    if way == "neural":
        return networks[0], networks[1]
    return MixedGradient(exact[0], networks[0]), MixedGradient(exact[1], networks[1])


def train(way: str, folder: Path, seconds: float, target: Path) -> None:
    keras.utils.set_random_seed(SEED)
    preprocessor = jpegpre_tf.Preprocessor(**SIZES)
    simulator, rate = layers_of(way)
    trainer = jpegpre_tf.PreprocessorTrainer(preprocessor, simulator=simulator, rate=rate)
    trainer.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE, clipnorm=1.0))
    data = training_dataset(list_pictures(folder), batch_size=BATCH, crop_size=CROP, seed=SEED)
    clock = Clock(seconds)
    # One endless epoch; the clock ends it.
    trainer.fit(data, epochs=1, steps_per_epoch=100_000, callbacks=[clock], verbose=0)
    export_tflite(preprocessor, target)
    print(f"{way}: {clock.steps} steps", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("validation", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=300.0, help="CPU time per way (default %(default)s)")
    parser.add_argument("--only", default=",".join(WAYS))
    parser.add_argument("--metrics", default="psnr_y,psnr_rgb,ms_ssim,psnr_hvs_m")
    parser.add_argument("--limit", type=int, default=24, help="pictures to score on (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args(argv)
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    arguments.output.mkdir(parents=True, exist_ok=True)
    ways = arguments.only.split(",")
    for way in ways:
        target = arguments.output / f"{way}.tflite"
        if not target.exists():
            train(way, arguments.folder, arguments.seconds, target)
    command = [
        sys.executable,
        "-m",
        "jpegpre_tf",
        "evaluate",
        str(arguments.validation),
        "--controls",
        "none",
    ]
    command += ["--metrics", arguments.metrics, "--limit", str(arguments.limit), "--json"]
    for way in ways:
        command += ["--profile", str(arguments.output / f"{way}.tflite")]
    done = subprocess.run(
        [*command, "-o", str(arguments.output / "report")], capture_output=True, text=True, check=True
    )
    results = json.loads(done.stdout)
    metrics = arguments.metrics.split(",")
    print("\nBD-rate, %, 0.2 to 1.5 bits per pixel\n")
    print("| way | " + " | ".join(metrics) + " |\n| --- |" + " ---: |" * len(metrics))
    for way, candidate in zip(ways, results["candidates"], strict=True):
        cells = [candidate["bd_rate"][metric]["0.2-1.5"]["mean"] for metric in metrics]
        print(f"| {WAYS[way]} | " + " | ".join(f"{cell:+.2f}" for cell in cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
