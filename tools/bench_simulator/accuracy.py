"""Samples and bytes that differ from Pillow's."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from jpegpre_tf import jpeg
from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.quantization import quantization_tables
from tools.bench_simulator.common import QUALITIES, SUBSAMPLINGS, decode, encode, pictures, print_table

_QUALITIES = (1, *QUALITIES, 100)


def _run(images: tf.Tensor, quality: tf.Tensor, subsampling: str) -> tuple[tf.Tensor, ...]:
    tables = quantization_tables(quality)
    sizes = [
        tf.add_n(list(pipeline.encoded_size(images, tables, huffman, subsampling, "identity"))) / 8.0
        for huffman in ("optimized", "standard")
    ]
    return pipeline.simulate(images, tables, subsampling, "identity"), *sizes


def accuracy(folder: str, limit: int) -> None:
    """Whole pictures at 12 qualities and the two extremes, without and with XLA, and the NumPy reference."""
    functions = {
        "graph": tf.function(_run, reduce_retracing=False),
        "XLA": tf.function(_run, jit_compile=True),
    }

    def rows() -> Iterator[tuple[object, ...]]:
        for subsampling in SUBSAMPLINGS:
            samples, sample_errors, byte_errors, files = 0, [0, 0, 0], [0, 0, 0], 0
            for picture in pictures(folder, limit):
                pixels = np.asarray(picture)
                # A quality at a time: one graph per size, and little memory.
                for quality in _QUALITIES:
                    contents = [encode(pixels, quality, subsampling, optimize) for optimize in (True, False)]
                    real = decode(contents[0])
                    coefficients = jpeg.encode_coefficients(pixels, quality, subsampling)
                    ours = [(jpeg.decode(coefficients), jpeg.file_size(coefficients))]
                    ours[0] += (jpeg.file_size(coefficients, "standard"),)
                    batch = tf.constant(pixels[None], tf.float32), tf.constant([float(quality)])
                    for function in functions.values():
                        decoded, *sizes = function(*batch, subsampling)
                        ours.append((decoded[0].numpy(), *(int(size[0]) for size in sizes)))
                    samples += real.size
                    files += 2
                    for index, (decoded, *sizes) in enumerate(ours):
                        sample_errors[index] += int((decoded != real).sum())
                        byte_errors[index] += sum(
                            abs(size - len(content)) for size, content in zip(sizes, contents, strict=True)
                        )
            for name, wrong, off in zip(("NumPy", *functions), sample_errors, byte_errors, strict=True):
                yield subsampling, name, f"{samples:,}", f"{wrong:,}", f"{files:,}", off

    header = ("subsampling", "code", "samples", "samples that differ", "files", "bytes that differ")
    title = f"Accuracy: {limit} pictures at most, qualities {_QUALITIES}, both Huffman modes"
    print_table(title, header, rows())


def sizes(folder: str, limit: int, count: int = 500) -> None:
    """Parts of 1..70 pixels a side, noise, black and white, one colour; any quality, one dynamic graph."""
    random = np.random.default_rng(0)
    signature = [tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None])]
    functions = {
        subsampling: tf.function(lambda i, q, s=subsampling: _run(i, q, s), signature)
        for subsampling in SUBSAMPLINGS
    }
    sources = [np.asarray(picture) for picture in pictures(folder, limit)]
    samples = wrong = off = 0
    for index in range(count):
        height, width = random.integers(1, 71, 2)
        kind = index % 5
        if kind < 2:
            source = sources[index % len(sources)]
            top, left = (random.integers(0, side - 71) for side in source.shape[:2])
            pixels = source[top : top + height, left : left + width]
        elif kind == 2:
            pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        elif kind == 3:
            pixels = random.integers(0, 2, (height, width, 3), np.uint8) * np.uint8(255)
        else:
            pixels = np.broadcast_to(random.integers(0, 256, 3, np.uint8), (height, width, 3))
        quality, subsampling = int(random.integers(1, 101)), SUBSAMPLINGS[random.integers(3)]
        pixels = np.ascontiguousarray(pixels)
        decoded, *predicted = functions[subsampling](
            tf.constant(pixels[None], tf.float32), tf.constant([float(quality)])
        )
        for size, optimize in zip(predicted, (True, False), strict=True):
            content = encode(pixels, quality, subsampling, optimize)
            off += abs(int(size[0]) - len(content))
        samples += pixels.size
        wrong += int((decoded[0].numpy() != decode(content)).sum())
    print_table(
        f"Accuracy: {count} random sizes of 1..70 pixels a side, random quality and subsampling",
        ("samples", "samples that differ", "bytes that differ"),
        [(f"{samples:,}", wrong, off)],
    )
