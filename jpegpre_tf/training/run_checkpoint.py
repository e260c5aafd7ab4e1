"""The checkpoint that a run writes after every epoch, and goes on from."""

from collections.abc import Callable
from pathlib import Path

import keras

from jpegpre_tf.errors import ModelError, first_line
from jpegpre_tf.training.checkpoint import CHECKPOINT


class RunCheckpoint(keras.callbacks.BackupAndRestore):
    """Keras' checkpoint after every epoch, in a run's folder; the run's configuration is written once it fits.

    The checkpoint before it is kept too: the last one may be half-written when a run is stopped.

    Args:
        folder: Folder of the run.
        write_config: Writes the configuration; called when the checkpoint, if there is one, has been restored.
    """

    def __init__(self, folder: Path, write_config: Callable[[], None]) -> None:
        super().__init__(str(folder / CHECKPOINT), delete_checkpoint=False, double_checkpoint=True)
        self.folder = folder
        self.write_config = write_config

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        try:
            super().on_train_begin(logs)
        except Exception as error:  # whatever Keras' readers raise of other weights and of broken files
            raise ModelError(
                f"{self.folder / CHECKPOINT}: expected a checkpoint of the configured model, cannot restore it "
                f"({first_line(error)})"
            ) from error
        self.write_config()
