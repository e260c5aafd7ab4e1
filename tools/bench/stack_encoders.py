"""The models before other encoders: BD-rate of the pair against that encoder alone.

python tools/bench/stack_encoders.py PICTURES --limit 8 --profile balanced --encoder mozjpeg --encoder jpegli
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from jpegpre_tf.evaluation.bd_rate import RANGES, bd_rate
from jpegpre_tf.evaluation.cache import default_cache
from jpegpre_tf.evaluation.candidates import make_encoder_candidate, make_profile_candidate
from jpegpre_tf.evaluation.evaluate import EvaluationConfig, evaluate
from jpegpre_tf.evaluation.results import CandidateResult


def _curve(result: CandidateResult, picture: str, metric: str) -> tuple[list[float], list[float]]:
    points = result.pictures[picture].points
    found = [(point.rate_bpp, value) for point in points if (value := point.metrics[metric]) is not None]
    return [rate for rate, _ in found], [value for _, value in found]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--profile", action="append", required=True)
    parser.add_argument("--encoder", action="append", required=True)
    parser.add_argument("--path", choices=["edit", "edit-standard"], default="edit")
    parser.add_argument("--cache", type=Path, default=default_cache())
    arguments = parser.parse_args(argv)
    result: dict[str, dict[str, float]] = {}
    for encoder in arguments.encoder:
        alone = make_encoder_candidate(encoder)
        pairs = [
            make_profile_candidate(name, encoder, 1.0, None, arguments.path) for name in arguments.profile
        ]
        config = EvaluationConfig(
            inputs=(arguments.folder,),
            candidates=(alone, *pairs),
            limit=arguments.limit,
            cache=arguments.cache,
        )
        found = evaluate(config)
        base, *others = found.candidates
        for name, other in zip(arguments.profile, others, strict=True):
            row = {}
            for metric in (entry.name for entry in found.metrics):
                percents = [
                    bd_rate(
                        _curve(base, picture, metric),
                        _curve(other, picture, metric),
                        RANGES[0],
                    ).percent
                    for picture in base.pictures
                ]
                row[metric] = round(float(np.mean([p for p in percents if p is not None])), 2)
            result[f"{name} before {encoder}"] = row
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
