import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jpegpre_tf.jpeg.entropy import huffman

STANDARD = [
    huffman.STANDARD_DC_LUMA,
    huffman.STANDARD_AC_LUMA,
    huffman.STANDARD_DC_CHROMA,
    huffman.STANDARD_AC_CHROMA,
]


@pytest.mark.parametrize("table", STANDARD)
def test_standard_tables_are_complete(table):
    assert sum(table.bits) == len(table.values) == len(set(table.values))
    assert len(table.values) in (12, 162)


def assert_prefix_code(table):
    lengths, codes = table.lengths(), table.codes()
    words = sorted(f"{codes[s]:0{lengths[s]}b}" for s in np.flatnonzero(lengths))
    assert not any(b.startswith(a) for a, b in itertools.pairwise(words))
    assert not any(set(word) == {"1"} for word in words)  # the all-ones code stays free


@pytest.mark.parametrize("table", STANDARD)
def test_standard_codes_are_prefix_free(table):
    assert_prefix_code(table)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=256, max_size=256).filter(any))
def test_optimal_tables_are_prefix_free_and_cover_what_occurs(counts):
    table = huffman.optimal_table(np.array(counts))
    assert_prefix_code(table)
    assert set(table.values) == {symbol for symbol, count in enumerate(counts) if count}


def test_codes_are_limited_to_16_bits():
    fibonacci = [1, 1]
    while len(fibonacci) < 30:  # an unlimited code would need 30 bits
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    table = huffman.optimal_table(np.array(fibonacci + [0] * 226))
    assert table.lengths().max() == 16
    assert_prefix_code(table)
