"""Rate-distortion training of the preprocessor through JPEG."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.layers.jpeg_simulator import JPEGSimulator
from jpegpre_tf.layers.rate_estimator import RateEstimator
from jpegpre_tf.losses.rate_distortion import RateDistortion
from jpegpre_tf.training.tracked_model import TrackedModel


class PreprocessorTrainer(TrackedModel):
    """Trains a preprocessor end to end: picture, edited, JPEG, decoded; the loss weighs errors against bits.

    Save and export the inner `preprocessor`; the trainer itself holds nothing worth keeping.

    Args:
        preprocessor: `Preprocessor`, or any model `(image, quality, strength, training)` -> image.
        simulator: Layer `(images, quality)` -> decoded pictures.
        rate: Layer `(images, quality)` -> bits per pixel.
        objective: Layer `(original, decoded, quality, rate_bpp, strength)` -> `(batch,)`, to be minimised: `BDRate`,
            or `RateDistortion`, the default. One whose `compares_with_plain` is true is given the unedited picture's
            decoded picture and rate as well.

    `fit` takes batches `(image, quality, strength)`: float32 or uint8 `(batch, height, width, 3)` levels, `(batch,)`
    1..100, `(batch,)` 0..1. Objectives multiply the weight of rate by the strength: it is trained to mean how much
    rate matters.

    Example:

        trainer = PreprocessorTrainer(Preprocessor())
        trainer.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=True)
        trainer.fit(dataset, steps_per_epoch=100, epochs=10)
        trainer.preprocessor.save("model.keras")
    """

    def __init__(
        self,
        preprocessor: keras.Model,
        simulator: keras.layers.Layer | None = None,
        rate: keras.layers.Layer | None = None,
        objective: keras.layers.Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(("loss", "rate_bpp", "psnr"), **kwargs)
        self.preprocessor = preprocessor
        self.simulator = simulator or JPEGSimulator(jit_compile=True)
        self.rate = rate or RateEstimator(jit_compile=True)
        self.objective = objective or RateDistortion()
        self.built = True

    def _measure(self, data: Any, training: bool) -> tuple[tf.Tensor, list[tf.Tensor]]:
        image, quality, strength = data
        image = tf.cast(image, tf.float32)
        edited = self.preprocessor(
            image, quality[:, None, None, None], strength[:, None, None, None], training=training
        )
        decoded = self.simulator(edited, quality)
        rate_bpp = self.rate(edited, quality)
        plain = []
        if getattr(self.objective, "compares_with_plain", False):
            plain = [tf.stop_gradient(layer(image, quality)) for layer in (self.simulator, self.rate)]
        loss = tf.reduce_mean(self.objective(image, decoded, quality, rate_bpp, strength, *plain))
        mse = tf.reduce_mean(tf.square(decoded - image), axis=[1, 2, 3])
        psnr = 10.0 * tf.math.log(255.0**2 / tf.maximum(mse, 1e-6)) / tf.math.log(10.0)
        return loss, [loss, rate_bpp, psnr]

    def gradients(self, data: Any) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Gradients of the loss for the preprocessor's trainable variables, and the values to track."""
        with tf.GradientTape() as tape:
            loss, values = self._measure(data, training=True)
        return tape.gradient(loss, self.preprocessor.trainable_variables), values

    def apply(self, gradients: list[tf.Tensor]) -> None:
        """One step of the optimiser."""
        self.optimizer.apply_gradients(zip(gradients, self.preprocessor.trainable_variables, strict=True))

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        gradients, values = self.gradients(data)
        self.apply(gradients)
        return self.track(values)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        return self.track(self._measure(data, training=False)[1])

    def call(self, image: Any, quality: Any, strength: Any) -> tf.Tensor:
        return self.preprocessor(image, quality, strength)
