"""tools/fit/shift_tables.py: the directions, and the solution for goals that are known to be reachable."""

import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")
TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools/fit/shift_tables.py"))
list_directions, solve = TOOL["list_directions"], TOOL["solve"]


def test_directions_are_small_and_independent() -> None:
    directions = list_directions(4)
    stacked = np.array([direction.reshape(-1) for direction in directions.values()])
    assert all(direction.shape == (4, 2, 8, 8) for direction in directions.values())
    assert np.abs(stacked).max() <= 2
    assert np.linalg.matrix_rank(stacked) == len(directions)


def test_luma_directions_leave_chroma_alone() -> None:
    for name, direction in list_directions(3).items():
        other = 1 if name.startswith("luma") else 0
        assert not direction[:, other].any(), name


def test_a_reachable_goal_is_reached() -> None:
    # Metric 0 falls along the first direction, metric 1 along the second one; both curve a little.
    base = np.array([-5.0, -5.0])
    slopes, curvature = np.array([[-1.0, 0.2], [0.2, -1.0]]), 0.1
    above, below = base + slopes + curvature, base - slopes + curvature
    multiples = solve(base, above, below, np.array([-6.0, -5.2]), np.array([0.5, 0.5]))
    reached = base + multiples @ slopes + multiples**2 @ np.full((2, 2), curvature)
    assert reached[0] < -5.8
    assert reached[1] < -5.1


def test_the_worse_metric_leads() -> None:
    # One direction trades one metric for the other at par: the solution lies where both fall short by the same.
    base, slopes = np.array([-4.0, -8.0]), np.array([[-1.0, 1.0]])
    multiples = solve(base, base + slopes, base - slopes, np.array([-6.0, -6.0]), np.array([0.5, 0.5]))
    assert multiples[0] == pytest.approx(2.0, abs=0.2)
