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
from jpegpre_tf.jpeg.resample import subsampling_factors
from jpegpre_tf.jpeg.scan import END_OF_BLOCK, ZERO_RUN
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG
from jpegpre_tf.ops import huffman, scan
from jpegpre_tf.ops.quantization import crossing_density
from jpegpre_tf.ops.rounding import surrogate_slope

# A unit is a code of at most 16 bits with at most 11 extra bits.
_MAX_UNIT_BITS = 27

_LOW_BITS = 0x7F7F7F7F  # of each byte but its top bit

# Steps, see `crossing_density`; wider than for pixels, as costs jump at ties and more coefficients have to
# share them.
TABLE_HALF_WIDTH = 0.2


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


def _run_costs(lengths: tf.Tensor) -> tf.Tensor:
    """Bits of an AC coefficient by run and category, ZRLs and extra bits included.

    Args:
        lengths: int32 (batch, 1024) code lengths, every symbol given a length.

    Returns:
        float32 (batch, 4, 64, 16).
    """
    by_symbol = tf.cast(tf.reshape(lengths, [-1, 4, 16, 16]), tf.float32)
    zero_runs = by_symbol[:, :, ZERO_RUN // 16, ZERO_RUN % 16][:, :, None, None, None]
    zero_runs *= tf.constant(np.arange(4, dtype=np.float32)[:, None, None])
    costs = by_symbol[:, :, None] + zero_runs + tf.range(16, dtype=tf.float32)
    return tf.reshape(costs, [-1, 4, 64, 16])


def _ac_cost_slope(
    blocks: tf.Tensor, out: scan.Emitted, real: tf.Tensor, lengths: tf.Tensor, surrogate: str
) -> tf.Tensor:
    """d bits / d |magnitude| of each AC coefficient (at index 0: 0), float32, shape of `blocks`.

    "identity" has no place on the axis: it takes the step below the present magnitude (the one above from 0), and
    spreads the cost of a category over its magnitudes. The other surrogates stand at ties: the step across the
    nearest.

    Args:
        lengths: int32 (batch, 1024) code lengths, every symbol given a length.
    """
    k = tf.range(64)
    nonzero = tf.cast((blocks != 0.0) & (k > 0), tf.float32)
    after = scan.nonzero_after(nonzero)
    has_next = after < 64
    after = tf.minimum(after, 63)
    batch = tf.shape(blocks)[0]
    base = tf.reshape(tf.range(batch), [-1, 1, 1, 1]) * 4 + tf.constant(out.table[:, 1:2])
    costs = _run_costs(lengths)

    # In category 1 the cost of appearing, above it the cost of growing into the category.
    growth = costs[..., 1:] - costs[..., :-1]
    if surrogate == "identity":
        # Centres of categories are 1.5 * 2**(category - 2) apart.
        growth /= tf.constant([1.0, 1.0] + [1.5 * 2.0 ** (category - 2) for category in range(3, 16)])
        magnitude = tf.maximum(tf.abs(blocks), 1.0)
        stands = magnitude != 3.0
    else:
        magnitude = tf.floor(tf.abs(real)) + 1.0
        stands = _is_power_of_2(magnitude)
    own = tf.concat([costs[..., :2], growth[..., 1:]], axis=-1)
    before = tf.maximum(out.before, 0)
    run = tf.maximum(k - before - 1, 0)
    category = tf.minimum(scan.magnitude_category(magnitude), 10)
    change = tf.gather(tf.reshape(own, [-1]), (base * 64 + run) * 16 + category)

    # A coefficient that appears shortens the run of the next one, or moves the end of the block.
    next_category = tf.gather(out.category, after, axis=3, batch_dims=3)
    flat_costs = tf.reshape(costs, [-1])
    before_next = (base * 64 + tf.maximum(after - k - 1, 0)) * 16 + next_category
    skipped = (base * 64 + tf.maximum(after - before - 1, 0)) * 16 + next_category
    split = tf.gather(flat_costs, before_next) - tf.gather(flat_costs, skipped)
    end_of_block = tf.gather(flat_costs, base * 1024 + END_OF_BLOCK)
    split = tf.where(has_next, split, tf.where(k == 63, -end_of_block, tf.zeros_like(end_of_block)))
    change = tf.where(
        stands, change + tf.where(magnitude == 1.0, split, tf.zeros_like(split)), tf.zeros_like(change)
    )
    return tf.where(k > 0, change, tf.zeros_like(change))


def _is_power_of_2(magnitude: tf.Tensor) -> tf.Tensor:
    """For positive integers in float32: whether the mantissa is 0."""
    return tf.bitwise.bitwise_and(tf.bitcast(magnitude, tf.int32), 0x7FFFFF) == 0


def _dc_tie_slope(out: scan.Emitted, real_differences: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """d bits / d DC difference between the two integers around the real difference.

    Both DC values round independently, so the expected cost at a real difference is the linear interpolation
    of the costs of its two integer neighbours.
    """
    batch = tf.shape(real_differences)[0]
    base = tf.reshape(tf.range(batch) * 1024, [-1, 1, 1]) + tf.constant(out.table[:, 0] * 256)
    flat = tf.cast(tf.reshape(lengths, [-1]), tf.float32)
    magnitude = tf.floor(tf.abs(real_differences)) + 1.0
    category = tf.minimum(scan.magnitude_category(magnitude), 11)
    rise = tf.gather(flat, base + category) - tf.gather(flat, base + category - 1) + 1.0
    return tf.sign(real_differences) * tf.where(_is_power_of_2(magnitude), rise, tf.zeros_like(rise))


def _dc_cost_slope(out: scan.Emitted, lengths: tf.Tensor) -> tf.Tensor:
    """d bits / d DC difference: float32 (batch, MCUs, blocks per MCU)."""
    difference, category = out.values[..., 0], out.category[..., 0]
    batch = tf.shape(difference)[0]
    base = tf.reshape(tf.range(batch) * 1024, [-1, 1, 1]) + tf.constant(out.table[:, 0] * 256)
    flat = tf.cast(tf.reshape(lengths, [-1]), tf.float32)
    below, above = tf.maximum(category - 1, 0), tf.minimum(category + 1, 11)
    rise = tf.gather(flat, base + above) - tf.gather(flat, base + below) + tf.cast(above - below, tf.float32)
    # Centres of the neighbouring categories are 1.25 * 2**category apart.
    return tf.sign(difference) * tf.maximum(rise, 0.0) / (1.25 * tf.pow(2.0, tf.cast(category, tf.float32)))


def _lengths_for_absent(lengths: tf.Tensor) -> tf.Tensor:
    """Gives symbols without a code one bit more than the table's longest code, at most 16."""
    tables = tf.reshape(lengths, [-1, 4, 256])
    longest = tf.reduce_max(tables, axis=2, keepdims=True)
    filled = tf.where(tables > 0, tables, tf.minimum(longest + 1, 16))
    return tf.reshape(filled, [-1, 1024])


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
        surrogate: Density of the gradient along the axis, see `jpegpre_tf.ops.rounding`.

    Returns:
        FileSize with `stuffing` 0, and what `stuffed_bits` needs. (Two functions, because one XLA program of
        both computes much of the first twice.) Gradients flow from `luma`, `cb` and `cr`.
    """
    factors = subsampling_factors(subsampling)
    luma_blocks = factors[0] * factors[1]
    blocks = scan.scan_blocks([tf.stop_gradient(plane) for plane in steps], factors)
    real_blocks = scan.scan_blocks(real, factors)
    out = scan.emitted(blocks, luma_blocks)
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
            known = _lengths_for_absent(lengths)
            upstream = tf.concat(
                [tf.repeat(luma[:, None], luma_blocks, axis=1), cb[:, None], cr[:, None]], axis=1
            )[:, None, :, None]
            ac = _ac_cost_slope(blocks, out, real_blocks, known, surrogate)
            ac *= tf.sign(real_blocks) * surrogate_slope(real_blocks, surrogate)
            dc = _dc_to_blocks(_dc_cost_slope(out, known), luma_blocks)
            slope = tf.concat([dc[..., None], ac[..., 1:]], axis=-1)
            by_step = _bits_by_step(blocks, out, real_blocks, known, luma_blocks)
            return slope * upstream, _to_tables(by_step * upstream, tables, luma_blocks)

        return tuple(tf.cast(bits, tf.float32) for bits in components), gradient

    luma, cb, cr = component_bits(real_blocks, tables)
    header = 8.0 * tf.cast(header_bytes + FIXED_HEADER_BYTES, tf.float32)
    return FileSize(header, luma, cb, cr, tf.zeros_like(luma)), stream


def _bits_by_step(
    blocks: tf.Tensor, out: scan.Emitted, real: tf.Tensor, lengths: tf.Tensor, luma_blocks: int
) -> tf.Tensor:
    """Change in bits per relative growth of the step, coefficient by coefficient: float32, shape of `blocks`.

    A step larger by a share e moves a real coefficient x to x - e x. AC: the cost of the tie nearby, times
    how densely ties are crossed there. DC: differences shrink by the same share.
    """
    ac = _ac_cost_slope(blocks, out, real, lengths, "dither") * crossing_density(real, TABLE_HALF_WIDTH)
    differences = scan.dc_differences(real, luma_blocks)
    dc = _dc_tie_slope(out, differences, lengths) * differences
    return -tf.concat([dc[..., None], (ac * tf.abs(real))[..., 1:]], axis=-1)


def _to_tables(by_step: tf.Tensor, tables: tf.Tensor, luma_blocks: int) -> tf.Tensor:
    """Sums over blocks and divides by the step: (batch, 2, 8, 8) from zig-zag blocks."""
    per_block = tf.reduce_sum(by_step, axis=1)
    luma = tf.reduce_sum(per_block[:, :luma_blocks], axis=1)
    chroma = tf.reduce_sum(per_block[:, luma_blocks:], axis=1)
    natural = tf.gather(tf.stack([luma, chroma], axis=1), np.argsort(NATURAL_FROM_ZIGZAG), axis=2)
    return tf.reshape(natural, tf.shape(tables)) / tables


def _dc_to_blocks(slope: tf.Tensor, luma_blocks: int) -> tf.Tensor:
    """Transpose of `scan.dc_differences`: each DC enters its own difference and, negated, the next one's."""
    luma = tf.reshape(slope[:, :, :luma_blocks], [tf.shape(slope)[0], -1])
    luma = tf.reshape(luma - tf.pad(luma[:, 1:], [[0, 0], [0, 1]]), tf.shape(slope[:, :, :luma_blocks]))
    chroma = slope[:, :, luma_blocks:]
    return tf.concat([luma, chroma - tf.pad(chroma[:, 1:], [[0, 0], [0, 1], [0, 0]])], axis=2)
