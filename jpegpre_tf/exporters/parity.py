"""Is an exported file the same model? Every file against Keras, in the runtime that users run it in."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters.signatures import DECIDE, EDIT
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.runtime import Session
from jpegpre_tf.runtime.cards.parity import Parity
from jpegpre_tf.runtime.inference.runners.backends import BACKENDS

QUALITIES = (10, 30, 50, 75, 90)
_TABLES = [np.stack(quantization_tables(quality)) for quality in QUALITIES]
SIZES = ((256, 256), (112, 208), (48, 16))  # pixels
# Levels, against Keras. int8 is held to its BD-rate instead; these only catch what is broken.
BOUNDS = {
    "fp32": {"max_levels": 1.0, "mean_levels": 0.01},
    "fp16": {"mean_levels": 0.1},
    "int8": {"mean_levels": 0.5},
}
# What to do where a file is not the model.
_ADVICE = {
    "fp32": "the conversion is at fault and not the model: report it with the versions of its packages",
    "fp16": "its numbers leave float16's range: leave it out (--precision fp32,int8)",
    "int8": "calibrate with more pictures like yours (--pictures), or train for int8 (--qat-steps 200)",
}
# Share of samples of two int8 files that may differ by more than a level.
INT8_BOUND = 0.001
_TIMED_SIZE = (1024, 1024)  # pixels: 1.05 megapixels
_TIMED_RUNS = 5

Array = npt.NDArray[Any]


def crops_of(pictures: Sequence[Array]) -> list[Array]:
    """One crop of each of `SIZES` of every picture, pictures repeated where they are smaller."""
    crops = []
    for picture in pictures:
        for height, width in SIZES:
            top, left = max(0, picture.shape[0] - height) // 2, max(0, picture.shape[1] - width) // 2
            crop = picture[top : top + height, left : left + width]
            padding = ((0, height - crop.shape[0]), (0, width - crop.shape[1]), (0, 0))
            crops.append(np.pad(crop, padding, mode="symmetric"))
    return crops


def keras_results(preprocessor: Preprocessor, crops: Sequence[Array]) -> list[Array]:
    """What Keras gives for every crop with libjpeg's tables of every one of `QUALITIES`, at strength 1.

    Raises:
        ModelError: If it is not finite.
    """
    results = []
    run = tf.function(preprocessor, reduce_retracing=True)
    for crop in crops:
        image = tf.constant(crop[np.newaxis], tf.float32)
        for quality, tables in zip(QUALITIES, _TABLES, strict=True):
            edited = np.asarray(run(image, tables))[0]
            if not np.all(np.isfinite(edited)):
                raise ModelError(
                    f"the model gives NaN or infinity at quality {quality}: expected one that was trained to the end"
                )
            results.append(edited.astype(np.uint8))
    return results


def keras_decisions(preprocessor: Preprocessor, crops: Sequence[Array]) -> list[Array]:
    """The quantized coefficients that Keras decides for, for the same; one plane after another, flat."""
    results = []
    run = tf.function(preprocessor.decide, reduce_retracing=True)
    for crop in crops:
        image = tf.constant(crop[np.newaxis], tf.float32)
        for tables in _TABLES:
            planes = run(image, tables).quantized
            results.append(np.concatenate([np.asarray(plane).ravel() for plane in planes]).astype(np.int16))
    return results


def open_session(files: Mapping[str, bytes], file_format: str, name: str = "") -> Session:
    """Opens a precision's files, by signature, in the runtime of their format, on one thread.

    Args:
        name: What errors call the files.
    """
    backend = next(name for name, runs in BACKENDS.items() if runs == file_format)
    content = files.get(EDIT) or next(iter(files.values()))
    return Session(
        content,
        alignment=16,
        overlap=16,
        threads=1,
        backend=backend,
        decide=files.get(DECIDE),
        name=name,
    )


def file_results(session: Session, crops: Sequence[Array]) -> list[Array]:
    """What exported files give for `keras_results`' inputs."""
    return [session(crop, quality) for crop in crops for quality in QUALITIES]


def file_decisions(session: Session, crops: Sequence[Array]) -> list[Array]:
    """What exported files give for `keras_decisions`' inputs."""
    return [
        np.concatenate([plane.ravel() for plane in session.decide(crop, tables).planes])
        for crop in crops
        for tables in _TABLES
    ]


def decisions_difference(results: Sequence[Array], expected: Sequence[Array]) -> float:
    """Share of quantized coefficients that differ."""
    differ = sum(int(np.count_nonzero(a != b)) for a, b in zip(results, expected, strict=True))
    return float(f"{differ / sum(map(len, expected)):.2g}")


def difference(results: Sequence[Array], expected: Sequence[Array]) -> Parity:
    """Largest and mean absolute difference in levels, and PSNR between the two."""
    flat = [
        np.concatenate([picture.ravel() for picture in pictures]).astype(np.int16)
        for pictures in (results, expected)
    ]
    error = np.abs(flat[0] - flat[1])
    squared = float(np.mean(np.square(error.astype(np.float64))))
    psnr_db = round(float(10 * np.log10(255**2 / squared)), 1) if squared else None
    return Parity(
        max_levels=float(error.max()),
        mean_levels=float(f"{error.mean():.2g}"),
        over_one_level=float(f"{(error > 1).mean():.2g}"),
        psnr_db=psnr_db,
    )


def check(name: str, precision: str, measured: Parity) -> None:
    """Raises ModelError if a file differs from Keras by more than its precision may."""
    for key, bound in BOUNDS[precision].items():
        value = getattr(measured, key)
        if value > bound:
            raise ModelError(
                f"{name}: {key} against Keras is {value}, expected at most {bound}; {_ADVICE[precision]}"
            )


def check_int8_pair(measured: Parity) -> None:
    """Raises ModelError if two int8 files are not the same model."""
    share = measured.over_one_level or 0.0
    if share > INT8_BOUND:
        raise ModelError(
            f"int8 files: {share:.2%} of samples differ by more than a level between TFLite and "
            f"ONNX, expected at most {INT8_BOUND:.1%}; export one format alone (--to), and report it with the versions "
            "of its packages"
        )


def cpu_ms_per_megapixel(session: Session) -> float:
    """Processor time of one thread per megapixel, the least of several runs; conversion of samples included.

    Processor time and not the clock's: others may use the machine.
    """
    picture = np.random.default_rng(0).integers(0, 256, (*_TIMED_SIZE, 3), np.uint8)
    seconds = []
    for _ in range(_TIMED_RUNS):
        started = time.process_time()
        session(picture, 75)
        seconds.append(time.process_time() - started)
    return round(min(seconds) * 1e9 / (_TIMED_SIZE[0] * _TIMED_SIZE[1]), 1)
