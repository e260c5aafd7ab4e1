"""Draws the losses of all runs that made a model, from the logs beside it.

python tools/plot/training.py savedmodels/balanced     # writes savedmodels/balanced/training.png
"""

import argparse
import json
import sys
from pathlib import Path

from matplotlib.figure import Figure

from jpegpre_tf.training.checkpoint import RECIPE
from jpegpre_tf.training.recipe import load_recipe


def log_of(folder: Path, stage: str) -> Path:
    """Where a model folder has the log of one of its recipe's runs."""
    return folder / f"log-{stage}.jsonl"


def plot(folder: Path) -> None:
    """Writes training.png into a model folder."""
    runs = [stage for stage in load_recipe(folder / RECIPE) if stage.config is not None]
    figure = Figure(figsize=(2.2 * len(runs) + 1, 3.2), layout="constrained")
    for axes, stage in zip(figure.subplots(1, len(runs), squeeze=False)[0], runs, strict=True):
        axes.set_title(
            stage.name + (f"\nfrom {stage.base}" if stage.base else "\nfrom new weights"), fontsize=8
        )
        axes.set_xlabel("steps", fontsize=8)
        axes.tick_params(labelsize=7)
        records = [
            json.loads(line) for line in log_of(folder, stage.name).read_text(encoding="utf-8").splitlines()
        ]
        steps = [stage.config.steps_per_epoch * (number + 1) for number in range(len(records))]
        axes.plot(steps, [record["loss"] for record in records], label="training", color="tab:blue")
        if "val_loss" in records[0]:
            axes.plot(steps, [record["val_loss"] for record in records], label="validation", color="tab:red")
    figure.axes[0].set_ylabel("loss, units of ln(rate)", fontsize=8)
    figure.axes[0].legend(fontsize=7)
    figure.savefig(folder / "training.png", dpi=110)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    plot(parser.parse_args(argv).folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
