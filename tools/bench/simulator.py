"""Accuracy, speed and gradients of the exact JPEG layers, measured against Pillow (libjpeg-turbo).

    make bench-simulator DATA=FOLDER_OF_LOSSLESS_PICTURES
    python tools/bench/simulator.py FOLDER [--only accuracy,speed,quality,descent,rate]

Prints Markdown tables; docs/simulator.md quotes them.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from jpegpre_tf import JPEGSimulator, RateEstimator, jpeg
from jpegpre_tf.jpeg.transform.resample import FACTORS
from jpegpre_tf.ops.quantization.quantization import quantization_tables
from jpegpre_tf.ops.transform import real_dct, resample
from jpegpre_tf.training.data.crops import list_pictures, load_rgb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.bench.simulator_gradients import Pixels, descent, pillow, quality_gradient, rate_descent

QUALITIES = (8, 12, 16, 22, 30, 40, 50, 60, 70, 78, 84, 90)
CROP = 256


def odd_pictures(count: int) -> Iterator[Pixels]:
    """Sizes 1..70: noise, black and white, one colour, grey noise, smooth."""
    generator = np.random.default_rng(0)
    for index in range(count):
        shape = (*generator.integers(1, 71, 2), 3)
        kind = index % 5
        if kind == 0:
            picture = generator.integers(0, 256, shape)
        elif kind == 1:
            picture = generator.integers(0, 2, shape) * 255
        elif kind == 2:
            picture = np.broadcast_to(generator.integers(0, 256, 3), shape)
        elif kind == 3:
            picture = np.broadcast_to(generator.integers(0, 256, (*shape[:2], 1)), shape)
        else:
            picture = np.clip(np.cumsum(np.cumsum(generator.normal(0, 3, shape), 0), 1) + 128, 0, 255)
        yield picture.astype(np.uint8)


def accuracy(pictures: list[Pixels]) -> None:
    """Samples and bytes that differ: TensorFlow on the pictures, NumPy on odd sizes."""
    print("\n| what | subsampling | samples | differing | files | bytes off |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for subsampling in FACTORS:
        simulator = tf.function(JPEGSimulator(subsampling), jit_compile=True)
        rates = {
            mode: RateEstimator(mode, subsampling, jit_compile=True) for mode in ("optimized", "standard")
        }
        samples = differing = files = bytes_off = 0
        for picture in pictures:
            batch, pixels = tf.constant(picture[None], tf.float32), picture.shape[0] * picture.shape[1]
            for quality in (1, *QUALITIES, 100):
                q = tf.constant([float(quality)])
                decoded, _ = pillow(picture, quality, subsampling)
                samples += picture.size
                differing += int((np.asarray(simulator(batch, q))[0] != decoded).sum())
                for mode, rate in rates.items():
                    _, size = pillow(picture, quality, subsampling, mode == "optimized")
                    files += 1
                    bytes_off += abs(round(float(rate(batch, q)[0]) * pixels / 8) - size)
        print(f"| pictures, TensorFlow | {subsampling} | {samples:,} | {differing} | {files} | {bytes_off} |")
    samples = differing = files = bytes_off = 0
    generator = np.random.default_rng(1)
    for picture in odd_pictures(500):
        for subsampling in FACTORS:
            quality = int(generator.choice((1, 5, 25, 50, 75, 92, 100)))
            coefficients = jpeg.encode_coefficients(picture, quality, subsampling)
            for mode in ("optimized", "standard"):
                decoded, size = pillow(picture, quality, subsampling, mode == "optimized")
                files += 1
                bytes_off += abs(jpeg.file_size(coefficients, mode) - size)
            samples += picture.size
            differing += int((jpeg.decode(coefficients) != decoded).sum())
    print(f"| 500 odd pictures, NumPy | all | {samples:,} | {differing} | {files} | {bytes_off} |")


def approximation(chroma: str, cubic: bool) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A float JPEG as others write it: nothing rounded but coefficients."""

    def simulate(images: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        tables = tf.reshape(quantization_tables(quality), [-1, 2, 1, 1, 64])
        ycc = real_dct.rgb_to_ycc(images)
        pooled = tf.nn.avg_pool2d(ycc, 2, 2, "VALID")
        planes = []
        for component, plane in enumerate((ycc[..., :1] - 128.0, pooled[..., 1:2], pooled[..., 2:])):
            steps = real_dct.forward(plane) / tables[:, min(component, 1)]
            rounded = tf.round(steps) + (steps - tf.round(steps)) ** 3 if cubic else tf.round(steps)
            decoded = real_dct.inverse(rounded * tables[:, min(component, 1)])
            if component and chroma == "nearest":
                decoded = tf.repeat(tf.repeat(decoded, 2, axis=1), 2, axis=2)
            elif component:
                height, width = images.shape[1], images.shape[2]
                decoded = resample.upsample(decoded[..., 0] + 128.0, (2, 2), height, width)[..., None] - 128.0
            planes.append(decoded)
        rgb = real_dct.ycc_to_rgb(tf.concat([planes[0] + 128.0, *planes[1:]], axis=-1))
        return tf.clip_by_value(rgb, 0.0, 255.0)

    return simulate


def comparison(crops: Pixels) -> None:
    """Equal samples and PSNR to the real decode, beside simple approximations."""
    rows = {
        "JPEGSimulator": JPEGSimulator(),
        "float, triangle chroma": approximation("triangle", False),
        "float, nearest chroma": approximation("nearest", False),
        "the same, cubic forward": approximation("nearest", True),
    }
    qualities = (10, 50, 95)
    print("\n| simulator | " + " | ".join(f"q{q} equal %, PSNR dB" for q in qualities) + " |")
    print("| --- |" + " ---: |" * len(qualities))
    for name, simulate in rows.items():
        cells = []
        for quality in qualities:
            real = np.stack([pillow(crop, quality)[0] for crop in crops]).astype(np.float64)
            got = np.asarray(simulate(tf.constant(crops, tf.float32), tf.fill([len(crops)], float(quality))))
            error = np.mean((got - real) ** 2)
            psnr = "exact" if error == 0 else f"{10 * np.log10(255**2 / error):.1f}"
            cells.append(f"{100 * np.mean(np.round(got) == real):.1f}, {psnr}")
        print(f"| {name} | " + " | ".join(cells) + " |")


def cpu_seconds(function: Callable[[], object], runs: int = 12) -> float:
    """Least CPU time of the whole process over `runs` calls after two warm-ups."""
    best = float("inf")
    for run in range(runs + 2):
        start = time.process_time()
        function()
        if run >= 2:
            best = min(best, time.process_time() - start)
    return best


def speed(crops: Pixels) -> None:
    """CPU time at quality 50 against a Pillow encode and decode loop over the same patches, in turn."""
    images, quality = tf.constant(crops, tf.float32), tf.fill([len(crops)], 50.0)
    loop = cpu_seconds(lambda: [pillow(crop, 50, optimize=False) for crop in crops])
    print(f"\nPillow loop over {len(crops)} x {CROP}x{CROP}: {1e3 * loop:.1f} ms of CPU time\n")
    print("| layer | forward, x Pillow | forward + backward, x Pillow |")
    print("| --- | ---: | ---: |")
    for name, kind in (("JPEGSimulator", JPEGSimulator), ("RateEstimator", RateEstimator)):
        for jit in (False, True):
            layer = kind(jit_compile=jit)

            def value(x: tf.Tensor, layer: Callable[..., tf.Tensor] = layer) -> tf.Tensor:
                return tf.reduce_mean(layer(x, quality))

            def slope(x: tf.Tensor, value: Callable[[tf.Tensor], tf.Tensor] = value) -> tf.Tensor:
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = value(x)
                return tape.gradient(y, x)

            graphs = [tf.function(value), tf.function(slope)]
            times = [cpu_seconds(lambda graph=graph: graph(images).numpy()) for graph in graphs]
            label = f"{name}{', jit_compile' if jit else ''}"
            print(f"| {label} | " + " | ".join(f"{t / loop:.1f}" for t in times) + " |")
    large = tf.constant(np.tile(crops[:, None], (1, 4, 1, 1, 1)).reshape(-1, 2, 2, CROP, CROP, 3)[:16])
    large = tf.reshape(tf.transpose(large, [0, 1, 3, 2, 4, 5]), [-1, 2 * CROP, 2 * CROP, 3])
    _train_like(tf.cast(large, tf.float32))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\nPeak memory after simulator + rate, forward and backward, 16 x 512x512: {peak:.2f} GB")


def _train_like(images: tf.Tensor) -> None:
    simulator, rate = JPEGSimulator(jit_compile=True), RateEstimator(jit_compile=True)
    quality = tf.fill([images.shape[0]], 50.0)
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = tf.reduce_mean(tf.square(simulator(images, quality) - images)) + tf.reduce_mean(
            rate(images, quality)
        )
    tape.gradient(loss, images).numpy()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="accuracy,speed,quality,descent,rate")
    arguments = parser.parse_args(argv)
    tf.config.threading.set_intra_op_parallelism_threads(2)
    pictures = [load_rgb(path) for path in list_pictures(arguments.folder)]
    # Centre crops; fewer pictures than 16 give several crops each.
    count = -(-16 // len(pictures))
    crops = np.stack([_crop(picture, index) for index in range(count) for picture in pictures])
    wanted = arguments.only.split(",")
    if "accuracy" in wanted:
        accuracy(pictures)
        comparison(crops[:8])
    if "speed" in wanted:
        speed(crops[:16])
    if "quality" in wanted:
        quality_gradient(crops)
    if "descent" in wanted:
        descent(crops)
    if "rate" in wanted:
        rate_descent(crops)
    return 0


def _crop(picture: Pixels, index: int) -> Pixels:
    top = (picture.shape[0] - CROP) // 2 - 16 * index
    left = (picture.shape[1] - CROP) // 2 - 16 * index
    return picture[max(0, top) : max(0, top) + CROP, max(0, left) : max(0, left) + CROP]


if __name__ == "__main__":
    sys.exit(main())
