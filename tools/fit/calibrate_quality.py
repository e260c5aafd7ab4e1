"""Fits or checks what `quality` means with a model's tuned tables: the mean SSIMULACRA2 of plain libjpeg-turbo's files.

    python tools/fit/calibrate_quality.py fit savedmodels/balanced VALIDATION    # writes "calibration" of tables.json
    python tools/fit/calibrate_quality.py check savedmodels/balanced PICTURES    # prints differences

Files are made as `jpegpre encode` makes them, by carriers of the int8 model. Measured points are kept in the cache.
Fit on photos at the resolution that cameras give: `docs/experiments.md` says what others do.
"""

import argparse
import datetime
import hashlib
import itertools
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegpre_tf.cli.common.output.progress import Progress
from jpegpre_tf.evaluation.cache import default_cache, write_text
from jpegpre_tf.evaluation.candidates import (
    REFERENCE_ENCODER,
    make_profile_candidate,
    make_tables_candidate,
    reference,
)
from jpegpre_tf.evaluation.pictures import PictureFile, describe_picture, find_pictures
from jpegpre_tf.evaluation.points.runner import SINGLE_THREAD
from jpegpre_tf.evaluation.points.scores import Scores, measure_scores
from jpegpre_tf.evaluation.quality_calibration import Calibration, fit_calibration

METRIC = "ssimulacra2"
FITTED = (5, 7, *range(10, 100, 5), 98)
CHECKED = tuple(range(20, 91, 10))
_TABLES = "tables.json"


def list_pictures(arguments: argparse.Namespace) -> list[PictureFile]:
    found = list(find_pictures([arguments.pictures]).items())[: arguments.limit]
    return [describe_picture(name, path) for name, path in found]


def measure(model: Path, arguments: argparse.Namespace, qualities: tuple[int, ...]) -> list[Scores]:
    """Of plain files and of the model's."""
    pictures = list_pictures(arguments)
    if arguments.strength == 0:
        ours = make_tables_candidate(str(model))
    else:
        ours = make_profile_candidate(str(model), REFERENCE_ENCODER, arguments.strength, "int8", "carrier")
    with Progress("points") as progress:
        return measure_scores(
            pictures,
            [reference(), ours],
            qualities,
            METRIC,
            cache=arguments.cache,
            jobs=arguments.jobs,
            progress=progress.update,
        )


def copy_with_calibration(model: Path, calibration: Calibration | None, folder: Path) -> Path:
    """A copy of the model's folder in `folder`, with this calibration; returns it."""
    copy = folder / model.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(model, copy, ignore=shutil.ignore_patterns("*.keras", "*.onnx", "*.jsonl", "*.png"))
    content = json.loads((copy / _TABLES).read_text(encoding="utf-8"))
    content.pop("calibration", None)
    if calibration is not None:
        content["calibration"] = {"quality": calibration.quality, "at": calibration.at}
    write_tables(copy, content)
    return copy


def write_tables(model: Path, content: dict[str, Any]) -> None:
    """Writes tables.json, and its hash into model.json if that lists it."""
    text = json.dumps(content, indent=1) + "\n"
    write_text(model / _TABLES, text)
    description = json.loads((model / "model.json").read_text(encoding="utf-8"))
    if _TABLES in description["files"]:
        digest = hashlib.sha256(text.encode()).hexdigest()
        description["files"][_TABLES] |= {"sha256": digest, "size_bytes": len(text.encode())}
        write_text(model / "model.json", json.dumps(description, indent=2) + "\n")


def warn_of_falls(scores: NDArray[np.float64]) -> None:
    """A family whose score falls while its quality rises wastes bits there; the finest steps of carriers may."""
    for (low, before), (high, after) in itertools.pairwise(zip(FITTED, scores, strict=True)):
        if after < before:
            print(
                f"note: the score falls from {before:.1f} at {low} to {after:.1f} at {high}", file=sys.stderr
            )


def best_of(rounds: list[tuple[Calibration, NDArray[np.float64]]]) -> Calibration:
    """Each fitted quality by the round whose scores are nearest to plain files', ascending.

    Args:
        rounds: Calibrations, and the mean differences (fitted qualities,) of the files made with each.
    """
    first = rounds[0][0]
    nearest = dict(zip(FITTED, np.argmin([np.abs(off) for _, off in rounds], axis=0), strict=True))
    at = [rounds[nearest.get(quality, 0)][0].at[place] for place, quality in enumerate(first.quality)]
    return Calibration(first.quality, tuple(np.maximum.accumulate(at).tolist()))


def fit(arguments: argparse.Namespace) -> int:
    rounds: list[tuple[Calibration, NDArray[np.float64]]] = []
    with tempfile.TemporaryDirectory(prefix="jpegpre-") as folder:

        def means(calibration: Calibration | None) -> list[NDArray[np.float64]]:
            copy = copy_with_calibration(arguments.model, calibration, Path(folder))
            return [found.scores.mean(0) for found in measure(copy, arguments, FITTED)]

        plain, ours = means(None)
        warn_of_falls(ours)
        calibration = None
        # Rounds after the first correct what table entries that are whole numbers leave, and may overshoot it.
        for _ in range(arguments.rounds):
            calibration = fit_calibration(FITTED, plain.tolist(), ours.tolist(), start=calibration)
            plain, ours = means(calibration)
            rounds.append((calibration, ours - plain))
        calibration = best_of(rounds)
        plain, ours = means(calibration)
    off = ours - plain
    inside = {quality: abs(float(value)) for quality, value in zip(FITTED, off, strict=True) if quality <= 95}
    content = json.loads((arguments.model / _TABLES).read_text(encoding="utf-8"))
    content["calibration"] = {
        "quality": calibration.quality,
        "at": calibration.at,
        "fitted_by": "tools/fit/calibrate_quality.py",
        "data": f"{arguments.pictures.name}, {len(list_pictures(arguments))} pictures",
        "date": datetime.date.today().isoformat(),
        "residual": round(max(inside.values()), 3),  # largest difference of mean SSIMULACRA2 from 5 to 95
    }
    write_tables(arguments.model, content)
    print(
        f"largest difference from 5 to 95: {max(inside.values()):.2f} at quality {max(inside, key=inside.get)}"
    )
    return 0


def check(arguments: argparse.Namespace) -> int:
    plain, ours = measure(arguments.model, arguments, tuple(arguments.qualities))
    off = ours.scores - plain.scores
    columns = [
        arguments.qualities,
        plain.scores.mean(0),
        ours.scores.mean(0),
        off.mean(0),
        off.std(0),
        plain.rates_bpp.mean(0),
        ours.rates_bpp.mean(0),
    ]
    print("quality  plain  model  difference  deviation  plain bpp  model bpp  size")
    for quality, score, our_score, mean, deviation, rate, our_rate in zip(*columns, strict=True):
        print(
            f"{quality:7d}  {score:5.2f}  {our_score:5.2f}  {mean:+10.2f}  {deviation:9.2f}  "
            f"{rate:9.3f}  {our_rate:9.3f}  {100 * (our_rate / rate - 1):+.1f} %"
        )
    worst = max(off.mean(0), key=abs)
    print(f"largest mean difference {worst:+.2f}; allowed {arguments.allowed}")
    return 0 if abs(worst) <= arguments.allowed else 1


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["fit", "check"])
    parser.add_argument("model", type=Path, help="folder with model.json and tables.json")
    parser.add_argument("pictures", type=Path, help="folder of pictures; validation pictures to fit")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    parser.add_argument("--strength", type=float, default=1.0, help="0: the tables alone")
    parser.add_argument("--rounds", type=int, default=4, help="of fitting and measuring, at least 1")
    parser.add_argument("--qualities", type=int, nargs="+", default=CHECKED)
    parser.add_argument("--allowed", type=float, default=0.5, help="difference of mean SSIMULACRA2")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cache", type=Path, default=default_cache())
    arguments = parser.parse_args(argv)
    for name, value in SINGLE_THREAD.items():
        os.environ.setdefault(name, value)
    return fit(arguments) if arguments.what == "fit" else check(arguments)


if __name__ == "__main__":
    sys.exit(main())
