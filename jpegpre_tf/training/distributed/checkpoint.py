"""What each of several workers keeps of a run."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.storage.atomic import write_atomically


class WorkerCheckpoint:
    """The state that one worker keeps in its run folder after every epoch.

    Args:
        folder: Folder of the run; may be shared between workers, or be each worker's own.
        worker: Which one.
    """

    def __init__(self, folder: Path, worker: int) -> None:
        self._path = folder / f"worker-{worker}.npz"

    def save(self, epoch: int, state: Sequence[np.ndarray[Any, Any]]) -> None:
        """Keeps the state after `epoch` epochs, instead of the one before."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = io.BytesIO()
        arrays: dict[str, Any] = {f"v{number:04}": array for number, array in enumerate(state)}
        np.savez(file, epoch=np.array(epoch), **arrays)
        write_atomically(self._path, file.getvalue())

    def load(self) -> tuple[int, list[np.ndarray[Any, Any]]]:
        """Returns (epochs done, state), (0, []) if nothing was kept."""
        if not self._path.exists():
            return 0, []
        try:
            with np.load(self._path) as file:
                return int(file["epoch"]), [file[name] for name in sorted(file.files) if name != "epoch"]
        except (OSError, ValueError, KeyError) as error:
            raise JpegpreError(f"{self._path}: expected a checkpoint of this program ({error})") from error
