"""What all trainers share: means of what their steps measure."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.training.averages import averaged


class TrackedModel(keras.Model):
    """A model whose `train_step` and `test_step` report means over an epoch.

    Args:
        names: Of the values, in the order that `track` is given them.
    """

    def __init__(self, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trackers = [keras.metrics.Mean(name=name) for name in names]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return self.trackers

    def evaluate(self, *arguments: Any, **options: Any) -> Any:
        """As in Keras, also within `fit`, but of the averaged weights, which are what a run keeps."""
        with averaged(self):
            return super().evaluate(*arguments, **options)

    def track(self, values: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        """Takes one step's values, of any shape; returns the means so far."""
        for tracker, value in zip(self.trackers, values, strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}
