"""Exact size of the file, with a gradient that says what each coefficient costs.

Forward: run/size symbols, standard or per-file optimal Huffman codes, the bit stream itself (to count stuffed
bytes) and the headers: bytes of the file that Pillow writes.

Backward: for each AC coefficient the change in bits when its magnitude alone moves between two neighbouring
integers, all other coefficients and the Huffman tables as they are. Zeroing a 1 between non-zeros at a
and b saves C(k-a-1, 1) + C(b-k-1, s_b) - C(b-a-1, s_b), where C(run, s) = ZRLs + code length + s: the
run-length bits that independent keep-or-zero choices have in expectation (their sum is linear in each
choice), evaluated at the actual neighbours. Code lengths are taken as fixed; for optimal codes that is the
true first-order change (the codes are at a minimum). DC: the slope of the difference's size, smoothed over
each magnitude category.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.codec import FIXED_HEADER_BYTES, HUFFMAN_MODES
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG
from jpegpre_tf.jpeg.transform.resample import subsampling_factors
from jpegpre_tf.ops.entropy import huffman, scan
from jpegpre_tf.ops.entropy.entropy_slopes import (
    ac_cost_slope,
    bits_by_step,
    dc_cost_slope,
    dc_to_blocks,
    lengths_for_absent,
)
from jpegpre_tf.ops.quantization.rounding import surrogate_slope

# A unit is a code of at most 16 bits with at most 11 extra bits.
_MAX_UNIT_BITS = 27

_LOW_BITS = 0x7F7F7F7F  # of each byte but its top bit


class FileSize(NamedTuple):
    """Parts of a file's size, each float32 (batch,), in bits; their sum is the file.

    Attributes:
        header: Markers and Huffman tables.
        luma, cb, cr: Codes and extra bits of each component.
        stuffing: Padding of the last byte and zero bytes stuffed after 0xFF.
    """

    header: tf.Tensor
    luma: tf.Tensor
    cb: tf.Tensor
    cr: tf.Tensor
    stuffing: tf.Tensor


def check_huffman(mode: str) -> str:
    """Returns `mode`, or raises ValueError naming the choices."""
    if mode not in HUFFMAN_MODES:
        raise ValueError(f"`huffman` must be one of {HUFFMAN_MODES}. Received: huffman={mode!r}")
    return mode


def _histogram(index: tf.Tensor, valid: tf.Tensor, bins: tf.Tensor) -> tf.Tensor:
    """int32 (batch, 1024) counts of `index` (table * 256 + symbol) per picture."""
    batch = tf.shape(index)[0]
    offset = tf.reshape(tf.range(batch) * bins, [-1, 1, 1, 1])
    flat = tf.where(valid, index + offset, -tf.ones_like(index))
    ones = tf.ones_like(flat)
    counts = tf.math.unsorted_segment_sum(tf.reshape(ones, [-1]), tf.reshape(flat, [-1]), batch * bins)
    return tf.reshape(counts, [batch, bins])


class Units(NamedTuple):
    """The entropy-coded segment before it is cut into bytes.

    Attributes:
        units: int32 (batch, blocks, 64): code and extra bits of each position.
        unit_bits: int32, same shape, 0..27: how many bits those are.
        total: int32 (batch,) sum of `unit_bits`.
    """

    units: tf.Tensor
    unit_bits: tf.Tensor
    total: tf.Tensor


def stuffed_bits(units: tf.Tensor, unit_bits: tf.Tensor, total: tf.Tensor) -> tf.Tensor:
    """Bits added by the last byte's padding and by stuffing: float32 (batch,).

    Writes the bit stream into words. Bits are disjoint, so adding is or-ing. Arguments as in `Units`.
    """
    shape = tf.shape(units)
    batch, blocks = shape[0], shape[1]
    # Exclusive sums: within a block exact in float32 (at most 64 * 27), over blocks in integers.
    strictly_before = tf.constant(np.triu(np.ones((64, 64), np.float32), 1))
    inside = tf.matmul(tf.reshape(tf.cast(unit_bits, tf.float32), [-1, 64]), strictly_before)
    inside = tf.cast(tf.reshape(inside, shape), tf.int32)
    per_block = inside[..., 63] + unit_bits[..., 63]
    start = tf.cumsum(per_block, axis=1, exclusive=True)[..., None] + inside
    pad = (-total) % 8  # the encoder fills the last byte with ones
    units = tf.concat(
        [tf.reshape(units, [batch, -1]), tf.bitwise.left_shift(tf.ones_like(pad), pad)[:, None] - 1], axis=1
    )
    unit_bits = tf.concat([tf.reshape(unit_bits, [batch, -1]), pad[:, None]], axis=1)
    start = tf.concat([tf.reshape(start, [batch, -1]), total[:, None]], axis=1)

    # Each word is 64 bits wide and starts 32 bits after the one before: every unit fits into one.
    words = blocks * 64 * _MAX_UNIT_BITS // 32 + 2
    offset = tf.bitwise.bitwise_and(start, 31)
    wide = tf.bitwise.left_shift(tf.cast(units, tf.int64), tf.cast(64 - offset - unit_bits, tf.int64))
    index = tf.bitwise.right_shift(start, 5) + tf.range(batch)[:, None] * words
    index = tf.where(unit_bits > 0, index, -tf.ones_like(index))
    stream = tf.math.unsorted_segment_sum(tf.reshape(wide, [-1]), tf.reshape(index, [-1]), batch * words)
    stream = tf.bitcast(tf.reshape(stream, [batch, words]), tf.int32)  # (batch, words, low and high half)
    low, high = stream[..., 0], stream[..., 1]
    stream = tf.bitwise.bitwise_or(high, tf.pad(low[:, :-1], [[0, 0], [1, 0]]))
    # Bytes of ones: where the inverse is 0. Adding 0x7F carries into a byte's top bit unless its low bits are
    # 0.
    inverse = tf.bitwise.invert(stream)
    carried = tf.bitwise.bitwise_and(inverse, _LOW_BITS) + _LOW_BITS
    is_ones = tf.bitwise.invert(tf.bitwise.bitwise_or(tf.bitwise.bitwise_or(carried, inverse), _LOW_BITS))
    ones_per_word = tf.raw_ops.PopulationCount(x=is_ones)
    return tf.cast(pad + 8 * tf.reduce_sum(tf.cast(ones_per_word, tf.int32), axis=1), tf.float32)


def _extra_bits(values: tf.Tensor, category: tf.Tensor) -> tf.Tensor:
    value = tf.cast(values, tf.int32)
    return tf.where(value < 0, value + tf.bitwise.left_shift(tf.ones_like(value), category) - 1, value)


def coded_size(
    steps: list[tf.Tensor],
    real: list[tf.Tensor],
    tables: tf.Tensor,
    mode: str,
    subsampling: str,
    surrogate: str,
) -> tuple[FileSize, Units]:
    """Size of the baseline file with these coefficients, but for stuffing.

    Args:
        steps: Y, Cb, Cr quantised, as `jpegpre_tf.ops.pipeline.encode` returns them.
        real: The same before rounding, in steps; the gradient flows here (and not to `steps`).
        tables: float32 (batch, 2, 8, 8) quantization tables; a gradient flows here too.
        mode: "optimized" (per-file Huffman tables, Pillow's optimize=True) or "standard".
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        surrogate: Density of the gradient along the axis, see `jpegpre_tf.ops.quantization.rounding`.

    Returns:
        FileSize with `stuffing` 0, and what `stuffed_bits` needs. (Two functions, because one XLA program of
        both computes much of the first twice.) Gradients flow from `luma`, `cb` and `cr`.
    """
    factors = subsampling_factors(subsampling)
    luma_blocks = factors[0] * factors[1]
    blocks = scan.scan_blocks([tf.stop_gradient(plane) for plane in steps], factors)
    real_blocks = scan.scan_blocks(real, factors)
    out = scan.entropy_symbols(blocks, luma_blocks)
    batch = tf.shape(blocks)[0]
    valid = out.symbol >= 0
    index = tf.maximum(out.symbol, 0) + tf.constant(out.table * 256)
    if mode == "standard":
        lengths, codes, header_bytes = huffman.standard_tables()
        lengths = tf.tile(tf.reshape(lengths, [1, 1024]), [batch, 1])
        codes = tf.tile(tf.reshape(codes, [1, 1024]), [batch, 1])
        header_bytes = tf.fill([batch], header_bytes)
    else:
        counts = tf.reshape(_histogram(index, valid, tf.constant(1024)), [-1, 256])
        lengths, codes, segments = huffman.optimal_tables(counts)
        lengths, codes = tf.reshape(lengths, [-1, 1024]), tf.reshape(codes, [-1, 1024])
        header_bytes = tf.reduce_sum(tf.reshape(segments, [-1, 4]), axis=1)

    flat_index = index + tf.reshape(tf.range(batch) * 1024, [-1, 1, 1, 1])
    zero = tf.zeros_like(index)
    # Code and length share one look-up: codes have at most 16 bits.
    packed = tf.reshape(tf.bitwise.left_shift(codes, 8) + lengths, [-1])
    found = tf.where(valid, tf.gather(packed, flat_index), zero)
    code_bits, code = tf.bitwise.bitwise_and(found, 0xFF), tf.bitwise.right_shift(found, 8)
    unit_bits = code_bits + out.category
    units = tf.bitwise.left_shift(code, out.category) + _extra_bits(out.values, out.category)
    per_block = tf.reduce_sum(unit_bits, axis=3)
    components = [
        tf.reduce_sum(per_block[:, :, start:stop], axis=[1, 2])
        for start, stop in (
            (0, luma_blocks),
            (luma_blocks, luma_blocks + 1),
            (luma_blocks + 1, luma_blocks + 2),
        )
    ]
    stream = Units(
        tf.reshape(units, [batch, -1, 64]), tf.reshape(unit_bits, [batch, -1, 64]), tf.add_n(components)
    )

    @tf.custom_gradient
    def component_bits(real_blocks: tf.Tensor, tables: tf.Tensor) -> Any:
        def gradient(luma: tf.Tensor, cb: tf.Tensor, cr: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            known = lengths_for_absent(lengths)
            upstream = tf.concat(
                [tf.repeat(luma[:, None], luma_blocks, axis=1), cb[:, None], cr[:, None]], axis=1
            )[:, None, :, None]
            ac = ac_cost_slope(blocks, out, real_blocks, known, surrogate)
            ac *= tf.sign(real_blocks) * surrogate_slope(real_blocks, surrogate)
            dc = dc_to_blocks(dc_cost_slope(out, known), luma_blocks)
            slope = tf.concat([dc[..., None], ac[..., 1:]], axis=-1)
            by_step = bits_by_step(blocks, out, real_blocks, known, luma_blocks)
            return slope * upstream, _to_tables(by_step * upstream, tables, luma_blocks)

        return tuple(tf.cast(bits, tf.float32) for bits in components), gradient

    luma, cb, cr = component_bits(real_blocks, tables)
    header = 8.0 * tf.cast(header_bytes + FIXED_HEADER_BYTES, tf.float32)
    return FileSize(header, luma, cb, cr, tf.zeros_like(luma)), stream


def _to_tables(by_step: tf.Tensor, tables: tf.Tensor, luma_blocks: int) -> tf.Tensor:
    """Sums over blocks and divides by the step: (batch, 2, 8, 8) from zig-zag blocks."""
    per_block = tf.reduce_sum(by_step, axis=1)
    luma = tf.reduce_sum(per_block[:, :luma_blocks], axis=1)
    chroma = tf.reduce_sum(per_block[:, luma_blocks:], axis=1)
    natural = tf.gather(tf.stack([luma, chroma], axis=1), np.argsort(NATURAL_FROM_ZIGZAG), axis=2)
    return tf.reshape(natural, tf.shape(tables)) / tables
