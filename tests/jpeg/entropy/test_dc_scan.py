"""DC scans of progressive files: read back as they were written, and refused where anything is wrong."""

import numpy as np
import pytest

from jpegpre_tf.jpeg.entropy import dc_scan, huffman
from jpegpre_tf.jpeg.entropy.bits import pack_bits, stuffed
from jpegpre_tf.jpeg.entropy.scan import extra_value, magnitude_category

LUMA, CHROMA = huffman.STANDARD_DC_LUMA, huffman.STANDARD_DC_CHROMA


def written(differences: np.ndarray, tables: list[huffman.HuffmanTable]) -> bytes:
    """One part of a scan; `differences` (MCUs, blocks), the table of each block."""
    categories = magnitude_category(differences)
    columns = np.arange(len(tables))
    codes = np.stack([table.codes() for table in tables])[columns, categories]
    lengths = np.stack([table.lengths() for table in tables])[columns, categories]
    values = codes << categories | extra_value(differences, categories)
    stream, held, left = pack_bits(values.ravel(), (lengths + categories).ravel(), 0, 0)
    return stuffed(stream + (bytes([held << (8 - left) | 0xFF >> left]) if left else b""))


def with_restarts(
    values: np.ndarray, sizes: list[int], tables: list[huffman.HuffmanTable], interval: int
) -> bytes:
    """A scan of DC values (MCUs, blocks)."""
    blocks = [table for table, size in zip(tables, sizes, strict=True) for _ in range(size)]
    parts = []
    for number, first in enumerate(range(0, len(values), interval or len(values))):
        part = values[first : first + (interval or len(values))]
        differences = np.concatenate(
            [
                np.diff(component.ravel(), prepend=0).reshape(component.shape)
                for component in np.split(part, np.cumsum(sizes)[:-1], axis=1)
            ],
            axis=1,
        )
        parts += [bytes((0xFF, 0xD0 + (number - 1) % 8))] if number else []
        parts.append(written(differences, blocks))
    return b"".join(parts)


# 30,000 MCUs are more bytes than are looked up at a time.
@pytest.mark.parametrize(("mcus", "interval"), [(1, 0), (50, 1), (53, 7), (30_000, 0), (30_000, 29_999)])
@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [2, 1, 1], [4, 1, 1]])
def test_first_scans_are_read(mcus, interval, sizes):
    chance = np.random.default_rng(mcus + len(sizes))
    values = chance.integers(-1024, 1024, (mcus, sum(sizes)))
    tables = [LUMA, CHROMA, CHROMA][: len(sizes)]
    data = with_restarts(values, sizes, tables, interval)
    assert mcus < 30_000 or len(data) > 1 << 16
    parts, counts = dc_scan.restart_parts(data, mcus, interval)
    received = dc_scan.read_first(parts, counts, tables, sizes)
    np.testing.assert_array_equal(np.concatenate(received, axis=1), values)


@pytest.mark.parametrize("largest", [0, 3, 2047, 16383])
def test_what_is_written_is_read(largest):
    values = np.random.default_rng(largest).integers(-largest, largest + 1, 5000)
    parts, counts = dc_scan.restart_parts(dc_scan.write_first(values), 5000, 0)
    (received,) = dc_scan.read_first(parts, counts, [dc_scan.TABLE], [1])
    np.testing.assert_array_equal(received[:, 0], values)


def test_what_has_no_code_is_not_written():
    with pytest.raises(ValueError, match="more than can be coded"):
        dc_scan.write_first(np.array([-(1 << 14), 1 << 14]))


@pytest.mark.parametrize("interval", [0, 3])
def test_refinement_scans_are_read_and_written(interval):
    bits = np.random.default_rng(0).integers(0, 2, (1000, 4), np.uint8)
    step = interval or 1000
    pieces = [dc_scan.write_refinement(bits[first : first + step]) for first in range(0, 1000, step)]
    data = pieces[0] + b"".join(
        bytes((0xFF, 0xD0 + number % 8)) + piece for number, piece in enumerate(pieces[1:])
    )
    parts, counts = dc_scan.restart_parts(data, 1000, interval)
    received = dc_scan.read_refinement(parts, counts, [2, 1, 1])
    assert [plane.shape for plane in received] == [(1000, 2), (1000, 1), (1000, 1)]
    np.testing.assert_array_equal(np.concatenate(received, axis=1), bits)


def read(data: bytes, mcus: int, interval: int = 0, table: huffman.HuffmanTable = LUMA) -> None:
    parts, counts = dc_scan.restart_parts(data, mcus, interval)
    dc_scan.read_first(parts, counts, [table], [1])


def test_damaged_scans_are_refused():
    values = np.random.default_rng(0).integers(-1024, 1024, (200, 1))
    data = with_restarts(values, [1], [LUMA], 50)
    read(data, 200, 50)
    for wrong, mcus, interval in (
        (data[:-1], 200, 50),  # cut
        (data + b"\0", 200, 50),  # too long
        (data, 199, 50),
        (data, 201, 50),
        (data, 200, 0),  # restarts that must not be
        (data, 200, 40),
        (data.replace(b"\xff\xd1", b"\xff\xd2"), 200, 50),
        (data.replace(b"\xff\xd1", b""), 200, 50),
        (data.replace(b"\xff\xd1", b"\xff\xff\xd1"), 200, 50),
        (b"", 1, 0),
        (stuffed(b"\xff" * 400), 200, 0),  # a code that is none
    ):
        with pytest.raises(ValueError, match=r"restart|stuffed|longer or shorter|shorter|code"):
            read(wrong, mcus, interval)


@pytest.mark.parametrize(
    ("bits", "values"),
    [
        ((2, *15 * (0,)), (0, 1)),  # all ones
        ((0, 1, *14 * (0,)), (16,)),  # no category of DC
        ((0, 2, *14 * (0,)), (1,)),  # a code without a value
        ((0, 0, 9, *13 * (0,)), tuple(range(9))),  # more codes than there are
    ],
)
def test_tables_that_libjpeg_refuses_are_refused(bits, values):
    with pytest.raises(ValueError, match="Huffman table"):
        read(b"\0", 1, table=huffman.HuffmanTable(bits, values))


def test_refinement_of_another_length_is_refused():
    for length in (124, 126):
        parts, counts = dc_scan.restart_parts(bytes(length), 1000, 0)
        with pytest.raises(ValueError, match="longer or shorter"):
            dc_scan.read_refinement(parts, counts, [1])
