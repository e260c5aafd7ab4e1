"""Where a run's folder keeps what `--resume` goes on from; without TensorFlow."""

import json
from pathlib import Path

from jpegpre_tf.errors import ModelError, first_line

CHECKPOINT = "checkpoint"  # folder of Keras' BackupAndRestore
CONFIG = "config.json"
RECIPE = "recipe.json"  # in the folder of several runs, see training/recipe.py


def epochs_done(folder: Path) -> int:
    """Epochs of the run in `folder` that its checkpoint holds.

    Raises:
        ModelError: If the checkpoint does not tell.
    """
    path = folder / CHECKPOINT / "training_metadata.json"
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["epoch"])
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: expected the state of a run, cannot read it ({first_line(error)})"
        ) from error
