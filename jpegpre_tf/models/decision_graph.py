"""The graph around the gate networks: from a picture to decisions, to edited pixels, to a carrier.

One definition for the Keras model, for its quantized twin and for every exported file: the networks are given as
functions. Operations are those that TFLite's XNNPACK delegate and ONNX Runtime run.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from jpegpre_tf.layers.dead_zone import GATES, LOW, DeadZone
from jpegpre_tf.ops.quantization.decisions import quantize_hard, quantize_trained
from jpegpre_tf.ops.transform import picture_dct

# Two views of |steps|: fine around the thresholds, and of the low frequencies a coarse one over the range that decides
# code lengths. Both end at the same value, so that an int8 tensor holds them without waste.
FEATURE_MAX = 2.0
_COARSE = 1.0 / 8.0
FEATURES = GATES  # per component
# Levels by which a file's white and black lie beyond what samples can be, per level of DC's table entry of luma. Not a
# multiple of an eighth: white would lie on the tie between two integers for every entry for which it does by itself.
# Single white or black pixels stay (`picture_dct.forward`).
OVERSHOOT = 0.55

Gates = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Components(NamedTuple):
    """Tensors of Y, Cb and Cr."""

    luma: tf.Tensor
    cb: tf.Tensor
    cr: tf.Tensor


class Decisions(NamedTuple):
    """What a file shall hold.

    Attributes:
        quantized: float32 integers, of each component (batch, rows of blocks, columns of blocks, 64), natural order.
        real: What rounds to them, in steps; gradients of sizes flow here (`ops.entropy.entropy.coded_size`).
    """

    quantized: Components
    real: Components


def features_of(steps: tf.Tensor) -> tf.Tensor:
    """(batch, height, width, 64) steps to (.., 96) features in 0..2, as the networks see them."""
    return tf.minimum(unclipped_features(steps), FEATURE_MAX)


def unclipped_features(steps: tf.Tensor) -> tf.Tensor:
    """`features_of` before clipping, for quantized networks: quantizing to 0..2 clips by itself.

    The magnitude is taken last: converters move quantization back through products, where it would cut the coarse
    view too early, but not through an absolute value.
    """
    return tf.concat([tf.abs(steps), tf.abs(steps[..., :LOW] * _COARSE)], axis=-1)


@dataclasses.dataclass(frozen=True)
class DecisionGraph:
    """What a preprocessor computes, around networks of any kind.

    Tables are float32 `(batch or 1, 1, 1, 64)`, natural order, 1..255; strengths float32 `(batch or 1, 1, 1, 1)`, 0..1;
    images float32 `(batch, height, width, 3)`, RGB samples 0..255, height and width multiples of 16.

    Attributes:
        luma_gates: Function (features (batch, rows, columns, 96), condition (.., 1, 1, 128)) -> gates 0..1, 96 per
            8x8 block.
        chroma_gates: The same for 16x16 pixels: 288 features to 192 gates, Cb's then Cr's.
        dead_zone: The layer that turns gates into thresholds.
        features: Function from steps to features.
        overshoots: Whether decisions take white and black to lie beyond 0 and 255, `OVERSHOOT` times the strength:
            decoders cut off what quantization adds there. Edited pixels cannot hold that.
    """

    luma_gates: Gates
    chroma_gates: Gates
    dead_zone: DeadZone
    features: Callable[[tf.Tensor], tf.Tensor] = features_of
    overshoots: bool = True

    def edit(
        self,
        image: tf.Tensor,
        luma_table: tf.Tensor,
        chroma_table: tf.Tensor,
        strength: tf.Tensor,
        *,
        training: bool = False,
        offset: float = 0.0,
    ) -> tf.Tensor:
        """Edited samples, neither rounded nor clipped, float32, shape of `image`.

        Args:
            training: Hard decisions with gradients, instead of ramps just below the thresholds.
            offset: Levels added to the result: 0.5 makes truncating round.
        """
        tables = _order(luma_table, chroma_table)
        coefficients, blocks = _coefficients(image)
        steps = _steps(coefficients, tables)
        gates = self._gates(steps, tables)
        change_y, change_cb, change_cr = (
            self.dead_zone(s, g, strength, table, training=training)
            for s, g, table in zip(steps, gates, tables, strict=True)
        )
        luma_headroom, chroma_headroom = picture_dct.headroom(blocks, change_y)
        changes = (change_y * luma_headroom, change_cb * chroma_headroom, change_cr * chroma_headroom)
        return image + picture_dct.inverse(*changes, offset)

    def carrier(
        self,
        image: tf.Tensor,
        luma_table: tf.Tensor,
        chroma_table: tf.Tensor,
        strength: tf.Tensor,
        encoder_luma_table: tf.Tensor,
        encoder_chroma_table: tf.Tensor,
        *,
        offset: float = 0.0,
    ) -> tf.Tensor:
        """The picture that an encoder with the encoder tables quantizes to the decisions for the (target) tables.

        Float32 samples, shape of `image`, neither rounded nor clipped, of whole Y, Cb and Cr, chroma constant in each
        2x2 cell.
        """
        quantized = self.quantize(image, luma_table, chroma_table, strength)
        encoder = _order(encoder_luma_table, encoder_chroma_table)
        luma, cb, cr = (q * table for q, table in zip(quantized, encoder, strict=True))
        return picture_dct.inverse(luma, cb, cr, 128.0 + offset, is_whole=True)

    def quantize(
        self, image: tf.Tensor, luma_table: tf.Tensor, chroma_table: tf.Tensor, strength: tf.Tensor
    ) -> Components:
        """The hard decisions, float32 integers in `picture_dct.ORDER`; no gradient."""
        return self._decide(image, _order(luma_table, chroma_table), strength)[0]

    def decide(
        self,
        image: tf.Tensor,
        luma_table: tf.Tensor,
        chroma_table: tf.Tensor,
        strength: tf.Tensor,
        *,
        training: bool = False,
    ) -> Decisions:
        """The hard decisions in natural order.

        Args:
            training: Whether gradients reach the networks' weights and the tables
                (`decisions.quantize_trained`).
        """
        tables = _order(luma_table, chroma_table)
        found = (self._decide_trained if training else self._decide)(image, tables, strength)
        return Decisions(*(Components(*(picture_dct.to_natural(x) for x in parts)) for parts in found))

    def _decide(
        self, image: tf.Tensor, tables: Components, strength: tf.Tensor
    ) -> tuple[Components, Components]:
        """Quantized, and the steps that rounding starts from."""
        steps = _steps(self._beyond(image, tables, strength), tables)
        pairs = zip(steps, self._gates(steps, tables), strict=True)
        quantized = (quantize_hard(s, *self.dead_zone.thresholds(g, strength)) for s, g in pairs)
        return Components(*quantized), steps

    def _decide_trained(
        self, image: tf.Tensor, tables: Components, strength: tf.Tensor
    ) -> tuple[Components, Components]:
        fixed = Components(*(tf.stop_gradient(table) for table in tables))
        coefficients = self._beyond(image, fixed, strength)
        gates = self._gates(_steps(coefficients, fixed), fixed)
        quantized, real = zip(
            *(
                quantize_trained(c, table, *self.dead_zone.thresholds(g, strength))
                for c, g, table in zip(coefficients, gates, tables, strict=True)
            ),
            strict=True,
        )
        return Components(*quantized), Components(*real)

    def _beyond(self, image: tf.Tensor, tables: Components, strength: tf.Tensor) -> Components:
        """Coefficients of the picture with white and black beyond 0 and 255."""
        # DC is first in `picture_dct.ORDER` too.
        overshoot = tables.luma[..., :1] * strength * OVERSHOOT if self.overshoots else None
        return _coefficients(image, overshoot)[0]

    def _gates(self, steps: Components, tables: Components) -> Components:
        condition = condition_of(tables.luma, tables.cb)
        luma_features = self.features(steps.luma)
        if self.features is features_of:
            context = tf.nn.avg_pool2d(luma_features, 2, 2, "VALID")
        else:
            # Averaged before quantizing: an int8 average rounds ties, a quarter of all, as each runtime likes. The
            # absolute value changes nothing but keeps converters from moving the quantization back, as above.
            context = tf.abs(tf.nn.avg_pool2d(features_of(steps.luma), 2, 2, "VALID"))
        chroma_features = tf.concat([self.features(steps.cb), self.features(steps.cr), context], axis=-1)
        chroma = self.chroma_gates(chroma_features, condition)
        luma = self.luma_gates(luma_features, condition)
        return Components(luma, chroma[..., :GATES], chroma[..., GATES:])


def condition_of(luma_table: tf.Tensor, chroma_table: tf.Tensor) -> tf.Tensor:
    """What networks are told of two tables, each (.., 1, 1, 64) in `picture_dct.ORDER`: (.., 1, 1, 128) in -1..1.8."""
    logs = tf.concat([tf.math.log(luma_table), tf.math.log(chroma_table)], axis=-1)
    return logs * 0.5 - 1.0


def rounding_graph() -> DecisionGraph:
    """The graph without networks: it decides as an encoder does, by rounding."""

    def no_gates(features: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        components = max(1, features.shape[-1] // FEATURES - 1)
        return tf.zeros_like(features[..., : components * GATES])

    return DecisionGraph(no_gates, no_gates, DeadZone(), overshoots=False)


def _order(luma_table: tf.Tensor, chroma_table: tf.Tensor) -> Components:
    chroma = picture_dct.ordered(chroma_table)
    return Components(picture_dct.ordered(luma_table), chroma, chroma)


def _coefficients(image: tf.Tensor, overshoot: tf.Tensor | None = None) -> tuple[Components, tf.Tensor]:
    """In levels, and the samples of each block."""
    luma, cb, cr, blocks = picture_dct.forward(image, overshoot)
    return Components(luma, cb, cr), blocks


def _steps(coefficients: Components, tables: Components) -> Components:
    return Components(*(c * (1.0 / table) for c, table in zip(coefficients, tables, strict=True)))
