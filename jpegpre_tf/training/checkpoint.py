"""Where a run's folder keeps what `--resume` goes on from."""

import json
from pathlib import Path

CHECKPOINT = "checkpoint"  # folder of Keras' BackupAndRestore
RECIPE = "recipe.json"  # in the folder of several runs, see training/recipe.py


def epochs_done(folder: Path) -> int:
    """Epochs of the run in `folder` that its checkpoint holds."""
    try:
        state = json.loads((folder / CHECKPOINT / "training_metadata.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    return int(state["epoch"])
