"""Kinds of pictures that must not be hurt: makes them, evaluates profiles on each and prints means and worst pictures.

    python tools/bench/kinds.py -o KINDS --photos VAL --collection TRAIN --collection VAL --profile balanced

Made by code: text, line art, charts, lamps of pure colors, blossom before the sky, green leaves. --photos: the first
eight, at night, in gray, and as JPEG of quality 85 has left them, on its grid and off it. --collection: folders with
the photos that kinds.json names, of saturated color, green, fur, faces, night, charts, line art and screenshots.
KINDS gets the pictures, as PNG, and results.json. Ends with 1 if a picture is worse than --allowed on the headline
metric of its profile.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from kind_pictures import make_pictures
from PIL import Image

from jpegpre_tf.cli.common.output.progress import Progress
from jpegpre_tf.evaluation.cache import default_cache
from jpegpre_tf.evaluation.candidates import REFERENCE_ENCODER, make_profile_candidate
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.points.runner import SINGLE_THREAD
from jpegpre_tf.evaluation.results import CandidateResult, Results, write_results
from jpegpre_tf.evaluation.writing.profiles import WRITE_PATHS

# What a profile is for; others are judged by the metric nearest to what people see.
HEADLINES = {"fidelity": "psnr_y", "balanced": "ssimulacra2", "perceptual": "ssimulacra2"}
FEWEST = 8


def write_pictures(arguments: argparse.Namespace) -> Path:
    """Writes KINDS/pictures/<kind>/<name>.png and returns KINDS/pictures."""
    folder = arguments.output / "pictures"
    for kind, name, picture in make_pictures(arguments.photos, arguments.collection):
        if arguments.kind and kind not in arguments.kind:
            continue
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(picture)).save(folder / kind / f"{name}.png")
    return folder


def print_table(results: Results, candidate: CandidateResult, headline: str, range_name: str) -> list[float]:
    """Prints one line a kind; returns the worst picture's BD-rate of each kind on the headline metric."""
    names = [metric.name for metric in results.metrics]
    print(
        f"\n{candidate.label}, BD-rate in percent, {range_name} bpp: mean (worst); worst picture on {headline}\n"
    )
    print("| kind | pictures | " + " | ".join(m.label for m in results.metrics) + " | worst picture |")
    print("| --- | ---: | " + "---: | " * len(names) + "--- |")
    all_worst = []
    for kind in dict.fromkeys(picture.name.split("/")[0] for picture in results.pictures):
        members = [picture.name for picture in results.pictures if picture.name.startswith(f"{kind}/")]
        cells, worst_picture = [], "-"
        for name in names:
            found = {p: v for p in members if (v := candidate.percent(p, name, range_name)) is not None}
            if not found:
                cells.append("-")
                continue
            worst = max(found, key=found.__getitem__)
            cells.append(f"{np.mean(list(found.values())):+.1f} ({found[worst]:+.1f})")
            if name == headline:
                worst_picture = f"{worst.split('/')[1]} {found[worst]:+.1f}"
                all_worst.append(found[worst])
                if len(found) < min(FEWEST, len(members)):
                    worst_picture += f" (of {len(found)} that reach these rates)"
        print(f"| {kind} | {len(members)} | " + " | ".join(cells) + f" | {worst_picture} |")
    return all_worst


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--photos", type=Path, action="append", default=[])
    parser.add_argument("--collection", type=Path, action="append", default=[])
    parser.add_argument("--kind", action="append", help="only this kind; repeatable")
    parser.add_argument("--profile", action="append", help="repeatable (default: balanced)")
    parser.add_argument("--path", choices=WRITE_PATHS)
    parser.add_argument("--metrics", default="core")
    parser.add_argument("--headline", help="metric that judges (default: the profile's)")
    parser.add_argument("--range", default="0.2-1.5")
    parser.add_argument("--allowed", type=float, default=1.0, help="BD-rate of the worst picture, in percent")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cache", type=Path, default=default_cache())
    arguments = parser.parse_args(argv)
    for name, value in SINGLE_THREAD.items():
        os.environ.setdefault(name, value)
    profiles = arguments.profile or ["balanced"]
    config = EvaluationConfig(
        inputs=(write_pictures(arguments),),
        candidates=tuple(
            make_profile_candidate(p, REFERENCE_ENCODER, 1.0, None, arguments.path) for p in profiles
        ),
        metrics=tuple(arguments.metrics.split(",")),
        jobs=arguments.jobs,
        cache=arguments.cache,
    )
    with Progress("points") as progress:
        results = evaluate(config, progress.update)
    write_results(results, arguments.output)
    for failure in results.failures:
        print(f"failed: {failure.picture}: {failure.error}", file=sys.stderr)
    worst: list[float] = []
    for profile, candidate in zip(profiles, results.candidates, strict=True):
        headline = arguments.headline or HEADLINES.get(Path(profile).name, "ssimulacra2")
        worst += print_table(results, candidate, headline, arguments.range)
    print(f"\nworst of all {max(worst, default=0):+.1f}, allowed {arguments.allowed:+.1f}")
    return 1 if results.failures or max(worst, default=0) > arguments.allowed else 0


if __name__ == "__main__":
    sys.exit(main())
