"""Training pairs: what is in them, that they repeat, and encoders that cannot be learned."""

from pathlib import Path

import numpy as np
import pytest

from jpegpre_tf.codecs import LibjpegTurbo
from jpegpre_tf.errors import JpegpreError, UsageError
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.training.data.crops import list_pictures
from jpegpre_tf.training.neural.datasets import pairs_dataset
from jpegpre_tf.training.neural.edits import blur, dead_zone, random_edit, sharpen
from jpegpre_tf.training.neural.kept_pairs import KeptPairs
from jpegpre_tf.training.neural.pairs import UNKNOWN, Pairs, load_pairs, make_pairs, tables_of_encoder

PICTURES = list_pictures(Path(__file__).parents[2] / "pictures")
ENCODER = LibjpegTurbo()


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return make_pairs(ENCODER.encode_bytes, PICTURES, count=6, size=64, seed=5)


def test_sizes_and_levels_are_the_encoders(pairs):
    for index in range(6):
        quality = int(pairs.quality[index])
        for side in range(2):
            made = ENCODER.encode(pairs.image[index, side], quality)
            assert pairs.size_bits[index, side] == 8 * made.size_bytes
    assert pairs.luma.shape == (6, 2, 8, 8, 64) and pairs.cb.shape == pairs.cr.shape == (6, 2, 4, 4, 64)
    assert (pairs.luma != UNKNOWN).any() and (pairs.luma != 0).any()
    assert np.all((pairs.quality >= 3) & (pairs.quality <= 95))


def test_the_same_seed_gives_the_same_pairs(pairs):
    again = make_pairs(ENCODER.encode_bytes, PICTURES, count=6, size=64, seed=5)
    other = make_pairs(ENCODER.encode_bytes, PICTURES, count=6, size=64, seed=6)
    np.testing.assert_array_equal(again.image, pairs.image)
    assert not np.array_equal(other.image, pairs.image)


def test_edits_change_the_picture_within_levels(photos):
    generator = np.random.default_rng(0)
    marks = []

    def preprocess(image, quality, strength):
        marks.append((quality, strength))
        return 255 - image

    changed = [random_edit(photos[0], 50, generator, [preprocess]) for _ in range(40)]
    assert all(image.dtype == np.uint8 and image.shape == photos[0].shape for image in changed)
    assert len(marks) > 2 and all(q == 50 and 0 <= s <= 1 for q, s in marks)
    assert any(s == 1 for _, s in marks)
    used = [set(), set()]
    several = [lambda image, q, s, names=names: names.add(q) or image for names in used]
    for quality in range(1, 41):
        random_edit(photos[0], quality, generator, several)
    assert used[0] and used[1] and not used[0] & used[1]
    variation = [
        np.abs(np.diff(image.astype(int), axis=1)).mean() for image in (photos[0], blur(photos[0], 1.0))
    ]
    assert (
        variation[1] < variation[0] < np.abs(np.diff(sharpen(photos[0], 1.0, 100).astype(int), axis=1)).mean()
    )


def test_dead_zone_costs_fewer_bytes_and_its_strength_matters(photos):
    sizes = [
        len(ENCODER.encode_bytes(image, 40))
        for image in (photos[0], dead_zone(photos[0], 40, 0.8), dead_zone(photos[0], 40, 1.6))
    ]
    assert sizes[2] < sizes[1] < sizes[0]


def test_pairs_survive_their_file(pairs, tmp_path):
    pairs.save(tmp_path / "pairs.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.npz"]
    np.testing.assert_array_equal(load_pairs(tmp_path / "pairs.npz").luma, pairs.luma)
    (tmp_path / "pairs.npz").write_bytes(b"PK broken")
    with pytest.raises(JpegpreError, match=r"pairs\.npz"):
        load_pairs(tmp_path / "pairs.npz")


def test_an_interrupted_collection_goes_on_where_it_stopped(pairs, tmp_path):
    folder, about = tmp_path / "pairs.partial", {"encoder": "libjpeg-turbo"}
    calls = []

    def interrupted(image, quality):
        calls.append(quality)
        if len(calls) > 5:  # in the third pair
            raise KeyboardInterrupt
        return ENCODER.encode_bytes(image, quality)

    same = {"count": 6, "size": 64, "seed": 5}
    with pytest.raises(KeyboardInterrupt):
        make_pairs(interrupted, PICTURES, **same, kept=KeptPairs(folder, about))
    calls.clear()

    def counted(image, quality):
        calls.append(quality)
        return ENCODER.encode_bytes(image, quality)

    kept = KeptPairs(folder, about)
    again = make_pairs(counted, PICTURES, **same, kept=kept)
    assert len(calls) == 2 * (6 - 2)
    for name in ("image", "quality", "size_bits", "luma", "cb", "cr"):
        np.testing.assert_array_equal(getattr(again, name), getattr(pairs, name))
    # Of a part that is broken, and of another encoder, nothing is used.
    (folder / "000002.npz").write_bytes(b"broken")
    assert len(KeptPairs(folder, about).read()) == 2
    assert KeptPairs(folder, {"encoder": "another"}).read() == []
    kept.remove()
    assert not folder.exists()


def test_batches(pairs):
    once = list(pairs_dataset(pairs, batch_pairs=2))
    assert len(once) == len(pairs_dataset(pairs, batch_pairs=2)) == 3
    np.testing.assert_array_equal(once[1][1], pairs.quality[2:4])
    large = make_pairs(ENCODER.encode_bytes, PICTURES, count=2, size=128, seed=1, with_quantized=False)
    mixed = pairs_dataset(pairs, batch_pairs=4, seed=0, large=large).take(8)
    shapes = [tuple(batch[0].shape) for batch in mixed]
    # A crop of twice the side counts four times.
    assert shapes == [(4, 2, 64, 64, 3), (1, 2, 128, 128, 3)] * 4
    later = pairs_dataset(pairs, batch_pairs=4, seed=0, large=large, first_batch=3).take(5)
    for resumed, whole in zip(later, list(mixed)[3:], strict=True):
        np.testing.assert_array_equal(resumed[0], whole[0])


def test_tables_are_read_for_every_quality():
    tables = tables_of_encoder(ENCODER.encode_bytes)
    for quality in (1, 50, 100):
        luma, chroma = quantization_tables(quality)
        np.testing.assert_array_equal(tables[quality - 1], np.stack([luma, chroma, chroma]).reshape(3, 64))


def test_encoders_that_cannot_be_learned_are_refused():
    def fickle(image, quality):
        return ENCODER.encode_bytes(image, quality if image.std() > 1 else 101 - quality)

    with pytest.raises(UsageError, match="depend on the picture"):
        tables_of_encoder(fickle)
    tables = tables_of_encoder(ENCODER.encode_bytes)

    def later(image, quality):
        return ENCODER.encode_bytes(image, max(1, quality - 1))

    with pytest.raises(UsageError, match="depend on the picture"):
        make_pairs(later, PICTURES, count=1, size=32, seed=0, tables=tables)
    with pytest.raises(UsageError, match=r"entries over 255 at quality 1 \(300\).*-baseline"):
        tables_of_encoder(large_steps)
    with pytest.raises(JpegpreError, match="4:2:0"):
        tables_of_encoder(LibjpegTurbo(subsampling="4:4:4").encode_bytes)


def large_steps(image, quality):
    """As cjpeg writes it without -baseline: entries of 16 bits."""
    data = ENCODER.encode_bytes(image, quality)
    table = b"\x01\x2c" * 64  # 300
    at = data.index(b"\xff\xdb\x00\x43\x00")
    return data[:at] + b"\xff\xdb\x00\x83\x10" + table + data[at + 69 :]
