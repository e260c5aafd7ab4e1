"""What happens between epochs and steps of a run: the model is kept, and a run that has gone wrong is stopped."""

import datetime
import json
import math
from pathlib import Path

import keras
import numpy as np

from jpegpre_tf.errors import ModelError
from jpegpre_tf.storage.atomic import replace_atomically
from jpegpre_tf.training.averages import averaged

MODEL, BEST_MODEL = "model.keras", "best.keras"
TABLES, BEST_TABLES = "tables.json", "best-tables.json"


class KeepModel(keras.callbacks.Callback):
    """Appends one JSON line per epoch to log.jsonl and keeps the current and the best model and tables.

    Args:
        folder: Folder of the run.
        monitor: Name of the logged value, lower is better, that decides what the best model is; epochs without it are
            never the best.
        data: What the pictures are, for tables.json.
    """

    def __init__(self, folder: Path, monitor: str = "val_loss", data: str = "") -> None:
        super().__init__()
        self.folder = folder
        self.monitor = monitor
        self.data = data

    def _best_so_far(self) -> float:
        try:
            lines = (self.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return math.inf
        return min((json.loads(line).get(self.monitor, math.inf) for line in lines), default=math.inf)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        record = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        is_best = record.get(self.monitor, math.inf) < self._best_so_far()
        with averaged(self.model):
            self.keep(MODEL, TABLES)
            if is_best:
                self.keep(BEST_MODEL, BEST_TABLES)
        # Last: a line says that the epoch's model is there.
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")

    def keep(self, model_name: str, tables_name: str) -> None:
        """Writes the present model and tables under these names in the folder."""
        if self.model.preprocessor is not None:
            with replace_atomically(self.folder / model_name) as partial:
                self.model.preprocessor.save(partial)
        if self.model.tuned_tables is not None:
            stored = self.model.tuned_tables.to_stored(
                fitted_by="jpegpre train", data=self.data, date=str(datetime.date.today())
            )
            stored.limit_fine_steps().write(self.folder / tables_name)


class StopIfNotFinite(keras.callbacks.Callback):
    """Ends a run whose loss or tables have become infinite or NaN: the last epoch's model stays.

    Args:
        folder: Folder of the run, for the message.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        tables = getattr(self.model, "tuned_tables", None)
        # The next step would refuse such tables before there is a loss.
        if tables is not None and not np.isfinite(tables.log_factors).all():
            loss = math.nan
        check_finite(loss, self.folder, self._epoch, batch)


def check_finite(loss: float, folder: Path, epoch: int, batch: int) -> None:
    """Raises ModelError unless the loss is finite.

    Args:
        loss: Mean over the epoch so far.
        folder: Folder of the run.
        epoch, batch: Where the run is, from 0.
    """
    if math.isfinite(loss):
        return
    kept = [name for name in (MODEL, TABLES) if (folder / name).exists()]
    what = f"{' and '.join(kept)} of the last whole epoch kept" if kept else "no model kept yet"
    raise ModelError(
        f"{folder}: training stopped, expected a finite loss, received {loss} in epoch {epoch + 1}, "
        f"step {batch + 1}; {what}"
    )
