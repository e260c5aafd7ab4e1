"""What int8 costs: BD-rate of the int8 file in points against fp32's, by edit and by carrier.

    python tools/bench/int8_bd_rate.py PICTURES [--profile balanced ...] [--limit 6] [--jobs 1]

Prints a table for docs/export.md: one row for each profile, path and range of rates, one column for each metric. Points
are measured once and kept in the evaluation's cache. Exits with 1 where a difference is larger than `MOST_POINTS`.
"""

import argparse
import sys
from pathlib import Path

from jpegpre_tf.evaluation.candidates import REFERENCE_ENCODER, make_profile_candidate
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.writing.profiles import WritePath

PROFILES = ("balanced", "fidelity", "perceptual")
PATHS: tuple[WritePath, ...] = ("carrier", "edit")
PRECISIONS = ("fp32", "int8")
MOST_POINTS = 0.3

Rates = dict[str, dict[str, float]]  # range -> metric -> percent


def measure(
    inputs: tuple[Path, ...], profiles: list[str], paths: list[WritePath], limit: int, jobs: int
) -> dict[tuple[str, str], Rates]:
    """(profile, path) -> points of BD-rate that int8 is above fp32."""
    keys = [(profile, path, precision) for profile in profiles for path in paths for precision in PRECISIONS]
    candidates = tuple(
        make_profile_candidate(profile, REFERENCE_ENCODER, 1.0, precision, path)
        for profile, path, precision in keys
    )
    results = evaluate(EvaluationConfig(inputs=inputs, candidates=candidates, limit=limit, jobs=jobs))
    if results.failures:
        # Means over other pictures cannot be compared.
        raise SystemExit("\n".join(f"{f.picture}, {f.candidate}: {f.error}" for f in results.failures))
    print(f"{len(results.pictures)} pictures", file=sys.stderr)
    rates = dict(zip(keys, (candidate.bd_rate for candidate in results.candidates), strict=True))
    found: dict[tuple[str, str], Rates] = {}
    for profile, path, precision in keys:
        if precision == "fp32":
            continue
        points = found.setdefault((profile, path), {})
        for metric, ranges in rates[profile, path, precision].items():
            for limits, summary in ranges.items():
                other = rates[profile, path, "fp32"][metric][limits]
                if summary is not None and other is not None:
                    points.setdefault(limits, {})[metric] = summary.mean - other.mean
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", nargs="+", type=Path)
    parser.add_argument("--profile", action="append", help="name or folder, repeatable; default: all three")
    parser.add_argument("--path", action="append", choices=PATHS, help="repeatable; default: both")
    parser.add_argument("--limit", type=int, default=6, help="the first so many pictures")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args(argv)
    profiles = arguments.profile or list(PROFILES)
    paths = arguments.path or list(PATHS)
    found = measure(tuple(arguments.inputs), profiles, paths, arguments.limit, arguments.jobs)
    metrics = list(next(iter(next(iter(found.values())).values())))
    print("| profile, path | bpp | " + " | ".join(metrics) + " |")
    print("| --- | --- |" + " ---: |" * len(metrics))
    largest = 0.0
    for (profile, path), ranges in found.items():
        for limits, points in ranges.items():
            cells = " | ".join(f"{points[metric]:+.2f}" if metric in points else "-" for metric in metrics)
            print(f"| {Path(profile).name}, {path} | {limits} | {cells} |")
            largest = max(largest, *map(abs, points.values()))
    print(f"\nlargest difference: {largest:.2f} points, at most {MOST_POINTS}")
    return int(largest > MOST_POINTS)


if __name__ == "__main__":
    sys.exit(main())
