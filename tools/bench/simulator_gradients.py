"""Gradients of the exact JPEG layers against the real codec: tables that tools/bench/simulator.py prints."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image, ImageFilter

from jpegpre_tf import JPEGSimulator, RateEstimator
from jpegpre_tf.ops.quantization.rounding import SURROGATES

PILLOW_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
Pixels = np.ndarray


def pillow(
    image: Pixels, quality: int, subsampling: str = "4:2:0", optimize: bool = True
) -> tuple[Pixels, int]:
    """Decoded uint8 picture and bytes of the file."""
    stream = io.BytesIO()
    options = {"quality": int(quality), "subsampling": PILLOW_SUBSAMPLING[subsampling], "optimize": optimize}
    Image.fromarray(image).save(stream, "JPEG", **options)
    return np.asarray(Image.open(stream)), stream.tell()


def quality_gradient(crops: Pixels) -> None:
    """d MSE / d quality and d bpp / d quality against differences of the real codec over +-3."""
    images = tf.constant(crops, tf.float32)
    simulator, rate = JPEGSimulator(), RateEstimator()
    print("\n| quality | MSE: ours / real, median | same sign % | bpp: ours / real, median | same sign % |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for quality in (10, 20, 35, 50, 65, 80, 90):
        q = tf.fill([len(crops)], float(quality))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(q)
            mse = tf.reduce_mean(tf.square(simulator(images, q) - images), axis=[1, 2, 3])
            bpp = rate(images, q)
        cells = []
        real = [np.array([_mse_bpp(crop, quality + d) for crop in crops]) for d in (-3, 3)]
        expected = (real[1] - real[0]) / 6
        for column, value in enumerate((mse, bpp)):
            ratio = np.asarray(tape.gradient(value, q)) / expected[:, column]
            cells += [f"{np.median(ratio):.2f}", f"{100 * np.mean(ratio > 0):.0f}"]
        print(f"| {quality} | " + " | ".join(cells) + " |")


def _mse_bpp(image: Pixels, quality: int, original: Pixels | None = None) -> tuple[float, float]:
    decoded, size = pillow(image, quality)
    reference = image if original is None else original
    return float(np.mean((decoded.astype(np.float64) - reference) ** 2)), 8 * size / image[..., 0].size


# Step of the descent per surrogate, found on other pictures at quality 50; it shrinks to 0.1 of itself.
DESCENT_STEP = {"identity": 0.3, "cubic": 1.1, "soft": 0.45, "dither": 0.3}


def descent(crops: Pixels) -> None:
    """Eight gradient steps from a blurred picture towards the sharp one through JPEG; scored by the real codec."""
    blurred = [Image.fromarray(crop).filter(ImageFilter.GaussianBlur(1.0)) for crop in crops]
    start = np.stack([np.asarray(image) for image in blurred])
    print("\n| surrogate | " + " | ".join(f"q{q}: MSE reduction %" for q in (20, 50, 80)) + " |")
    print("| --- | ---: | ---: | ---: |")
    for surrogate in SURROGATES:
        simulator = JPEGSimulator(surrogate=surrogate, jit_compile=True)
        cells = []
        for quality in (20, 50, 80):
            q, x = tf.fill([len(crops)], float(quality)), tf.constant(start, tf.float32)
            for step in range(8):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    error = tf.reduce_sum(tf.square(simulator(x, q) - crops)) / 2
                size = DESCENT_STEP[surrogate] * (1 - 0.9 * step / 8)
                x = tf.clip_by_value(x - size * tape.gradient(error, x), 0.0, 255.0)
            ends = np.round(x.numpy()).astype(np.uint8)
            before, after = (
                np.array([_mse_bpp(a, quality, b)[0] for a, b in zip(images, crops, strict=True)])
                for images in (start, ends)
            )
            cells.append(f"{100 * np.mean(1 - after / before):.1f}")
        print(f"| {surrogate} | " + " | ".join(cells) + " |")


def rate_descent(crops: Pixels) -> None:
    """Share of pictures whose real file shrinks after one step down the rate's gradient."""
    print("\n| surrogate | " + " | ".join(f"q{q}: smaller %, mean change %" for q in (20, 50, 80)) + " |")
    print("| --- | ---: | ---: | ---: |")
    for surrogate in SURROGATES:
        rate = RateEstimator(surrogate=surrogate)
        cells = []
        for quality in (20, 50, 80):
            x, q = tf.constant(crops, tf.float32), tf.fill([len(crops)], float(quality))
            with tf.GradientTape() as tape:
                tape.watch(x)
                bits = tf.reduce_sum(rate(x, q))
            slope = tape.gradient(bits, x)
            # A step of one level root mean square.
            slope /= tf.sqrt(tf.reduce_mean(tf.square(slope), axis=[1, 2, 3], keepdims=True))
            ends = np.clip(np.round(x - slope), 0, 255).astype(np.uint8)
            change = np.array(
                [pillow(a, quality)[1] / pillow(b, quality)[1] - 1 for a, b in zip(ends, crops, strict=True)]
            )
            cells.append(f"{100 * np.mean(change < 0):.0f}, {100 * change.mean():+.1f}")
        print(f"| {surrogate} | " + " | ".join(cells) + " |")
