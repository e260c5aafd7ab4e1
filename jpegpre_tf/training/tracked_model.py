"""What all trainers share: one function that computes a batch's loss, steps, and means of what was computed."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import keras
import tensorflow as tf

from jpegpre_tf.training.averages import averaged

Value = TypeVar("Value")


class Held(Generic[Value]):
    """Holds what a model uses and may replace after it was built; Keras locks the layers and metrics that it tracks.

    Args:
        value: Anything.
    """

    def __init__(self, value: Value) -> None:
        self.value = value


class TrackedModel(keras.Model):
    """A model with `train_step` and `test_step` over one function, `compute`, which subclasses define.

    `train_step` changes `trainable_variables`; a subclass narrows them where it holds models that it only uses.

    Args:
        names: Names of the values that `compute` returns, in the order of the log.
    """

    def __init__(self, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._trackers: Held[list[keras.metrics.Metric]] = Held([])
        self.set_names(names)

    def set_names(self, names: Sequence[str]) -> None:
        """Chooses the names of the values that are logged, in order."""
        self._trackers.value = [keras.metrics.Mean(name=name) for name in names]

    @property
    def trackers(self) -> list[keras.metrics.Metric]:
        """Means of the values, in the order of the log."""
        trackers: list[keras.metrics.Metric] = self._trackers.value
        return trackers

    def build(self, *_: Any, **__: Any) -> None:
        """Nothing depends on shapes: trainers are given models that have their weights."""

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return self.trackers

    def compute(self, data: Any, training: bool) -> tuple[tf.Tensor, Mapping[str, tf.Tensor]]:
        """The loss of one batch, a scalar, and the values to log, each of any shape, by name.

        Args:
            data: One batch, as `fit` takes it.
            training: Whether gradients are wanted.
        """
        raise NotImplementedError

    def evaluate(self, *arguments: Any, **options: Any) -> Any:
        """As in Keras, also within `fit`, but of the averaged weights, which are what a run keeps."""
        with averaged(self):
            return super().evaluate(*arguments, **options)

    def gradients(self, data: Any) -> tuple[list[tf.Tensor], Mapping[str, tf.Tensor]]:
        """Gradients of the loss for `trainable_variables`, and the values to log."""
        with tf.GradientTape() as tape:
            loss, values = self.compute(data, training=True)
            # Under mixed_float16 the optimizer scales, and takes its factor out of the gradients again.
            loss = self.optimizer.scale_loss(loss)
        return tape.gradient(loss, self.trainable_variables), values

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """One step of the optimizer."""
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        gradients, values = self.gradients(data)
        # Keras' optimizers add the replicas' gradients up; the loss of a batch is its mean.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        self.apply([gradient / replicas for gradient in gradients] if replicas > 1 else gradients)
        return self.track(values)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        return self.track(self.compute(data, training=False)[1])

    def track(self, values: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Takes one step's values; returns the means so far."""
        for tracker in self.trackers:
            tracker.update_state(values[tracker.name])
        return {tracker.name: tracker.result() for tracker in self.trackers}
