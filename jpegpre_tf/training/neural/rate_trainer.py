"""Training of `NeuralRateEstimator` on the sizes of real files."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.models.neural_rate_estimator import NeuralRateEstimator
from jpegpre_tf.ops.blocks import coefficients_of
from jpegpre_tf.training.tracked_model import TrackedModel

# Errors below this, as a share of the size, count squared, above it linearly.
_SMALL = 0.003
_CHANGE_WEIGHT = 2.0


def _percent(error: tf.Tensor) -> tf.Tensor:
    """Mean absolute `error` (a share) in percent, smooth at 0."""
    return 100.0 * tf.reduce_mean(tf.sqrt(tf.square(error) + _SMALL**2) - _SMALL)


class RateTrainer(TrackedModel):
    """Trains the bit counts of a `NeuralRateEstimator`; its decisions were trained by `SimulatorTrainer` before.

    The loss is the error of log size, plus that of the *change* in log size between a picture and its edit: what a
    preprocessor's gradient is made of.

    Args:
        rate: To be trained.
        train_decisions: Let the decisions follow too: they then serve the size, and are no longer those of the
            simulator. Steps take twice as long.

    `fit` takes batches `(image, quality, size_bits, ...)` as in `Pairs`.
    """

    def __init__(self, rate: NeuralRateEstimator, train_decisions: bool = False, **kwargs: Any) -> None:
        super().__init__(("loss", "error_percent", "change_error_percent"), **kwargs)
        rate.quantizer.trainable = train_decisions
        self.train_decisions = train_decisions
        self.rate = rate
        self.coefficients = tf.function(coefficients_of, jit_compile=True)
        self.build()

    def compute(self, data: Any, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        image, quality, size_bits = data[:3]
        image = tf.reshape(image, tf.concat([[-1], tf.shape(image)[2:]], axis=0))
        coefficients = self.coefficients(tf.cast(image, tf.float32), self.rate.arithmetic)
        decisions, _ = self.rate.quantizer.decide(coefficients, tf.repeat(quality, 2))
        if not self.train_decisions:
            decisions = [type(d)(*(tf.stop_gradient(part) for part in d)) for d in decisions]
        bits = tf.reshape(self.rate.rate_network(decisions), [-1, 2])
        error = tf.math.log(bits / size_bits)
        change = error[:, 1] - error[:, 0]
        loss = _percent(error) + _CHANGE_WEIGHT * _percent(change)
        percents = {"error_percent": 100.0 * tf.abs(error), "change_error_percent": 100.0 * tf.abs(change)}
        return loss, {"loss": loss, **percents}

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        return self.rate.trainable_variables

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        return self.rate(images, quality)
