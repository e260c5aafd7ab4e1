"""The TensorFlow pipeline equals Pillow: no sample, no byte differs; eagerly, in graphs, compiled."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from jpegpre_tf.jpeg.codec import FIXED_HEADER_BYTES
from jpegpre_tf.ops import pipeline
from jpegpre_tf.ops.quantization.quantization import quantization_tables

KINDS = ("noise", "smooth", "black", "white", "one colour", "binary", "grey", "edge")
SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")
HUFFMAN = ("optimized", "standard")


def run(images, tables, subsampling, huffman):
    size = pipeline.encoded_size(images, tables, huffman, subsampling, "identity")
    return pipeline.simulate(images, tables, subsampling, "identity"), tf.add_n(list(size))


def assert_equal(real_jpeg, images, qualities, subsampling, huffman, function=run, tables=None):
    given_tables = quantization_tables(tf.constant(qualities, tf.float32)) if tables is None else tables
    decoded, bits = function(tf.constant(images, tf.float32), given_tables, subsampling, huffman)
    for index, image in enumerate(images):
        options = {"tables": tables[index]} if tables is not None else {"quality": qualities[index]}
        content = real_jpeg.encode(image, subsampling=subsampling, huffman=huffman, **options)
        np.testing.assert_array_equal(decoded[index], real_jpeg.decode(content))
        assert bits[index] == 8 * len(content)


PICTURES = {
    "kind": st.sampled_from(KINDS),
    "height": st.integers(1, 70),
    "width": st.integers(1, 70),
    "seed": st.integers(0, 2**32 - 1),
    "quality": st.integers(1, 100),
    "subsampling": st.sampled_from(SUBSAMPLINGS),
    "huffman": st.sampled_from(HUFFMAN),
}


@settings(max_examples=15, deadline=None)
@given(**PICTURES)
def test_eager(real_jpeg, picture, kind, height, width, seed, quality, subsampling, huffman):
    images = np.stack([picture(kind, height, width, seed), picture("noise", height, width, seed)])
    assert_equal(real_jpeg, images, [quality, 101 - quality], subsampling, huffman)


@pytest.fixture(scope="module")
def dynamic():
    """One graph per subsampling and Huffman mode, for every size and batch."""
    signature = [tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None, 2, 8, 8])]
    return {
        (subsampling, huffman): tf.function(
            lambda images, tables, s=subsampling, h=huffman: run(images, tables, s, h), signature
        )
        for subsampling in SUBSAMPLINGS
        for huffman in HUFFMAN
    }


@settings(max_examples=50, deadline=None)
@given(**PICTURES)
def test_any_size_in_one_graph(
    real_jpeg, picture, dynamic, kind, height, width, seed, quality, subsampling, huffman
):
    images = np.stack([picture(kind, height, width, seed), picture("noise", height, width, seed)])
    graph = dynamic[subsampling, huffman]
    assert_equal(
        real_jpeg, images, [quality, 101 - quality], subsampling, huffman, lambda i, t, *_: graph(i, t)
    )


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(**PICTURES)
def test_any_size_in_one_graph_often(
    real_jpeg, picture, dynamic, kind, height, width, seed, quality, subsampling, huffman
):
    graph = dynamic[subsampling, huffman]
    images = picture(kind, height, width, seed)[None]
    assert_equal(real_jpeg, images, [quality], subsampling, huffman, lambda i, t, *_: graph(i, t))


def test_compiled(real_jpeg, picture):
    compiled = tf.function(run, jit_compile=True)
    images = np.stack([picture(kind, 37, 21, 3) for kind in KINDS])
    for first in (1, 50, 93):
        qualities = range(first, first + len(images))
        assert_equal(real_jpeg, images, list(qualities), "4:2:0", "optimized", compiled)


@pytest.mark.slow
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (17, 5), (8, 9), (33, 47), (128, 160)])
def test_compiled_often(real_jpeg, picture, height, width, subsampling):
    compiled = tf.function(run, jit_compile=True)
    images = np.stack([picture(kind, height, width, seed) for kind in KINDS for seed in range(3)])
    for huffman in HUFFMAN:
        for first in (1, 25, 50, 77):
            qualities = range(first, first + len(images))
            assert_equal(real_jpeg, images, list(qualities), subsampling, huffman, compiled)


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_photos(real_jpeg, photos, subsampling):
    assert_equal(real_jpeg, photos, [8, 50, 95], subsampling, "optimized")


@pytest.mark.parametrize("seed", range(4))
def test_tables_per_image(real_jpeg, photos, seed):
    tables = np.random.default_rng(seed).integers(1, 256 if seed else 2, (3, 2, 8, 8)).astype(np.float32)
    assert_equal(real_jpeg, photos, None, "4:2:0", "optimized", tables=tables)


def test_images_are_rounded_and_clipped_first(photos):
    tables = quantization_tables(tf.fill([3], 50.0))
    exact = run(tf.constant(photos, tf.float32), tables, "4:2:0", "optimized")
    moved = photos + np.random.default_rng(0).uniform(-0.49, 0.49, photos.shape)
    moved = np.where(photos == 255, 300, np.where(photos == 0, -5, moved))
    for a, b in zip(exact, run(tf.constant(moved, tf.float32), tables, "4:2:0", "optimized"), strict=True):
        np.testing.assert_array_equal(a, b)


def test_components_and_header_add_up(real_jpeg, photos):
    tables = quantization_tables(tf.fill([3], 50.0))
    size = pipeline.encoded_size(tf.constant(photos, tf.float32), tables, "standard", "4:2:0", "identity")
    # Markers, and the four standard Huffman tables: 12 values in each of DC, 162 in AC, 21 bytes before them.
    np.testing.assert_array_equal(size.header, [8 * (FIXED_HEADER_BYTES + 2 * (12 + 162) + 4 * 21)] * 3)
    gray = np.repeat(photos[..., :1], 3, axis=-1)
    silent = pipeline.encoded_size(tf.constant(gray, tf.float32), tables, "standard", "4:2:0", "identity")
    # A block of zero chroma is a DC category 0 (2 bits) and an end of block (2 bits); 8 x 10 blocks.
    np.testing.assert_array_equal(silent.cb, [8 * 10 * 4] * 3)
    np.testing.assert_array_equal(silent.cr, [8 * 10 * 4] * 3)
    assert np.all(size.cb > silent.cb)
