"""Quantization tables that training learns, for all qualities at once."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.tuned_tables import BASE_TABLES, NODE_QUALITIES, log_scale
from jpegpre_tf.jpeg.tuned_tables import TunedTables as StoredTables

# A table's entries by how much of a file their coefficients take, about: those of low frequency take most of it. With
# equal weights coarse steps for high frequencies, which cost hardly any bits, pay for fine ones of low frequencies.
SCALE_WEIGHTS = (1.0 + np.add.outer(np.arange(8), np.arange(8))) ** -2.0
SCALE_WEIGHTS = (SCALE_WEIGHTS / SCALE_WEIGHTS.sum()).astype(np.float32)


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class TunedTables(keras.layers.Layer):
    """`jpeg.tuned_tables.TunedTables` with trainable factors: the same tables, entry by entry.

    Starts as Annex K's tables (libjpeg's but for the rounding of the scale). Computes in float64, so that no entry
    falls on the other side of a tie than in NumPy.

    Args:
        node_qualities: Qualities at which there are factors, ascending, 1..100.
        calibration: See `jpeg.tuned_tables.TunedTables`; not trained.
        gain: Factor of the logarithms on the trained variable. With Adam it is a factor on their learning rate, so that
            one optimizer trains tables faster than networks.
        keeps_scale: Whether the weighted mean logarithm of luma's factors is held at every node, at 0 or where
            `from_stored` found it, which training needs: a loss that compares at equal rate hardly notices where on the
            curve a file lies, and the tables of all qualities drift to those where most is gained. Weights are
            `SCALE_WEIGHTS`.
    Call arguments:
        quality: `(batch,)`, 1..100.
    Returns:
        float32 `(batch, 2, 8, 8)`, integers 1..255, natural order; the gradient is that before rounding, and 0 where an
        entry is at either end.
    """

    def __init__(
        self,
        node_qualities: Sequence[float] = NODE_QUALITIES,
        calibration: Sequence[Sequence[float]] = ((), ()),
        gain: float = 1.0,
        keeps_scale: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        self.node_qualities = tuple(float(quality) for quality in node_qualities)
        asked, meant = calibration
        self.calibration = (tuple(map(float, asked)), tuple(map(float, meant)))
        if not gain > 0:
            raise ValueError(f"`gain` must be > 0. Received: gain={gain}")
        self.gain = float(gain)
        self.keeps_scale = keeps_scale
        # Checks both.
        StoredTables(
            np.zeros((len(self.node_qualities), 2, 8, 8), np.float32), self.node_qualities, self.calibration
        )

    def build(self, *_: Any) -> None:
        if self.built:
            return
        self.scaled_factors = self.add_weight(
            shape=(len(self.node_qualities), 2, 8, 8), initializer="zeros", name="scaled_factors"
        )
        self.kept_scale = self.add_weight(
            shape=(len(self.node_qualities),), initializer="zeros", trainable=False, name="kept_scale"
        )

    @property
    def log_factors(self) -> tf.Tensor:
        """float32 (nodes, 2, 8, 8), natural order: ln of the factors."""
        factors = self.gain * tf.convert_to_tensor(self.scaled_factors)
        if self.keeps_scale:
            moved = _scale_of(factors) - tf.convert_to_tensor(self.kept_scale)
            factors -= moved[:, None, None, None]
        return factors

    def call(self, quality: Any) -> tf.Tensor:
        quality = tf.reshape(tf.cast(tf.convert_to_tensor(quality), tf.float64), [-1])
        asked, meant = self.calibration
        if asked:
            quality = tf.linalg.matvec(
                _hat_weights(quality, np.asarray(asked)), tf.constant(meant, tf.float64)
            )
        low = 50.0 / tf.maximum(quality, 1.0)
        scale = tf.math.log(tf.where(quality < 50.0, low, tf.maximum(2.0 - quality / 50.0, 0.02)))
        weights = _hat_weights(-scale, -log_scale(np.asarray(self.node_qualities)))
        factors = tf.reshape(tf.cast(self.log_factors, tf.float64), [len(self.node_qualities), 128])
        exponent = tf.reshape(weights @ factors, [-1, 2, 8, 8]) + scale[:, None, None, None]
        tables = tf.clip_by_value(tf.constant(BASE_TABLES) * tf.exp(exponent), 1.0, 255.0)
        return tf.cast(tables + tf.stop_gradient(tf.round(tables) - tables), tf.float32)

    def to_stored(self, **provenance: object) -> StoredTables:
        """The present factors, to be written to tables.json or used without TensorFlow.

        Args:
            provenance: `fitted_by`, `data`, `date`, `residual`.
        """
        self.build()
        return StoredTables(np.asarray(self.log_factors), self.node_qualities, self.calibration, provenance)

    def to_json(self, **provenance: object) -> dict[str, object]:
        """The content of tables.json; arguments as of `to_stored`."""
        return self.to_stored(**provenance).to_json()

    @classmethod
    def from_stored(
        cls, stored: StoredTables, gain: float = 1.0, keeps_scale: bool = False, **kwargs: Any
    ) -> "TunedTables":
        """The layer with the factors of a tables.json."""
        layer = cls(stored.node_qualities, stored.calibration, gain, keeps_scale, **kwargs)
        layer.build()
        layer.scaled_factors.assign(stored.log_factors / np.float32(gain))
        layer.kept_scale.assign(_scale_of(stored.log_factors))
        return layer

    def compute_output_shape(self, quality_shape: Any) -> Any:
        return (quality_shape[0], 2, 8, 8)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "node_qualities": list(self.node_qualities),
            "calibration": [list(part) for part in self.calibration],
            "gain": self.gain,
            "keeps_scale": self.keeps_scale,
        }


def _scale_of(log_factors: Any) -> tf.Tensor:
    """The weighted mean of luma's, of each node: (nodes,)."""
    return tf.reduce_sum(SCALE_WEIGHTS * log_factors[:, 0], axis=[1, 2])


def _hat_weights(x: tf.Tensor, nodes: np.ndarray) -> tf.Tensor:
    """Weights of linear interpolation at `x` between ascending nodes, constant beyond: (len(x), nodes), float64."""
    x = tf.clip_by_value(x, nodes[0], nodes[-1])[:, None]
    up = (x - nodes[:-1]) / np.diff(nodes)  # 0 at the left node of each interval, 1 at the right
    up = tf.clip_by_value(up, 0.0, 1.0)
    ones, zeros = tf.ones_like(x), tf.zeros_like(x)
    # A node's weight rises over the interval left of it, and falls over the one right of it.
    return tf.concat([ones, up], axis=1) - tf.concat([up, zeros], axis=1)
