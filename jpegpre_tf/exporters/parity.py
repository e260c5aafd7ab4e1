"""Is an exported file the same model? Every file against Keras, in the runtime that users run it in."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime import Session
from jpegpre_tf.runtime.inference.backends import BACKENDS

QUALITIES = (10, 30, 50, 75, 90)
SIZES = ((256, 256), (112, 208), (48, 16))  # pixels
# Levels, against Keras. int8 is held to its BD-rate instead; these only catch what is broken.
BOUNDS = {
    "fp32": {"max_levels": 1.0, "mean_levels": 0.01},
    "fp16": {"mean_levels": 0.1},
    "int8": {"mean_levels": 0.5},
}
# Share of samples of two int8 files that may differ by more than a level.
INT8_BOUND = 0.001
_TIMED_SIZE = (1024, 1024)  # pixels: 1.05 megapixels
_TIMED_RUNS = 5

Picture = npt.NDArray[np.uint8]


def crops_of(pictures: Sequence[Picture]) -> list[Picture]:
    """One crop of each of `SIZES` of every picture, pictures repeated where they are smaller."""
    crops = []
    for picture in pictures:
        for height, width in SIZES:
            top, left = max(0, picture.shape[0] - height) // 2, max(0, picture.shape[1] - width) // 2
            crop = picture[top : top + height, left : left + width]
            padding = ((0, height - crop.shape[0]), (0, width - crop.shape[1]), (0, 0))
            crops.append(np.pad(crop, padding, mode="symmetric"))
    return crops


def keras_results(preprocessor: Any, crops: Sequence[Picture]) -> list[Picture]:
    """What Keras gives for every crop at every one of `QUALITIES`, at strength 1."""
    results = []
    one = tf.ones((1, 1, 1, 1))
    run = tf.function(preprocessor, reduce_retracing=True)
    for crop in crops:
        for quality in QUALITIES:
            edited = run(tf.constant(crop[np.newaxis], tf.float32), quality * one, one)
            results.append(np.asarray(edited)[0].astype(np.uint8))
    return results


def file_results(content: bytes, file_format: str, crops: Sequence[Picture]) -> list[Picture]:
    """What an exported file gives for the same, through the runtime of its format."""
    session = _session(content, file_format)
    return [session(crop, quality) for crop in crops for quality in QUALITIES]


def difference(results: Sequence[Picture], expected: Sequence[Picture]) -> dict[str, float]:
    """Largest and mean absolute difference in levels, and PSNR between the two."""
    flat = [
        np.concatenate([picture.ravel() for picture in pictures]).astype(np.int16)
        for pictures in (results, expected)
    ]
    error = np.abs(flat[0] - flat[1])
    squared = float(np.mean(np.square(error.astype(np.float64))))
    psnr_db = round(float(10 * np.log10(255**2 / squared)), 1) if squared else None
    return {
        "max_levels": float(error.max()),
        "mean_levels": float(f"{error.mean():.2g}"),
        "over_one_level": float(f"{(error > 1).mean():.2g}"),
        **({"psnr_db": psnr_db} if psnr_db is not None else {}),
    }


def check(name: str, precision: str, measured: dict[str, float]) -> None:
    """Raises ModelError if a file differs from Keras by more than its precision may."""
    for key, bound in BOUNDS[precision].items():
        if measured[key] > bound:
            raise ModelError(f"{name}: {key} against Keras is {measured[key]}, expected at most {bound}")


def check_int8_pair(measured: dict[str, float]) -> None:
    """Raises ModelError if two int8 files are not the same model."""
    if measured["over_one_level"] > INT8_BOUND:
        raise ModelError(
            f"int8 files: {measured['over_one_level']:.2%} of samples differ by more than a level between TFLite and "
            f"ONNX, expected at most {INT8_BOUND:.1%}"
        )


def cpu_ms_per_megapixel(content: bytes, file_format: str) -> float:
    """Processor time of one thread per megapixel, the least of several runs; conversion of levels included.

    Processor time and not the clock's: others may use the machine.
    """
    session = _session(content, file_format)
    picture = np.random.default_rng(0).integers(0, 256, (*_TIMED_SIZE, 3), np.uint8)
    seconds = []
    for _ in range(_TIMED_RUNS):
        started = time.process_time()
        session(picture, 75)
        seconds.append(time.process_time() - started)
    return round(min(seconds) * 1e9 / (_TIMED_SIZE[0] * _TIMED_SIZE[1]), 1)


def _session(content: bytes, file_format: str) -> Session:
    backend = next(name for name, runs in BACKENDS.items() if runs == file_format)
    return Session(content, alignment=16, overlap=16, threads=1, backend=backend)
