"""CPU time against Pillow in the same run, and peak memory."""

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

import jpegpre_tf
from tools.bench_simulator.common import crops, decode, encode, print_table
from tools.bench_simulator.shortcuts import SIMULATORS

_BATCH, _SIZE, _QUALITY, _ROUNDS = 16, 256, 50, 12


def _forward_backward(layer: Callable[..., tf.Tensor], images: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(images)
        result = layer(images, quality)
        loss = tf.reduce_sum(tf.square(result))
    return tape.gradient(loss, images)


def speed(folder: str, limit: int) -> None:
    """Best CPU time of several rounds, interleaved with Pillow's encode and decode of the same patches."""
    pixels = np.resize(crops(folder, limit, _SIZE), (_BATCH, _SIZE, _SIZE, 3))
    images, quality = tf.constant(pixels, tf.float32), tf.fill([_BATCH], float(_QUALITY))
    work: dict[str, Callable[[], object]] = {
        "Pillow, encode and decode": lambda: [decode(encode(p, _QUALITY, optimize=False)) for p in pixels],
        "Pillow, optimize=True": lambda: [decode(encode(p, _QUALITY)) for p in pixels],
    }
    for jit in (False, True):
        layers = {
            "JPEGSimulator": jpegpre_tf.JPEGSimulator(jit_compile=jit),
            "RateEstimator": jpegpre_tf.RateEstimator(jit_compile=jit),
        }
        for name, layer in layers.items():
            label = f"{name}, jit_compile={jit}"
            forward = tf.function(layer)
            both = tf.function(lambda i, q, f=layer: _forward_backward(f, i, q))
            work[f"{label}: forward"] = lambda f=forward: f(images, quality)
            work[f"{label}: forward and backward"] = lambda f=both: f(images, quality)
    tables = jpegpre_tf.ops.quantization.quantization_tables(quality)
    all_float = tf.function(SIMULATORS["all float"], jit_compile=True)
    work["all float (inexact), jit: forward"] = lambda: all_float(images, tables)
    for run in work.values():  # trace and compile
        run()
    best = dict.fromkeys(work, np.inf)
    for _ in range(_ROUNDS):
        for name, run in work.items():
            started = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - started)
    pillow = best["Pillow, encode and decode"]
    print_table(
        f"Speed: {_BATCH} x {_SIZE}x{_SIZE}, quality {_QUALITY}, CPU time, best of {_ROUNDS}",
        ("what", "ms", "times Pillow"),
        [(name, f"{1e3 * t:.1f}", f"{t / pillow:.1f}") for name, t in best.items()],
    )


_MEMORY = """
import resource, sys
import numpy as np, tensorflow as tf, jpegpre_tf
from tools.bench_simulator.common import crops
batch, size, jit = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "True"
pixels = np.resize(crops(sys.argv[1], 4, 256), (batch, size, size, 3))
images, quality = tf.constant(pixels, tf.float32), tf.fill([batch], 50.0)
simulator, rate = jpegpre_tf.JPEGSimulator(jit_compile=jit), jpegpre_tf.RateEstimator(jit_compile=jit)
@tf.function
def step(images, quality):
    with tf.GradientTape() as tape:
        tape.watch(images)
        error = tf.reduce_mean(tf.square(simulator(images, quality) - images))
        loss = error + tf.reduce_mean(rate(images, quality))
    return tape.gradient(loss, images)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(3):
    step(images, quality)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory(folder: str, limit: int) -> None:
    """Peak resident memory of simulator and rate, forward and backward, each in a process of its own."""
    rows = []
    for batch, size in ((16, 256), (16, 512)):
        for jit in (False, True):
            command = [sys.executable, "-c", _MEMORY, folder, str(batch), str(size), str(jit)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            before, peak = (int(word) * 1024 / 1e9 for word in done.stdout.split()[-2:])
            rows.append((f"{batch} x {size}x{size}", jit, f"{before:.2f}", f"{peak:.2f}"))
    header = ("batch", "jit_compile", "GB before (TensorFlow, pictures)", "GB at the peak")
    print_table("Memory: simulator and rate, forward and backward", header, rows)
