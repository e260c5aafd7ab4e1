"""What tables of its own would save on each picture: the family of all pictures, moved for one picture alone.

    python tools/bench/picture_tables.py VALIDATION --profile balanced --limit 10

For each picture, its BD-rates are measured with the logarithms of the tables' factors moved along the directions of
`tools/fit/shift_tables.py`, both ways; each direction is followed to the least weighed mean of a quadratic through its
three points, all together by a part of that, and what that saves is measured. The picture's own files choose, so this
is more than any prediction from its pixels could save.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpegpre_tf import runtime
from jpegpre_tf.jpeg.tuned_tables import TunedTables as StoredTables
from jpegpre_tf.layers import TunedTables
from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.models.trained import load_preprocessor
from jpegpre_tf.training.data.crops import list_pictures
from jpegpre_tf.training.real_bd_rate import RealBDRate

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.fit.shift_tables import LEAST_CURVATURE, list_directions

Values = npt.NDArray[np.float64]
# What a percent of each metric counts: SSIMULACRA2 moves further than the others.
_WEIGHTS = {"ssimulacra2": 0.5}
_STEP = 0.15  # in logarithms of factors
_MOST_STEPS = 3.0
_PARTS = (0.3, 0.6, 1.0)  # directions were measured one by one: all of them together go too far


def find_steps(base: Values, above: Values, below: Values, weights: Values) -> Values:
    """Steps along each direction to the least weighed mean, (directions,), within three.

    Args:
        base: BD-rates (metrics,) of the tables as they are.
        above, below: BD-rates (directions, metrics) one step along and against each direction.
        weights: (metrics,).
    """
    slopes = (above - below) @ weights / 2
    curvatures = np.maximum((above + below) / 2 - base, LEAST_CURVATURE) @ weights
    return np.clip(-slopes / (2 * curvatures), -_MOST_STEPS, _MOST_STEPS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, help="folder of validation pictures")
    parser.add_argument(
        "--profile", default="balanced", help="model whose network decides (default: %(default)s)"
    )
    parser.add_argument("--limit", type=int, default=10, help="pictures, spread over the folder")
    parser.add_argument("--size", type=int, default=320, help="pixels a side of their middle")
    arguments = parser.parse_args()

    folder = runtime.find_model(arguments.profile).path
    model, stored = load_preprocessor(folder / "model.keras"), StoredTables.read(folder / "tables.json")
    stored = dataclasses.replace(stored, calibration=((), ()))
    directions = np.array([*list_directions(len(stored.node_qualities)).values()])
    weights = np.array([_WEIGHTS.get(name, 1.0) for name in METRICS])
    weights /= weights.sum()
    paths = list_pictures(arguments.pictures)

    print("what each metric's BD-rate changes by, in points:", *METRICS, "| weighed mean")
    best = []
    for path in paths[:: max(1, len(paths) // arguments.limit)][: arguments.limit]:
        measured = RealBDRate([path], {}, count=1, size=arguments.size)

        def bd_rates(steps: Values, measured: RealBDRate = measured) -> Values:
            factors = stored.log_factors + _STEP * np.tensordot(steps, directions, 1)
            shifted = dataclasses.replace(stored, log_factors=factors.astype(np.float32))
            found = measured.measure(model, TunedTables.from_stored(shifted), edits=False)
            return np.array([found.get(f"bd_{name}", np.nan) for name in METRICS])

        units = np.eye(len(directions))
        base = bd_rates(np.zeros(len(directions)))
        steps = find_steps(
            base, np.array([*map(bd_rates, units)]), np.array([*map(bd_rates, -units)]), weights
        )
        changes = [bd_rates(part * steps) - base for part in _PARTS]
        best.append(min(changes, key=lambda change: float(change @ weights)))
        print(
            f"{path.name:40}",
            *(f"{value:+5.1f}" for value in best[-1]),
            f"| {best[-1] @ weights:+.2f}",
            flush=True,
        )
    means = np.mean(best, axis=0)
    print(f"{'mean':40}", *(f"{value:+5.1f}" for value in means), f"| {means @ weights:+.2f}")


if __name__ == "__main__":
    main()
