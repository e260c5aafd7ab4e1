"""Per-file optimal Huffman tables as tensors, equal to `jpegpre_tf.jpeg.entropy.huffman`, one per row."""

import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.entropy import huffman as reference

_SYMBOLS = 256
_MAX_DEPTH = 64  # a tree deeper than 45 needs more than 2**31 symbols (Fibonacci counts)
_NONE = np.int64(1) << 60


def standard_tables() -> tuple[np.ndarray, np.ndarray, int]:
    """The standard's tables (T.81 K.3 to K.6): lengths and codes, int32 (4, 256); bytes of their segments."""
    tables = [
        reference.STANDARD_DC_LUMA,
        reference.STANDARD_AC_LUMA,
        reference.STANDARD_DC_CHROMA,
        reference.STANDARD_AC_CHROMA,
    ]
    lengths = np.stack([table.lengths() for table in tables]).astype(np.int32)
    codes = np.stack([table.codes() for table in tables]).astype(np.int32)
    return lengths, codes, sum(table.segment_bytes for table in tables)


def _code_sizes(counts: tf.Tensor) -> tf.Tensor:
    """Depth of each symbol in libjpeg's Huffman tree: int64 (rows, 257), 0 for absent symbols."""
    index = tf.range(_SYMBOLS + 1, dtype=tf.int64)
    rows = tf.shape(counts)[0]
    # Pseudo-symbol 256 keeps the all-ones code free.
    frequency = tf.concat([tf.cast(counts, tf.int64), tf.ones([rows, 1], tf.int64)], axis=1)

    def rarest(frequency: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Among equals libjpeg takes the larger symbol. The key holds the index: a minimum is faster than
        # argmin.
        key = tf.where(frequency > 0, frequency * 512 + (511 - index), _NONE)
        smallest = tf.reduce_min(key, axis=1, keepdims=True)
        return 511 - smallest % 512, smallest < _NONE

    def merge(frequency, tree, size, _):  # type: ignore[no-untyped-def]
        first, _ = rarest(frequency)
        is_first = index == first
        second, found = rarest(tf.where(is_first, tf.zeros_like(frequency), frequency))
        is_second = (index == second) & found
        moved = tf.reduce_sum(tf.where(is_second, frequency, tf.zeros_like(frequency)), axis=1, keepdims=True)
        frequency = frequency + tf.where(is_first, moved, -tf.where(is_second, moved, tf.zeros_like(moved)))
        joined = ((tree == first) | (tree == second)) & found
        tree = tf.where((tree == second) & found, first, tree)
        return frequency, tree, size + tf.cast(joined, tf.int64), tf.reduce_any(found)

    tree = tf.zeros_like(frequency) + index
    state = (frequency, tree, tf.zeros_like(frequency), tf.constant(True))
    return tf.while_loop(lambda *state: state[3], merge, state, maximum_iterations=_SYMBOLS + 1)[2]


def _limited_length_counts(sizes: tf.Tensor) -> tf.Tensor:
    """How many codes of each length 0..16 (index = length): int64 (rows, 17); T.81 figure K.3."""
    length = tf.range(_MAX_DEPTH, dtype=tf.int64)
    per_length = tf.reduce_sum(tf.cast(sizes[:, :, None] == length, tf.int64), axis=1)
    per_length *= tf.cast(length > 0, tf.int64)

    def largest(mask: tf.Tensor) -> tf.Tensor:
        return tf.reduce_max(tf.where(mask, length, -tf.ones_like(length)), axis=1, keepdims=True)

    def shorten(per_length: tf.Tensor) -> tuple[tf.Tensor]:
        longest = largest(per_length > 0)
        active = tf.cast(longest > reference.MAX_CODE_LENGTH, tf.int64)
        donor = largest((per_length > 0) & (length <= longest - 2))
        change = (
            -2 * tf.cast(length == longest, tf.int64)
            + tf.cast(length == longest - 1, tf.int64)
            + 2 * tf.cast(length == donor + 1, tf.int64)
            - tf.cast(length == donor, tf.int64)
        )
        return (per_length + active * change,)

    too_long = length > reference.MAX_CODE_LENGTH
    (per_length,) = tf.while_loop(
        lambda per_length: tf.reduce_any((per_length > 0) & too_long), shorten, (per_length,)
    )
    # The pseudo-symbol has one of the longest codes: drop it.
    per_length -= tf.cast(length == largest(per_length > 0), tf.int64)
    return per_length[:, : reference.MAX_CODE_LENGTH + 1]


def optimal_tables(counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """libjpeg's optimal tables.

    Args:
        counts: int32 (rows, 256), occurrences of each symbol; one row per table.

    Returns:
        Code lengths and codes, int32 (rows, 256), 0 for absent symbols; bytes of each DHT segment, int32
        (rows,).
    """
    sizes = _code_sizes(counts)
    per_length = _limited_length_counts(sizes)
    rows = tf.shape(counts)[0]
    symbol = tf.range(_SYMBOLS, dtype=tf.int64)
    sizes = sizes[:, :_SYMBOLS]
    # Codes are given out by size, then by symbol. rank = position in DHT's list.
    key = tf.where(sizes > 0, sizes * 512 + symbol, _NONE + symbol)
    rank = tf.cast(tf.argsort(tf.argsort(key, axis=1), axis=1), tf.int64)

    ends = tf.stack([tf.reduce_sum(per_length[:, : n + 1], axis=1) for n in range(17)], axis=1)
    length = tf.reduce_sum(tf.cast(rank[:, :, None] >= ends[:, None, :], tf.int64), axis=2)
    present = sizes > 0
    length = tf.where(present, length, tf.zeros_like(length))

    first_code = [tf.zeros([rows], tf.int64)]
    for n in range(16):
        first_code.append((first_code[n] + per_length[:, n]) * 2)
    offset = tf.stack(first_code, axis=1) - (ends - per_length)
    code = rank + tf.gather(offset, length, axis=1, batch_dims=1)
    code = tf.where(present, code, tf.zeros_like(code))
    segment = 2 + 2 + 1 + 16 + tf.reduce_sum(tf.cast(present, tf.int32), axis=1)
    return tf.cast(length, tf.int32), tf.cast(code, tf.int32), segment
