"""The rate gradient: what one coefficient's move really costs, counted by the NumPy reference."""

import numpy as np
import pytest
import tensorflow as tf

from jpegpre_tf.jpeg.entropy import huffman as reference_huffman
from jpegpre_tf.jpeg.entropy import scan as reference_scan
from jpegpre_tf.ops.entropy import entropy, entropy_slopes
from jpegpre_tf.ops.quantization import rounding

ROWS, COLUMNS = 3, 4
STANDARD = [
    reference_huffman.STANDARD_DC_LUMA,
    reference_huffman.STANDARD_AC_LUMA,
    reference_huffman.STANDARD_DC_CHROMA,
    reference_huffman.STANDARD_AC_CHROMA,
]
TABLES = tf.ones([1, 2, 8, 8]) * 10.0


def random_planes(seed, density=0.15):
    """Y, Cb, Cr of a 4:4:4 picture: (rows, columns, 8, 8) levels, sparse, small."""
    random = np.random.default_rng(seed)
    planes = []
    for _ in range(3):
        plane = np.round(random.laplace(0, 2.5, (ROWS, COLUMNS, 8, 8)))
        plane *= random.random(plane.shape) < density
        plane[..., 0, 0] = random.integers(-60, 60, (ROWS, COLUMNS))
        planes.append(plane)
    return planes


def true_bits(planes):
    """Codes and extra bits with the standard's tables."""
    levels = [plane.astype(np.int16) for plane in planes]
    symbols = reference_scan.list_symbols(*reference_scan.scan_blocks(levels, (1, 1), (ROWS, COLUMNS)))
    lengths = np.stack([table.lengths() for table in STANDARD])
    return int(lengths[symbols.table, symbols.symbol].sum() + symbols.extra_bits.sum())


def picture_layout(plane):
    return tf.constant(plane.swapaxes(1, 2)[None], tf.float32)


def gradients(planes, real_planes, surrogate):
    """d bits / d real, per plane, in block layout."""
    real = [picture_layout(plane) for plane in real_planes]
    with tf.GradientTape() as tape:
        tape.watch(real)
        size, _ = entropy.coded_size(
            [picture_layout(plane) for plane in planes], real, TABLES, "standard", "4:4:4", surrogate
        )
        bits = size.luma + size.cb + size.cr
    assert bits[0] == true_bits(planes)
    return [np.asarray(slope)[0].swapaxes(1, 2) for slope in tape.gradient(bits, real)]


def moved(planes, component, index, level):
    changed = [plane.copy() for plane in planes]
    changed[component][index] = level
    return true_bits(changed)


def ac_positions(seed, count):
    random = np.random.default_rng(seed)
    for _ in range(count):
        v, u = divmod(int(random.integers(1, 64)), 8)
        yield int(random.integers(3)), (int(random.integers(ROWS)), int(random.integers(COLUMNS)), v, u)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_identity_is_the_cost_of_the_step_below(level, sign):
    """From 0: of the step up. Also for runs over 16, at the end of the block, between neighbours."""
    for component, index in ac_positions(level, 8):
        planes = random_planes(level, density=0.05 if level % 2 else 0.2)
        planes[component][index] = sign * level
        real = [plane.copy() for plane in planes]
        real[component][index] = sign * (level + 0.3)
        slope = gradients(planes, real, "identity")[component][index]
        upper = max(level, 1)
        expected = moved(planes, component, index, sign * upper) - moved(
            planes, component, index, sign * (upper - 1)
        )
        assert slope == sign * expected


@pytest.mark.parametrize(("level", "category"), [(4, 3), (7, 3), (13, 4), (100, 7)])
def test_identity_spreads_larger_categories(level, category):
    for component, index in ac_positions(level, 4):
        planes = random_planes(level)
        planes[component][index] = level
        slope = gradients(planes, planes, "identity")[component][index]
        first = 2 ** (category - 1)
        rise = moved(planes, component, index, first) - moved(planes, component, index, first - 1)
        assert slope == pytest.approx(rise / (1.5 * 2 ** (category - 2)), rel=1e-6)


@pytest.mark.parametrize("surrogate", ["cubic", "soft", "dither"])
@pytest.mark.parametrize("upper", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("side", [-0.05, 0.05])
def test_other_surrogates_are_the_cost_of_the_nearest_tie(surrogate, upper, side):
    density = float(rounding.surrogate_slope(tf.constant([0.5 + side]), surrogate)[0])
    for component, index in ac_positions(upper, 3):
        planes = random_planes(upper)
        planes[component][index] = upper - 1 + (side > 0)
        real = [plane.copy() for plane in planes]
        real[component][index] = upper - 0.5 + side
        slope = gradients(planes, real, surrogate)[component][index]
        expected = moved(planes, component, index, upper) - moved(planes, component, index, upper - 1)
        # x - round(x) of upper - 0.45 has an error of 1e-6; the surrogates are at most 25 steep there.
        assert slope == pytest.approx(density * expected, rel=1e-4, abs=1e-4)


def test_dc_gradient_predicts_moves():
    """Costs of DC come in categories: right on average over many moves, not for each."""
    predicted, actual = [], []
    for seed in range(4):
        planes = random_planes(seed)
        slopes = gradients(planes, planes, "identity")
        for component in range(3):
            for row, column in np.ndindex(ROWS, COLUMNS):
                index = row, column, 0, 0
                for move in (-8, -4, 4, 8):
                    level = planes[component][index] + move
                    actual.append(moved(planes, component, index, level) - true_bits(planes))
                    predicted.append(slopes[component][index] * move)
    predicted, actual = np.array(predicted), np.array(actual)
    assert np.corrcoef(predicted, actual)[0, 1] > 0.5
    assert 0.5 < (predicted * actual).sum() / (predicted * predicted).sum() < 2


def test_gradient_of_the_tables_is_where_ties_are_crossed():
    """A coefficient just above 0.5 steps vanishes when its step grows; one at 0.2 does not care."""
    planes = [np.zeros((ROWS, COLUMNS, 8, 8)) for _ in range(3)]
    planes[0][1, 2, 0, 3] = 1
    saved = true_bits(planes) - true_bits([np.zeros_like(planes[0])] * 3)
    real = [plane * 0.55 for plane in planes]
    real[0][1, 2, 5, 5] = 0.2
    arguments = [[picture_layout(plane) for plane in side] for side in (planes, real)]
    with tf.GradientTape() as tape:
        tape.watch(TABLES)
        size, _ = entropy.coded_size(*arguments, TABLES, "standard", "4:4:4", "identity")
    slope = np.array(tape.gradient(size.luma, TABLES)[0])
    expected = -saved * 0.55 / 10 / (2 * entropy_slopes.TABLE_HALF_WIDTH)
    assert slope[0, 0, 3] == pytest.approx(expected, rel=1e-5)
    slope[0, 0, 3] = 0
    assert not slope.any()


def test_stuffing_counts_bytes_of_ones():
    # 27 ones, an empty position, 5 ones; 8 bits of 0x7F.
    units = tf.constant([[[2**27 - 1, 0, 31] + [0] * 61, [0x7F] + [0] * 63]], tf.int32)
    bits = tf.constant([[[27, 0, 5] + [0] * 61, [8] + [0] * 63]], tf.int32)
    assert entropy.stuffed_bits(units, bits, tf.constant([40])).numpy().tolist() == [4 * 8]
    # 13 bits of ones: one whole byte, and one completed with ones.
    bits = tf.constant([[[13] + [0] * 63]], tf.int32)
    units = tf.constant([[[2**13 - 1] + [0] * 63]], tf.int32)
    assert entropy.stuffed_bits(units, bits, tf.constant([13])).numpy().tolist() == [3 + 2 * 8]


def test_unknown_modes_are_refused():
    with pytest.raises(ValueError, match=r"`huffman` must be one of .* Received: huffman='fast'"):
        entropy.check_huffman("fast")
