"""Carriers: the file holds what was decided, exactly, for any size, tiled or not."""

import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference import session as session_module

ORDER = sorted(range(64), key=lambda k: (k // 8 + k % 8, k))


class RoundingTiles:
    """Stands in for a network with the signature `decide`: rounds each tile, with context that must not matter."""

    def __init__(self, content, threads):
        self.decides = True
        self._buffer = np.empty((0, 0, 3), np.uint8)

    def buffer(self, height, width):
        if self._buffer.shape[:2] != (height, width):
            self._buffer = np.empty((height, width, 3), np.uint8)
        return self._buffer

    def decide(self, conditions):
        tables = tuple(conditions.tables.astype(np.uint8))
        luma, cb, cr = (
            plane.reshape(*plane.shape[:2], 64)[..., ORDER].astype(np.float32)
            for plane in jpeg.encode_coefficients(self._buffer, tables=tables).planes
        )
        return luma, np.concatenate([cb, cr], axis=-1)


def make_session(monkeypatch, **options) -> runtime.Session:
    monkeypatch.setattr(session_module, "LiteRTTiles", RoundingTiles)
    return runtime.Session(b"", alignment=16, overlap=32, **options)


def encode(carrier) -> bytes:
    """What Pillow makes of a carrier, finished."""
    pixels, is_gray = carrier.pixels, carrier.pixels.ndim == 2
    if is_gray:
        pixels = np.repeat(pixels[..., np.newaxis], 3, axis=2)
    return carrier.finish(runtime.encode_jpeg(pixels, carrier.quality, is_gray=is_gray))


def wrong(content, decided) -> int:
    held = jpeg.read_coefficients(content)
    assert (held.height, held.width) == (decided.height, decided.width)
    assert all(
        (a == b).all() for a, b in list(zip(held.tables, decided.tables, strict=True))[: len(held.planes)]
    )
    return sum(int((a != b).sum()) for a, b in zip(held.planes, decided.planes, strict=True))


@pytest.mark.parametrize("quality", [5, 30, 60, 75.5, 85])
def test_the_file_holds_the_decisions_and_decodes_with_the_target_tables(balanced, photos, quality):
    pixels = photos[1][:200, :301]
    decided = balanced.decide(pixels, balanced.target_tables(quality), 0)
    content = encode(balanced.carrier(pixels, quality, 0))
    # One coefficient of 90,000 may lie on a tie.
    assert wrong(content, decided) <= 1
    assert np.asarray(Image.open(io.BytesIO(content))).shape == pixels.shape


def test_without_a_network_it_is_libjpegs_file_with_those_tables(balanced, photos, real_jpeg):
    pixels = photos[0][:160, :160]
    tables = balanced.target_tables(50)
    ideal = jpeg.read_coefficients(real_jpeg.encode(pixels, tables=tables))
    assert wrong(encode(balanced.carrier(pixels, 50, 0)), ideal) == 0


def test_every_size(balanced):
    """What a carrier says of its coefficients is true: exactly, or where it did not count, to 1 in 5,000.

    The latter is summed over all pictures: one coefficient of the smallest picture is 1 in 64.
    """
    uncounted = {"wrong": 0, "all": 0}
    squares = {"decided": 0.0, "held": 0.0}

    @given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 100), st.booleans(), st.integers(0, 99))
    @settings(max_examples=60, deadline=None, derandomize=True)
    @example(1, 11, 85, False, 0)
    @example(11, 1, 85, False, 0)
    def check(height, width, quality, is_gray, seed):
        random = np.random.default_rng(seed)
        slope = np.add.outer(np.arange(height), np.arange(width)) * 2 % 255
        shape = (height, width) if is_gray else (height, width, 3)
        picture = slope if is_gray else slope[..., np.newaxis]
        picture = np.clip(picture + random.normal(0, 9, shape), 0, 255).astype(np.uint8)
        decided = balanced.decide(picture, balanced.target_tables(quality), 0)
        carrier = balanced.carrier(picture, quality, 0)
        unit = 8 if is_gray else 16
        assert carrier.pixels.shape[:2] == (-(-height // unit) * unit, -(-width // unit) * unit)
        content = encode(carrier)
        count = wrong(content, decided)
        if carrier.wrong_share:
            # Of whole MCUs: what is wrong may be in blocks that the picture has not.
            coefficients = carrier.pixels.size // (1 if is_gray else 2)
            assert count <= round(carrier.wrong_share * coefficients)
        else:
            uncounted["wrong"] += count
            uncounted["all"] += sum(plane.size for plane in decided.planes)
        if carrier.is_exact:
            for name, pixels in (
                ("decided", jpeg.decode(decided)),
                ("held", np.asarray(Image.open(io.BytesIO(content)))),
            ):
                squares[name] += ((pixels.astype(float) - picture) ** 2).sum()

    check()
    assert uncounted["all"] > 50_000
    assert uncounted["wrong"] <= uncounted["all"] / 5000
    # 0.01 dB.
    assert squares["held"] <= 1.0023 * squares["decided"]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 33), (300, 211), (96, 500)])
def test_tiles_decide_as_the_whole(monkeypatch, photos, height, width):
    pixels = photos[0][:height, :width]
    tables = jpeg.quantization_tables(60)
    decided = [
        make_session(monkeypatch, tile_pixels=tile_pixels).decide(pixels, tables)
        for tile_pixels in (1 << 22, 128 * 128)
    ]
    expected = make_session(monkeypatch).decide(pixels, tables, 0)
    for whole, tiled, own in zip(decided[0].planes, decided[1].planes, expected.planes, strict=True):
        assert (whole == tiled).all() and whole.shape == own.shape
        # Below an odd height libjpeg adds rows in another way than tiles do: the last row of blocks.
        assert (whole[:-1] == own[:-1]).all()


def test_a_grey_picture_has_one_plane(monkeypatch, photos):
    gray = Image.fromarray(photos[0][:40, :56]).convert("L")
    tables = jpeg.quantization_tables(60)
    (plane,) = make_session(monkeypatch).decide(gray, tables).planes
    assert (plane == jpeg.encode_coefficients(np.asarray(gray), tables=tables).planes[0]).all()
    assert make_session(monkeypatch).carrier(gray, 60).pixels.shape == (40, 56)


def test_a_picture_of_pillow_is_taken(balanced, photos):
    pixels = photos[0][:64, :64]
    image = Image.fromarray(pixels)
    assert (balanced(image, 60) == balanced(pixels, 60)).all()
    assert (balanced.carrier(image, 60, 0).pixels == balanced.carrier(pixels, 60, 0).pixels).all()


def test_tables_instead_of_a_quality(balanced, photos):
    tables = jpeg.quantization_tables(85)
    carrier = balanced.carrier(
        photos[0][:64, :64], 60, 0, encoder_tables=tables, tables=jpeg.quantization_tables(50)
    )
    assert carrier.quality is None and (carrier.encoder_tables == np.stack(tables)).all()
    content = carrier.finish(runtime.encode_jpeg(carrier.pixels, 85))
    assert (jpeg.read_coefficients(content).tables[0] == jpeg.quantization_tables(50)[0]).all()
    # Edits for an encoder's own tables: of a model that knows qualities, the nearest.
    edited = balanced(photos[0][:64, :64], 30, tables=jpeg.quantization_tables(60))
    assert (edited == balanced(photos[0][:64, :64], 60)).all()


def test_misuse_is_one_clear_line(balanced, edits_only, photos):
    pixels = photos[0][:33, :40]
    with pytest.raises(ModelError, match="only edits pixels"):
        edits_only.carrier(pixels, 60)
    for tables in ([[1]], np.zeros((2, 8, 8), int), np.ones((2, 8, 8)), np.full((2, 8, 8), 256)):
        with pytest.raises(ValueError, match="`tables` must be two tables"):
            balanced.carrier(pixels, 60, 0, tables=tables)
    with pytest.raises(ValueError, match="`quality`"):
        balanced.carrier(pixels, 0.5, 0)
    with pytest.raises(TypeError, match="`image`"):
        balanced.carrier(pixels.astype(float), 60, 0)
    carrier = balanced.carrier(pixels, 60, 0)
    other = runtime.encode_jpeg(carrier.pixels, 50 if carrier.quality != 50 else 51)
    for content in (b"", b"not JPEG", other, runtime.encode_jpeg(pixels, carrier.quality)):
        with pytest.raises(ValueError, match="JPEG"):
            carrier.finish(content)


@pytest.mark.parametrize("quality", [50, 90, 94, 97, 100])
def test_what_does_not_survive_is_known_before(monkeypatch, photos, quality):
    """As many coefficients as Pillow's own file holds otherwise; where few of them do, it is said to be exact."""
    session = make_session(monkeypatch)
    page = np.full((64, 64, 3), 255, np.uint8)
    page[::7], page[:, ::11] = 0, (255, 0, 0)
    for image in (photos[0][:64, :96], page):
        carrier = session.carrier(image, quality, 0)
        decided = session.decide(image, carrier.tables, 0)
        share = wrong(encode(carrier), decided) / sum(plane.size for plane in decided.planes)
        assert carrier.is_exact == (share <= (1 / 5000 if quality <= 80 else 1 / 500))
        assert carrier.wrong_share == share or (carrier.wrong_share == 0 and share <= 1 / 5000)
        assert carrier.is_exact or quality >= 94
