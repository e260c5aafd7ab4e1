"""The file that decisions make: what it decodes to, and its size, without encoding pixels."""

import tensorflow as tf

from jpegpre_tf.models.decision_graph import Components, Decisions
from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.entropy.entropy import coded_size, stuffed_bits

_SUBSAMPLING = "4:2:0"


def _planes(components: Components) -> list[tf.Tensor]:
    """(batch, rows, columns, 64) as (batch, rows, 8, columns, 8), which `ops.pipeline` works on."""
    planes = []
    for blocks in components:
        shape = tf.shape(blocks)
        square = tf.reshape(
            blocks, [shape[0], blocks.shape[1] or shape[1], blocks.shape[2] or shape[2], 8, 8]
        )
        planes.append(tf.transpose(square, [0, 1, 3, 2, 4]))
    return planes


def decode_decisions(decisions: Decisions, tables: tf.Tensor) -> tf.Tensor:
    """What every decoder shows: float32 (batch, height, width, 3), RGB samples 0..255, equal to libjpeg-turbo's.

    Args:
        decisions: Decisions for pictures with sizes that are multiples of 16.
        tables: float32 (batch, 2, 8, 8), integers 1..255; receives a gradient.
    """
    height, width = (8 * side for side in decisions.quantized.luma.shape[1:3])
    return pipeline.decode(_planes(decisions.quantized), tables, _SUBSAMPLING, height, width)


def rate_of_decisions(
    decisions: Decisions, tables: tf.Tensor, huffman: str = "optimized", *, count_stuffing: bool = False
) -> tf.Tensor:
    """Bits per pixel of the file, float32 (batch,).

    Args:
        decisions: Receive the gradient, through `real`; see `ops.entropy`.
        tables: float32 (batch, 2, 8, 8); no gradient: what a step costs comes through the decisions that it changes.
        huffman: "optimized" or "standard".
        count_stuffing: With the zero bytes stuffed after 0xFF and the last byte's padding, which makes it the file's
            size to the byte. They are a few thousandths, and cost a third of the time.
    """
    size, units = coded_size(
        _planes(decisions.quantized),
        _planes(decisions.real),
        tf.stop_gradient(tables),
        huffman,
        _SUBSAMPLING,
        "identity",
    )
    bits = tf.add_n(list(size))
    if count_stuffing:
        bits += stuffed_bits(*(tf.stop_gradient(part) for part in units))
    height, width = (8 * side for side in decisions.quantized.luma.shape[1:3])
    return bits / float(height * width)
