"""What a change of a coefficient costs in bits, Huffman tables as they are: the gradient of `ops.entropy`."""

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.entropy.scan import END_OF_BLOCK, ZERO_RUN
from jpegpre_tf.ops.entropy import scan
from jpegpre_tf.ops.quantization.quantization import crossing_density

# Steps, see `crossing_density`; wider than for pixels, as costs jump at ties and more coefficients have to
# share them.
TABLE_HALF_WIDTH = 0.2


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


def ac_cost_slope(
    blocks: tf.Tensor, out: scan.EntropySymbols, real: tf.Tensor, lengths: tf.Tensor, surrogate: str
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


def _dc_tie_slope(out: scan.EntropySymbols, real_differences: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
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


def dc_cost_slope(out: scan.EntropySymbols, lengths: tf.Tensor) -> tf.Tensor:
    """d bits / d DC difference: float32 (batch, MCUs, blocks per MCU)."""
    difference, category = out.values[..., 0], out.category[..., 0]
    batch = tf.shape(difference)[0]
    base = tf.reshape(tf.range(batch) * 1024, [-1, 1, 1]) + tf.constant(out.table[:, 0] * 256)
    flat = tf.cast(tf.reshape(lengths, [-1]), tf.float32)
    below, above = tf.maximum(category - 1, 0), tf.minimum(category + 1, 11)
    rise = tf.gather(flat, base + above) - tf.gather(flat, base + below) + tf.cast(above - below, tf.float32)
    # Centres of the neighbouring categories are 1.25 * 2**category apart.
    return tf.sign(difference) * tf.maximum(rise, 0.0) / (1.25 * tf.pow(2.0, tf.cast(category, tf.float32)))


def lengths_for_absent(lengths: tf.Tensor) -> tf.Tensor:
    """Gives symbols without a code one bit more than the table's longest code, at most 16."""
    tables = tf.reshape(lengths, [-1, 4, 256])
    longest = tf.reduce_max(tables, axis=2, keepdims=True)
    filled = tf.where(tables > 0, tables, tf.minimum(longest + 1, 16))
    return tf.reshape(filled, [-1, 1024])


def bits_by_step(
    blocks: tf.Tensor, out: scan.EntropySymbols, real: tf.Tensor, lengths: tf.Tensor, luma_blocks: int
) -> tf.Tensor:
    """Change in bits per relative growth of the step, coefficient by coefficient: float32, shape of `blocks`.

    A step larger by a share e moves a real coefficient x to x - e x. AC: the cost of the tie nearby, times
    how densely ties are crossed there. DC: differences shrink by the same share.
    """
    ac = ac_cost_slope(blocks, out, real, lengths, "dither") * crossing_density(real, TABLE_HALF_WIDTH)
    differences = scan.dc_differences(real, luma_blocks)
    dc = _dc_tie_slope(out, differences, lengths) * differences
    return -tf.concat([dc[..., None], (ac * tf.abs(real))[..., 1:]], axis=-1)


def dc_to_blocks(slope: tf.Tensor, luma_blocks: int) -> tf.Tensor:
    """Transpose of `scan.dc_differences`: each DC enters its own difference and, negated, the next one's."""
    luma = tf.reshape(slope[:, :, :luma_blocks], [tf.shape(slope)[0], -1])
    luma = tf.reshape(luma - tf.pad(luma[:, 1:], [[0, 0], [0, 1]]), tf.shape(slope[:, :, :luma_blocks]))
    chroma = slope[:, :, luma_blocks:]
    return tf.concat([luma, chroma - tf.pad(chroma[:, 1:], [[0, 0], [0, 1], [0, 0]])], axis=2)
