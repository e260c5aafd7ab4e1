"""The part that the neural simulator and the neural rate estimator share: an encoder's decisions."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.layers._inputs import check_whole_number
from jpegpre_tf.ops.blocks import check_arithmetic, coefficients_of
from jpegpre_tf.ops.quantization.learned_rounding import Decisions
from jpegpre_tf.ops.tensor_like import TensorLike

# Views of |steps| as in `Preprocessor`: fine around the thresholds, coarse over the range that decides code lengths.
_FINE_CLIP = 2.0
_COARSE_CLIP = 16.0
_CONDITION_WIDTH = 32
# Temperatures are between 0.02 and 0.42 steps, and start at 0.04: there are more small coefficients than large ones,
# which draws the thresholds of an unsure network upwards.
_LEAST_TEMPERATURE = 0.02
_TEMPERATURE_SPAN = 0.4
_TEMPERATURE_GAIN = 2.0
_TEMPERATURE_BIAS = -3.0
# One step of Adam moves all weights by about the learning rate, and a sum over the last layer's inputs by far more:
# thresholds must not jump by as much as they are to be told apart.
_THRESHOLD_GAIN = 0.1
# No encoder keeps what is below this many steps; 0.5 is where thresholds start.
LEAST_THRESHOLD = 0.5 - _THRESHOLD_GAIN
LAST_QUALITY = 100


def annex_k_tables() -> npt.NDArray[np.float32]:
    """libjpeg's tables of Y, Cb, Cr at qualities 1..100: (100, 3, 64), natural order."""
    both = [quantization_tables(quality) for quality in range(1, LAST_QUALITY + 1)]
    return np.stack([np.stack([luma, chroma, chroma]).reshape(3, 64) for luma, chroma in both]).astype(
        np.float32
    )


def _features(steps: tf.Tensor, tables: tf.Tensor) -> tf.Tensor:
    """(batch, rows, columns, 130) from steps (..., 64) and tables (batch, 1, 1, 64)."""
    magnitude = tf.abs(steps)
    fine = tf.minimum(magnitude, _FINE_CLIP)
    coarse = tf.minimum(magnitude, _COARSE_CLIP) * (_FINE_CLIP / _COARSE_CLIP)
    levels = steps * tables
    brightness = levels[..., :1] / 1024.0  # -1..1
    energy = tf.math.log(1.0 + tf.reduce_sum(tf.square(levels[..., 1:]), axis=-1, keepdims=True)) / 10.0
    return tf.concat([fine, coarse, brightness, energy], axis=-1)


def _build_network(inputs: int, outputs: int, channels: int, spatial_blocks: int, name: str) -> keras.Model:
    """(features, condition) -> raw decisions. The last layer starts at 0: an encoder that rounds."""
    features = keras.Input((None, None, inputs), name="features")
    condition = keras.Input((1, 1, _CONDITION_WIDTH), name="condition")

    def modulate(x: Any, label: str) -> Any:
        scale = keras.layers.Conv2D(
            x.shape[-1], 1, kernel_initializer="zeros", bias_initializer="ones", name=f"{label}_scale"
        )(condition)
        offset = keras.layers.Conv2D(x.shape[-1], 1, kernel_initializer="zeros", name=f"{label}_offset")(
            condition
        )
        return keras.layers.Add(name=f"{label}_add")(
            [keras.layers.Multiply(name=f"{label}_multiply")([x, scale]), offset]
        )

    x = keras.layers.Conv2D(channels, 1, name=f"{name}_in")(features)
    x = keras.layers.ReLU(name=f"{name}_in_relu")(modulate(x, f"{name}_in"))
    for index in range(spatial_blocks + 1):
        label = f"{name}_block{index}"
        size = 3 if index < spatial_blocks else 1
        h = keras.layers.Conv2D(channels, size, padding="same", name=f"{label}_expand")(x)
        h = keras.layers.ReLU(name=f"{label}_relu")(modulate(h, label))
        h = keras.layers.Conv2D(channels, 1, name=f"{label}_project")(h)
        x = keras.layers.Add(name=f"{label}_residual")([x, h])
    raw = keras.layers.Conv2D(outputs, 1, kernel_initializer="zeros", name=f"{name}_out")(x)
    return keras.Model([features, condition], [raw, x], name=name)


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class EncoderQuantizer(keras.layers.Layer):
    """What integers an encoder quantizes a picture's coefficients to: a small network at 1/8 resolution.

    Coefficients and their units are the encoder's own: its quantization tables at every quality are kept with
    the weights. The network sees each block and its neighbours and gives for every coefficient the thresholds
    of `jpegpre_tf.ops.quantization.learned_rounding`. Untrained it rounds, as libjpeg does.

    Args:
        channels: Width of the luma network (per 8x8 block) and of the chroma network (per 16x16 pixels).
        spatial_blocks: 3x3 convolutions of the luma network: adaptive quantisation looks at neighbours.
        arithmetic: Arithmetic of the encoder's color conversion and DCT, see `ops.blocks.coefficients_of`.
    Call arguments:
        images: float32 `(batch, height, width, 3)`, RGB levels, any size.
        quality: float32 `(batch,)`, 1..100 on the encoder's scale, rounded to integers; no gradient.
    Returns:
        `Decisions` of Y, Cb and Cr, and their tables, each float32 `(batch, 1, 1, 64)`.
    """

    def __init__(
        self, channels: int = 64, spatial_blocks: int = 2, arithmetic: str = "integer", **kwargs: Any
    ) -> None:
        # Networks may compute in half precision; steps and thresholds are compared in float32.
        super().__init__(**{**kwargs, "autocast": False})
        self.arithmetic = check_arithmetic(arithmetic)
        for name, value, least in (("channels", channels, 1), ("spatial_blocks", spatial_blocks, 0)):
            check_whole_number(name, value, least)
        self.channels = channels
        self.spatial_blocks = spatial_blocks
        self.condition_layer = keras.layers.Dense(_CONDITION_WIDTH, activation="relu", name="condition")
        self.luma_network = _build_network(130, 3 * 64, channels, spatial_blocks, "luma")
        self.chroma_network = _build_network(260 + channels, 6 * 64, channels, 0, "chroma")
        self.build()

    def build(self, *_: Any, **__: Any) -> None:
        """Makes the weights; none depends on the inputs' shapes."""
        self.tables = self.add_weight(
            shape=(LAST_QUALITY, 3, 64), initializer="zeros", trainable=False, name="tables"
        )
        self.tables.assign(annex_k_tables())
        self.condition_layer.build((None, 3 * 64))

    def set_tables(self, tables: npt.NDArray[Any]) -> None:
        """Replaces the tables: (100, 3, 64) integers 1..255 of Y, Cb, Cr at qualities 1..100, natural order.

        Raises:
            ValueError: If shape or range is another.
        """
        tables = np.asarray(tables, np.float32)
        if tables.shape != (LAST_QUALITY, 3, 64) or tables.min() < 1 or tables.max() > 255:
            raise ValueError(
                f"`tables` must be (100, 3, 64), entries 1..255. Received: shape={tables.shape}, "
                f"entries {tables.min()}..{tables.max()}"
            )
        self.tables.assign(tables)

    def tables_at(self, quality: TensorLike) -> tf.Tensor:
        """The encoder's tables: float32 (batch, 3, 64) of Y, Cb, Cr, natural order, for `quality` (batch,)."""
        index = tf.cast(tf.round(quality), tf.int32) - 1
        return tf.gather(tf.convert_to_tensor(self.tables), index)

    def call(self, images: Any, quality: Any) -> tuple[list[Decisions], list[tf.Tensor]]:
        return self.decide(coefficients_of(images, self.arithmetic), quality)

    def decide(
        self, coefficients: list[tf.Tensor], quality: TensorLike
    ) -> tuple[list[Decisions], list[tf.Tensor]]:
        """`call` from `ops.blocks.coefficients_of`'s result."""
        tables = self.tables_at(quality)
        log_tables = tf.reshape(tf.math.log(tables), [-1, 3 * 64]) / 5.0
        condition = _float32(self.condition_layer(log_tables))[:, None, None, :]
        per_component = [tables[:, i, None, None, :] for i in range(3)]
        steps = [plane / table for plane, table in zip(coefficients, per_component, strict=True)]
        features = [_features(s, t) for s, t in zip(steps, per_component, strict=True)]
        raw_luma, context = map(_float32, self.luma_network([features[0], condition]))
        context = tf.nn.avg_pool2d(context, 2, 2, "SAME")
        chroma = tf.concat([features[1], features[2], context], axis=-1)
        raw_chroma = _float32(self.chroma_network([chroma, condition])[0])
        raw = [raw_luma, raw_chroma[..., :192], raw_chroma[..., 192:]]
        # libjpeg's coefficients are multiples of 1/8 level and ties round up: half of that lets the threshold 0.5 stand
        # between a tie and what is below it, instead of on it.
        margin = 1.0 / 16.0 if self.arithmetic == "integer" else 0.0
        decisions = [
            _decisions(s, r, margin / table) for s, r, table in zip(steps, raw, per_component, strict=True)
        ]
        return decisions, per_component

    def compute_output_shape(self, images_shape: Any) -> Any:
        batch, *size = images_shape[:3]
        planes = [
            (batch, *(None if side is None else -(-side // unit) for side in size), 64)
            for unit in (8, 16, 16)
        ]
        decisions = [Decisions(*[plane] * len(Decisions._fields)) for plane in planes]
        return decisions, [(batch, 1, 1, 64) for _ in planes]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "channels": self.channels,
            "spatial_blocks": self.spatial_blocks,
            "arithmetic": self.arithmetic,
        }


def _float32(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32)


def _decisions(steps: tf.Tensor, raw: tf.Tensor, margin: tf.Tensor) -> Decisions:
    return Decisions(
        steps,
        # elu(0) = 0, and its least value is -1.
        zero_below=0.5 - margin + _THRESHOLD_GAIN * tf.nn.elu(raw[..., :64]),
        shift=_THRESHOLD_GAIN * raw[..., 64:128] - margin,
        temperature=_LEAST_TEMPERATURE
        + _TEMPERATURE_SPAN * tf.sigmoid(_TEMPERATURE_GAIN * raw[..., 128:] + _TEMPERATURE_BIAS),
    )
