"""Bits of a picture's blocks as a network sees them: learned code lengths that adapt to the picture."""

import math
from typing import Any

import keras
import tensorflow as tf

from jpegpre_tf.jpeg.transform.resample import subsampling_factors
from jpegpre_tf.ops.blocks import SUBSAMPLING, plane_layout
from jpegpre_tf.ops.entropy import scan
from jpegpre_tf.ops.quantization.learned_rounding import Decisions, expect_quantized, with_gradient_of

_FACTORS = subsampling_factors(SUBSAMPLING)
_LUMA_BLOCKS = _FACTORS[0] * _FACTORS[1]  # per MCU
_BLOCKS = (float(_LUMA_BLOCKS), 2.0)
_FEATURES = 192
_MOST_BITS = 11  # of a DC difference
# What an untrained network counts: bits of a non-zero's code, per extra bit, per doubling of a run, and of a block.
_START_CODE_BITS = 2.5
_START_EXTRA_BITS = 1.0
_START_RUN_BITS = 1.0
_START_BLOCK_BITS = 2.0
# Bins of `symbol_counts`: categories of DC, runs of 0, 1, 3, 7 and 15 zeros, categories 1 to 4 of AC.
_DC_BINS, _RUN_BINS, _SIZE_BINS = 9, 5, 4
_SYMBOLS = _DC_BINS + _RUN_BINS * _SIZE_BINS + 1
_LEAST_SHARE = 2.0**-14
_LOG_SHARE_UNIT = 10.0
_HEADER_UNIT = 4000.0  # bits; about what markers and Huffman tables take


def block_features(decisions: list[Decisions]) -> tuple[tf.Tensor, tf.Tensor]:
    """What an entropy coder writes, in scan order, zig-zag order within a block.

    64 magnitude categories (extra bits), with DC's difference to the block before in place of DC; 64 probabilities of
    not being 0; 64 run costs, non-zero probability times log2(1 + zeros before it), with the probability of an end of
    block in DC's place.

    Returns:
        These features, (batch, MCUs, 6, 192), and log2(1 + zeros before each AC coefficient), (batch, MCUs, 6, 63).
    """
    signed, probability = [], []
    for decision in decisions:
        magnitude, nonzero = expect_quantized(decision)
        signed.append(plane_layout(tf.sign(decision.steps) * magnitude))
        probability.append(plane_layout(nonzero))
    scanned = scan.scan_blocks(signed, _FACTORS)
    nonzero = scan.scan_blocks(probability, _FACTORS)
    difference = tf.abs(scan.dc_differences(scanned, _LUMA_BLOCKS))[..., None]
    category = _category(tf.concat([difference, tf.abs(scanned[..., 1:])], axis=-1))
    runs = _log2(1.0 + _zeros_before(nonzero))
    end_of_block = 1.0 - nonzero[..., 63:]
    features = [
        category,
        tf.minimum(difference, 1.0),
        nonzero[..., 1:],
        end_of_block,
        nonzero[..., 1:] * runs,
    ]
    return tf.concat(features, axis=-1), runs


def symbol_counts(features: tf.Tensor, runs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A picture's coarse histogram of entropy coding symbols, from blocks as of `block_features`.

    Every DC difference falls into one of 9 categories, every AC coefficient into one of 5 runs times 4 categories, by
    shares that add up to its probability; one end of block per block.

    Returns:
        Per block and as log2 of their share of all DC or AC symbols: both float32 (batch, 30).
    """
    blocks = tf.cast(tf.shape(features)[1] * tf.shape(features)[2], tf.float32)
    dc = tf.reduce_sum(_shares(features[..., 0], 0, _DC_BINS), axis=[1, 2]) / blocks
    category = _shares(features[..., 1:64], 1, _SIZE_BINS)
    kept = features[..., 65:128, None] * _shares(runs, 0, _RUN_BINS)
    ac = tf.einsum("bmukr,bmuks->brs", kept, category) / blocks
    ac = tf.concat([tf.reshape(ac, [-1, _RUN_BINS * _SIZE_BINS]), tf.ones_like(dc[:, :1])], axis=-1)
    shares = [count / tf.reduce_sum(count, axis=-1, keepdims=True) for count in (dc, ac)]
    return tf.concat([dc, ac], axis=-1), _log2(tf.concat(shares, axis=-1) + _LEAST_SHARE)


def _shares(values: tf.Tensor, first: int, count: int) -> tf.Tensor:
    """Shares (..., count) of the two nearest of `first`, `first` + 1, ... that interpolate each value."""
    nearest = tf.clip_by_value(values, float(first), float(first + count - 1))[..., None]
    bins = tf.range(first, first + count, dtype=tf.float32)
    return tf.maximum(1.0 - tf.abs(nearest - bins), 0.0)


def _log2(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x) * (1.0 / math.log(2.0))


def _category(magnitude: tf.Tensor) -> tf.Tensor:
    """Bits needed for a magnitude: exact at integers, linear between; with the slope of log2(1 + magnitude)."""
    steps = [tf.clip_by_value(magnitude - (2.0**bits - 1.0), 0.0, 1.0) for bits in range(_MOST_BITS)]
    return with_gradient_of(tf.add_n(steps), _log2(1.0 + magnitude))


def _zeros_before(nonzero: tf.Tensor) -> tf.Tensor:
    """Expected zeros between each AC coefficient and the non-zero before it: (..., 63) from probabilities (..., 64)."""
    run = tf.zeros_like(nonzero[..., 0])
    runs = [run]
    for probability in tf.unstack(nonzero, axis=-1)[1:63]:
        run = (1.0 - probability) * (run + 1.0)
        runs.append(run)
    return tf.stack(runs, axis=-1)


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class RateNetwork(keras.layers.Layer):
    """Bits of a file from its blocks.

    Each block costs a weighted sum of its features plus what a small network adds for how they lie. Both are adapted
    to the picture by its mean features, as Huffman tables and scan scripts are. Headers are one more number.

    Args:
        width: Hidden units per block.
        context_width: Numbers that describe the picture.
        symbols: Whether code lengths also follow how often each kind of symbol occurs, see `symbol_counts`. Untrained
            that changes nothing.
    Call arguments:
        decisions: Decisions on Y, Cb, Cr, see `EncoderQuantizer`.
    Returns:
        float32 `(batch,)`, bits of the file.
    """

    def __init__(
        self, width: int = 96, context_width: int = 32, symbols: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False})
        self.width = width
        self.context_width = context_width
        self.symbols = symbols
        dense = keras.layers.Dense
        self.context_layers = [
            dense(2 * context_width, activation="relu", name="context_hidden"),
            dense(context_width, activation="relu", name="context"),
        ]
        self.header = dense(1, bias_initializer=keras.initializers.Constant(0.54), name="header")
        self.parts = [_BlockBits(width, context_width, name=name) for name in ("luma_bits", "chroma_bits")]
        # Last, so that weights of a network without them are the first of one with them.
        self.symbol_layers: list[keras.layers.Layer] = []
        if symbols:
            self.symbol_layers = [
                dense(context_width, kernel_initializer="zeros", use_bias=False, name="symbol_context"),
                *(
                    dense(_SYMBOLS, kernel_initializer="zeros", name=f"{name}_lengths")
                    for name in ("luma", "chroma")
                ),
            ]
        self.build()

    def build(self, *_: Any, **__: Any) -> None:
        """Makes the weights; none depends on the inputs' shapes."""
        self.context_layers[0].build((None, 2 * _FEATURES + 1))
        self.context_layers[1].build((None, 2 * self.context_width))
        self.header.build((None, self.context_width))
        for layer in self.symbol_layers[:1]:
            layer.build((None, 2 * _SYMBOLS))
        for layer in self.symbol_layers[1:]:
            layer.build((None, self.context_width + 2 * _SYMBOLS))

    def call(self, decisions: list[Decisions]) -> tf.Tensor:
        features, runs = block_features(decisions)
        luma, chroma = features[:, :, :_LUMA_BLOCKS], features[:, :, _LUMA_BLOCKS:]
        # Code lengths go with the logarithm of how often a symbol occurs.
        means = [tf.math.log(tf.reduce_mean(part, axis=[1, 2]) + 1e-3) / 5.0 for part in (luma, chroma)]
        units = tf.cast(tf.shape(features)[1], tf.float32)
        size = tf.fill([tf.shape(features)[0], 1], tf.math.log(units) / 7.0)
        context = tf.concat([*means, size], axis=-1)
        for layer in self.context_layers:
            context = _float32(layer(context))
        bits = []
        if self.symbol_layers:
            both = [
                symbol_counts(luma, runs[:, :, :_LUMA_BLOCKS]),
                symbol_counts(chroma, runs[:, :, _LUMA_BLOCKS:]),
            ]
            shares = tf.concat([logarithm for _, logarithm in both], axis=-1) / _LOG_SHARE_UNIT
            context += _float32(self.symbol_layers[0](shares))
            described = tf.concat([context, shares], axis=-1)
            for layer, (counts, _), blocks in zip(self.symbol_layers[1:], both, _BLOCKS, strict=True):
                bits.append(units * blocks * tf.reduce_sum(counts * _float32(layer(described)), axis=-1))
        bits += [part(blocks, context) for part, blocks in zip(self.parts, (luma, chroma), strict=True)]
        header = _HEADER_UNIT * tf.nn.softplus(_float32(self.header(context))[:, 0])
        return tf.maximum(tf.add_n(bits), 0.0) + header

    def compute_output_shape(self, decisions_shape: Any) -> Any:
        return decisions_shape[0][0][:1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "width": self.width,
            "context_width": self.context_width,
            "symbols": self.symbols,
        }


def _float32(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32)


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class _BlockBits(keras.layers.Layer):
    """Sum of the bits of blocks.

    Args:
        width: Hidden units per block.
        context_width: Numbers that describe the picture.
    Call arguments:
        features: float32 `(batch, MCUs, blocks, 192)`, see `block_features`.
        context: float32 `(batch, context_width)`.
    Returns:
        float32 `(batch,)`.
    """

    def __init__(self, width: int, context_width: int, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "autocast": False})
        self.width = width
        self.context_width = context_width
        dense = keras.layers.Dense
        self.weights_layer = dense(_FEATURES, kernel_initializer="zeros", name="weights")
        self.scale = dense(width, kernel_initializer="zeros", bias_initializer="ones", name="scale")
        self.offset = dense(width, kernel_initializer="zeros", name="offset")
        self.hidden = dense(width, name="hidden")
        self.second = dense(width // 2, activation="relu", name="second")
        self.last = dense(
            1,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(_START_BLOCK_BITS),
            name="last",
        )
        self.build()

    def build(self, *_: Any, **__: Any) -> None:
        """Makes the weights; none depends on the inputs' shapes."""
        for layer in (self.weights_layer, self.scale, self.offset):
            layer.build((None, self.context_width))
        start = [_START_EXTRA_BITS] * 64 + [_START_CODE_BITS] * 64 + [_START_RUN_BITS] * 64
        self.weights_layer.bias.assign(start)
        self.hidden.build((None, _FEATURES))
        self.second.build((None, self.width))
        self.last.build((None, self.width // 2))

    def call(self, features: Any, context: Any) -> tf.Tensor:
        # Bits are summed over all blocks: more than half precision holds.
        weights = _float32(self.weights_layer(context))[:, None, None, :]
        scale, offset = (layer(context)[:, None, None, :] for layer in (self.scale, self.offset))
        hidden = tf.nn.relu(self.hidden(features) * scale + offset)
        bits = tf.reduce_sum(features * weights, axis=-1) + _float32(self.last(self.second(hidden)))[..., 0]
        return tf.reduce_sum(bits, axis=[1, 2])

    def compute_output_shape(self, features_shape: Any) -> Any:
        return features_shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "context_width": self.context_width}
