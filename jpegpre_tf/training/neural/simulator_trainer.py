"""Training of `NeuralSimulator` on what a real encoder decided."""

from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.models.encoder_quantizer import LEAST_THRESHOLD
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.ops.blocks import coefficients_of
from jpegpre_tf.ops.quantization.learned_rounding import Decisions, choose_quantized, logits
from jpegpre_tf.training.neural.pairs import UNKNOWN
from jpegpre_tf.training.tracked_model import TrackedModel

# Weights beside the cross-entropy of the decisions (nats).
_ERROR_WEIGHT = 1.0
_BIAS_WEIGHT = 1.0
_BIAS_KNEE = 0.1  # log ratio: 0.4 dB; squares below, linear above


class SimulatorTrainer(TrackedModel):
    """Trains the decisions of a `NeuralSimulator`: never decodes, a coefficient's error is a pixel's.

    The loss is the cross-entropy of each decision (kept or zero, up or down), plus the squared error of the hard
    quantized coefficients as a share of the real file's own error, plus the log ratio of the likeliest ones' error to
    the original and the real one's: without that the likeliest ones are a picture of too high PSNR, as rare decisions
    would never be taken.

    `fit` takes batches `(image, quality, size_bits, luma, cb, cr)` as in `Pairs`.
    """

    def __init__(self, simulator: NeuralSimulator, **kwargs: Any) -> None:
        super().__init__(("loss", "decision_nats", "error_share", "psnr_bias_db", "wrong"), **kwargs)
        self.simulator = simulator
        self.coefficients = tf.function(coefficients_of, jit_compile=True)
        self.build()

    def compute(self, data: Any, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        image, quality, _, *quantized = data
        image = tf.reshape(image, tf.concat([[-1], tf.shape(image)[2:]], axis=0))
        quality = tf.repeat(quality, 2)
        quantizer = self.simulator.quantizer
        coefficients = self.coefficients(tf.cast(image, tf.float32), quantizer.arithmetic)
        decisions, tables = quantizer.decide(coefficients, quality)
        nats, counts, wrongs, error, own, real = [], [], [], 0.0, 0.0, 0.0
        for decision, table, plane in zip(decisions, tables, quantized, strict=True):
            real_plane = tf.cast(tf.reshape(plane, tf.shape(decision.steps)), tf.float32)
            known = tf.cast(real_plane != UNKNOWN, tf.float32)
            total, count = decision_nats(decision, real_plane, known)
            nats.append(total)
            counts.append(count)
            hard = choose_quantized(decision)
            wrongs.append(tf.reduce_sum(known * tf.cast(hard != real_plane, tf.float32)))
            scale = known * table
            # Means over a component's own samples: chroma is upsampled to as many pixels.
            samples = tf.reduce_sum(known, axis=[1, 2, 3]) + 1.0
            error += tf.reduce_sum(tf.square((hard - real_plane) * scale), axis=[1, 2, 3]) / samples
            own += tf.reduce_sum(tf.square((hard - decision.steps) * scale), axis=[1, 2, 3]) / samples
            real += tf.reduce_sum(tf.square((real_plane - decision.steps) * scale), axis=[1, 2, 3]) / samples
        # Half a squared level: rounding of pixels, which keeps flat pictures from dividing by 0.
        share = error / (real + 0.5)
        log_ratio = tf.math.log((own + 0.5) / (real + 0.5))
        decision = tf.add_n(nats) / tf.add_n(counts)
        # Bounded slopes: one bad picture must not throw the others off.
        bias = tf.sqrt(tf.square(log_ratio) + _BIAS_KNEE**2) - _BIAS_KNEE
        loss = (
            decision
            + _ERROR_WEIGHT * tf.reduce_mean(tf.math.log1p(share))
            + _BIAS_WEIGHT * tf.reduce_mean(bias)
        )
        bias_db = -10.0 / tf.math.log(10.0) * log_ratio
        return loss, {
            "loss": loss,
            "decision_nats": decision,
            "error_share": share,
            "psnr_bias_db": bias_db,
            "wrong": tf.add_n(wrongs) / tf.add_n(counts),
        }

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        return self.simulator.trainable_variables

    def call(self, images: Any, quality: Any) -> tf.Tensor:
        return self.simulator(images, quality)


def decision_nats(
    decision: Decisions, real_plane: tf.Tensor, known: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cross-entropy of real quantized coefficients under the decisions: sum in nats, and number of decisions.

    Args:
        real_plane: float32, real quantized coefficients, shape of the decisions.
        known: float32 0 or 1, same shape: where `real_plane` is to be trusted.
    """
    magnitude = tf.abs(decision.steps)
    keep_logit, up_logit = logits(decision)
    kept = tf.cast(real_plane != 0.0, tf.float32)
    unsure = known * tf.cast(magnitude > LEAST_THRESHOLD, tf.float32)
    keep_nats = tf.nn.sigmoid_cross_entropy_with_logits(kept, keep_logit)
    # Rounding up or down, of those that were kept and could go down.
    below = tf.floor(magnitude)
    rounded = known * kept * tf.cast(below >= 1.0, tf.float32)
    up_nats = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.cast(tf.abs(real_plane) > below, tf.float32), up_logit
    )
    total = tf.reduce_sum(unsure * keep_nats + rounded * up_nats)
    return total, tf.reduce_sum(unsure + rounded) + 1.0
