"""Shifts a model's tables towards goals for each metric: measures how the BD-rates answer, then solves.

Trained tables stand where no metric can gain without another's loss, for the weights that they were trained with. This
finds what a little of one metric costs in another: the BD-rates of real decisions are measured with the logarithms of
the tables' factors moved along smooth directions, both ways, and modeled as a quadratic without mixed terms. The
tables whose modeled BD-rates come nearest to the goals are written, and measured. The networks see the tables that
they decide for, so they need no training in between; a short one after it helps.

    python tools/fit/shift_tables.py run/model.keras run/tables.json VALIDATION -o tables.json \
        --goal psnr_y=-4 psnr_rgb=-10.6 ssim=-5.2 ms_ssim=-10.6 psnr_hvs_m=-7.1 ssimulacra2=-22
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from jpegpre_tf.jpeg.tuned_tables import TunedTables as StoredTables
from jpegpre_tf.layers import TunedTables
from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.models.trained import load_preprocessor
from jpegpre_tf.training.data.crops import list_pictures
from jpegpre_tf.training.real_bd_rate import RealBDRate

Values = npt.NDArray[np.float64]
# Percent that count as much as one percent of the others: SSIMULACRA2 and PSNR-Y move further.
TOLERANCES = {"psnr_y": 1.0, "ssimulacra2": 1.5}
LEAST_CURVATURE = 0.03  # percent; a measured one below it is noise, and would send the solution far away


def list_directions(nodes: int) -> dict[str, Values]:
    """Directions in the space of a family's log factors.

    Args:
        nodes: Nodes of the family.

    Returns:
        Name -> (nodes, 2, 8, 8), at most about 1.
    """
    v, u = np.mgrid[:8, :8] / 7.0
    radius = np.hypot(u, v)
    first = (np.arange(64).reshape(8, 8) == 0).astype(np.float64)
    shapes = {
        "tilt": _centered(radius),
        "bow": _centered((radius - 0.7) ** 2),
        "dc": 2 * first,
        "low": ((u + v) * 7 <= 2.5) * (1 - first),
        "aspect": u - v,
    }
    luma = shapes | {"diagonal": _centered(u * v)}
    chroma = shapes | {"scale": np.ones((8, 8))}
    directions = {f"luma {name}": _placed(shape, 0, np.ones(nodes)) for name, shape in luma.items()}
    directions |= {f"chroma {name}": _placed(shape, 1, np.ones(nodes)) for name, shape in chroma.items()}
    over_quality = np.linspace(-1, 1, nodes)
    for plane, name in ((0, "tilt"), (0, "bow"), (1, "tilt"), (1, "scale")):
        label = f"{('luma', 'chroma')[plane]} {name} over quality"
        directions[label] = _placed((luma, chroma)[plane][name], plane, over_quality)
    return directions


def _centered(shape: Values) -> Values:
    """Without DC, of mean 0 over AC, at most 1."""
    shape = shape - shape.reshape(-1)[1:].mean()
    shape[0, 0] = 0
    return np.asarray(shape / np.abs(shape).max())


def _placed(shape: Values, plane: int, over_nodes: Values) -> Values:
    placed = np.zeros((len(over_nodes), 2, 8, 8))
    placed[:, plane] = over_nodes[:, None, None] * shape
    return placed


def solve(base: Values, above: Values, below: Values, goals: Values, tolerances: Values) -> Values:
    """Multiples of the directions whose modeled BD-rates come nearest to the goals, the worst metric first.

    Args:
        base: BD-rates (metrics,) of the tables as they are.
        above, below: BD-rates (directions, metrics) one step along and against each direction.
        goals, tolerances: Percent (metrics,).
    """
    slopes = (above - below) / 2
    curvatures = np.maximum((above + below) / 2 - base, LEAST_CURVATURE)

    def shortfall(multiples: Values) -> float:
        short = (base + multiples @ slopes + multiples**2 @ curvatures - goals) / tolerances
        return float(np.logaddexp.reduce(4 * short) / 4 + 0.003 * np.sum(multiples**2))

    return np.asarray(minimize(shortfall, np.zeros(len(slopes)), method="BFGS").x)


def main() -> None:
    arguments = _arguments()
    goals = {name: float(value) for name, value in (goal.split("=") for goal in arguments.goal)}
    if set(goals) != set(METRICS):
        raise SystemExit(
            f"--goal: expected each of {', '.join(METRICS)} once. Received: {', '.join(goals) or 'none'}"
        )
    model, stored = load_preprocessor(arguments.model), StoredTables.read(arguments.tables)
    stored = dataclasses.replace(stored, calibration=((), ()))  # is fitted anew for other tables
    paths = list_pictures(arguments.pictures)
    measured = RealBDRate(
        paths[:: max(1, len(paths) // arguments.count)], {}, count=arguments.count, size=arguments.size
    )
    directions = list_directions(len(stored.node_qualities))

    def shifted(shift: Values) -> StoredTables:
        return dataclasses.replace(stored, log_factors=(stored.log_factors + shift).astype(np.float32))

    def bd_rates(tables: StoredTables) -> Values:
        found = measured.measure(model, TunedTables.from_stored(tables), edits=False)
        return np.array([found[f"bd_{name}"] for name in METRICS])

    base = bd_rates(stored)
    _print_row("as they are", base)
    above: list[Values] = []
    below: list[Values] = []
    for name, direction in directions.items():
        for sign, rows in ((1, above), (-1, below)):
            rows.append(bd_rates(shifted(sign * arguments.step * direction)))
            _print_row(f"{name} {'+' if sign > 0 else '-'}", rows[-1] - base)
    multiples = solve(
        base,
        np.array(above),
        np.array(below),
        np.array([goals[name] for name in METRICS]),
        np.array([TOLERANCES.get(name, 0.5) for name in METRICS]),
    )
    tables = shifted(arguments.step * np.tensordot(multiples, np.array([*directions.values()]), 1))
    for name, multiple in zip(directions, multiples, strict=True):
        print(f"{name:28} {multiple:+.2f} steps")
    _print_row("shifted", bd_rates(tables))
    tables.write(arguments.output)
    print(arguments.output)


def _print_row(name: str, values: Values) -> None:
    print(f"{name:28}", " ".join(f"{value:+7.2f}" for value in values), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="preprocessor, .keras")
    parser.add_argument("tables", type=Path, help="its tables.json")
    parser.add_argument("pictures", type=Path, help="folder of validation pictures")
    parser.add_argument("-o", "--output", type=Path, required=True, help="tables.json of the shifted tables")
    parser.add_argument("--goal", nargs="+", default=[], metavar="METRIC=PERCENT", help="one for each metric")
    parser.add_argument("--count", type=int, default=12, help="pictures, spread over the folder")
    parser.add_argument("--size", type=int, default=384, help="pixels a side of their middle")
    parser.add_argument("--step", type=float, default=0.12, help="length of a step, in logarithms of factors")
    return parser.parse_args()


if __name__ == "__main__":
    main()
