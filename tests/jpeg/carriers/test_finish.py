"""Finished carriers are read by other decoders as decided; anything else than the expected file is refused."""

import io
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.carriers.carrier import carrier_pixels
from jpegpre_tf.jpeg.carriers.carrier_correction import corrected_pixels
from jpegpre_tf.jpeg.carriers.finish import finish
from jpegpre_tf.jpeg.files.markers import marker_segments
from jpegpre_tf.jpeg.files.read_coefficients import read_coefficients

ENCODER_QUALITY = 80
ENCODER_TABLES = jpeg.quantization_tables(ENCODER_QUALITY)
TARGET_TABLES = jpeg.quantization_tables(40)[0], jpeg.quantization_tables(55)[1]


def encoded(pixels, quality=ENCODER_QUALITY, **options) -> bytes:
    if pixels.ndim == 3:
        options = {"subsampling": 2} | options
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def decided(image) -> jpeg.Coefficients:
    return jpeg.encode_coefficients(image, tables=TARGET_TABLES)


def assert_holds(content: bytes, coefficients: jpeg.Coefficients) -> None:
    received = read_coefficients(content)
    assert (received.height, received.width) == (coefficients.height, coefficients.width)
    for got, wanted in zip(received.planes, coefficients.planes, strict=True):
        np.testing.assert_array_equal(got, wanted)
    for got, wanted in zip(received.tables, coefficients.tables[: len(received.planes)], strict=False):
        np.testing.assert_array_equal(got, wanted)
    with Image.open(io.BytesIO(content)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), jpeg.decode(coefficients))


KINDS = ("smooth", "grey", "edge", "one colour", "black", "white", "noise")


@settings(max_examples=80, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 99),
    quality=st.integers(1, 100),
    is_gray=st.booleans(),
    options=st.sampled_from(({}, {"optimize": True}, {"progressive": True}, {"restart_marker_blocks": 2})),
)
def test_the_file_is_the_one_decided(picture, height, width, kind, seed, quality, is_gray, options):
    image = picture(kind, height, width, seed)
    image = image[..., 0].copy() if is_gray else image
    coefficients = jpeg.encode_coefficients(image, quality)
    pixels, tables, at = carried(coefficients)
    finished = finish(encoded(pixels, at, **options), tables, coefficients.tables, height, width)
    found = found_in(pixels, tables, coefficients)
    # Whatever the encoder found in the carrier, that the file holds.
    assert_holds(finished, found)
    wrong = count_wrong(found, coefficients)
    # Above, steps of the file come near one level: the next test counts.
    assert wrong == 0 or quality > 80
    if options == {"optimize": True} and not wrong:
        assert len(finished) == jpeg.file_size(coefficients)


@pytest.mark.parametrize("quality", [82, 86, 90])
def test_above_80_few_coefficients_come_out_otherwise_and_cost_nothing(picture, quality):
    wrong = total = 0
    squares = {"decided": 0.0, "held": 0.0}
    for number, kind in enumerate(KINDS * 3):
        height, width = 3 + 11 * number % 67, 70 - 13 * number % 69
        image = picture(kind, height, width, number)
        image = image[..., 0].copy() if number % 4 == 0 else image
        coefficients = jpeg.encode_coefficients(image, quality)
        pixels, tables, _ = carried(coefficients)
        found = found_in(pixels, tables, coefficients)
        wrong += count_wrong(found, coefficients)
        total += sum(plane.size for plane in found.planes)
        for name, held in (("decided", coefficients), ("held", found)):
            squares[name] += ((jpeg.decode(held).astype(float) - image) ** 2).sum()
    # One coefficient of the smallest picture is 1 in 64: the bound is of all together.
    assert wrong <= total / 500
    # 0.01 dB.
    assert squares["held"] <= 1.0023 * squares["decided"]


def carried(coefficients: jpeg.Coefficients) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], int]:
    """The carrier, the encoder's tables, and its quality."""
    at = jpeg.choose_encoder_quality(coefficients, jpeg.quantization_tables)
    tables = jpeg.quantization_tables(at)
    return carrier_pixels(coefficients, tables), tables, at


def found_in(pixels, tables, coefficients: jpeg.Coefficients) -> jpeg.Coefficients:
    """What libjpeg finds in a carrier, as the finished file has it."""
    planes = jpeg.encode_coefficients(pixels, tables=tables).planes
    pairs = zip(planes, coefficients.planes, strict=True)
    return replace(coefficients, planes=tuple(plane[: len(own), : own.shape[1]] for plane, own in pairs))


def count_wrong(found: jpeg.Coefficients, wanted: jpeg.Coefficients) -> int:
    return sum(int((a != b).sum()) for a, b in zip(found.planes, wanted.planes, strict=True))


@pytest.fixture(scope="module")
def sample(photos):
    """A picture of 100x77, its coefficients, and the file that Pillow made of its carrier."""
    coefficients = decided(photos[0][:77, :100])
    return coefficients, encoded(carrier_pixels(coefficients, ENCODER_TABLES), optimize=True)


def test_nothing_but_tables_and_size_changes(sample):
    _, content = sample
    finished = finish(content, ENCODER_TABLES, TARGET_TABLES, 77, 100)
    assert len(finished) == len(content)
    changed = {number for number, (a, b) in enumerate(zip(content, finished, strict=True)) if a != b}
    allowed = set()
    for segment in marker_segments(content):
        if segment.marker in (0xC0, 0xDB):
            allowed |= set(range(segment.start, segment.entropy_start))
    assert changed and changed <= allowed


def test_metadata_is_kept(sample, photos):
    coefficients, _ = sample
    thumbnail = encoded(photos[0][:32, :32])
    exif = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0\0\0\0\0" + thumbnail
    pixels = carrier_pixels(coefficients, ENCODER_TABLES)
    content = encoded(pixels, exif=exif, icc_profile=b"profile", comment=b"\xff\xd9 ends")
    finished = finish(content, ENCODER_TABLES, TARGET_TABLES, 77, 100)
    assert_holds(finished, coefficients)
    assert exif in finished and b"\xff\xd9 ends" in finished
    with Image.open(io.BytesIO(finished)) as picture:
        assert picture.info["icc_profile"] == b"profile"


def test_tables_in_one_segment(sample):
    coefficients, content = sample
    first, second = (s for s in marker_segments(content) if s.marker == 0xDB)
    assert first.end == second.start - 4
    payload = first.payload + second.payload
    joined = b"\xff\xdb" + (len(payload) + 2).to_bytes(2, "big") + payload
    content = content[: first.start - 4] + joined + content[second.end :]
    assert_holds(finish(content, ENCODER_TABLES, TARGET_TABLES, 77, 100), coefficients)


def test_a_shared_table(photos):
    one = np.full((8, 8), 5, np.uint16)
    other = np.full((8, 8), 40, np.uint16)
    coefficients = jpeg.encode_coefficients(photos[0][:40, :40], tables=(other, other))
    pixels = corrected_pixels(carrier_pixels(coefficients, (one, one)), coefficients, (one, one))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=50, qtables=[[5] * 64], subsampling=2)
    content = file.getvalue()
    assert content.count(b"\xff\xdb") == 1
    assert_holds(finish(content, (one, one), (other, other), 40, 40), coefficients)
    with pytest.raises(ValueError, match="luma and chroma share a table"):
        finish(content, (one, one), TARGET_TABLES, 40, 40)


def changed_table(tables, entry):
    luma = tables[0].astype(np.int64)
    luma[7, 7] = entry
    return luma, tables[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"encoder_tables": jpeg.quantization_tables(81)}, "luma table that its carrier was made for"),
        ({"encoder_tables": changed_table(ENCODER_TABLES, 3)}, "luma table that its carrier was made for"),
        ({"encoder_tables": ENCODER_TABLES[:1]}, "`encoder_tables` must be two"),
        ({"target_tables": changed_table(TARGET_TABLES, 256)}, "`target_tables` must be .* 1..255"),
        ({"target_tables": changed_table(TARGET_TABLES, 0)}, "`target_tables` must be .* 1..255"),
        ({"height": 81}, "must be 112 pixels wide and 96 high.* Received: 112x80"),
        ({"height": 64}, "must be 112 pixels wide and 64 high.* Received: 112x80"),
        ({"width": 96}, "must be 96 pixels wide and 80 high.* Received: 112x80"),
        ({"width": 0}, "`width` must be from 1 to 65535. Received: width=0"),
        ({"height": 65536}, "`height` must be from 1 to 65535. Received: height=65536"),
    ],
)
def test_other_arguments_are_refused(sample, arguments, message):
    known = {"encoder_tables": ENCODER_TABLES, "target_tables": TARGET_TABLES, "height": 77, "width": 100}
    with pytest.raises(ValueError, match=message) as error:
        finish(sample[1], **(known | arguments))
    assert "\n" not in str(error.value)


def frame_changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert content.count(old) == 1
    return content.replace(old, new)


SOF = b"\xff\xc0\x00\x11\x08"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"", "not a JPEG file"),
        (lambda content: b"\x89PNG" + content, "not a JPEG file"),
        (lambda content: content[:-2], "truncated: it has no EOI"),
        (lambda content: content[:-100], "truncated: it has no EOI"),
        (lambda content: content[:40], "truncated: a segment at byte 20 goes beyond"),
        (lambda content: content[:20] + b"\xff\xd9", "one frame header. Received: 0"),
        (lambda content: content[:20] + b"x" + content[20:], "no marker segment at byte 20"),
        (lambda content: frame_changed(content, SOF, b"\xff\xc0\x00\x11\x0c"), "8-bit samples. Received: 12"),
        (lambda content: frame_changed(content, SOF, b"\xff\xc9\x00\x11\x08"), "arithmetic coding"),
        (lambda content: frame_changed(content, SOF, b"\xff\xc3\x00\x11\x08"), "Received: lossless"),
        (lambda content: frame_changed(content, SOF, b"\xff\xc5\x00\x11\x08"), "Received: hierarchical"),
        (lambda content: content[:-2] + b"\xff\xdc\x00\x04\x00\x50\xff\xd9", "a DNL segment"),
        (lambda content: content[:20] + b"\xff\xcc\x00\x04\x00\x00" + content[20:], "arithmetic coding"),
        (lambda content: content[:89] + content[20:], "table 0 more than once"),
        (lambda content: content[:20] + content[89:], "no quantization table 0"),
    ],
)
def test_other_files_are_refused(sample, change, message):
    with pytest.raises(ValueError, match=message) as error:
        finish(change(sample[1]), ENCODER_TABLES, TARGET_TABLES, 77, 100)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("number", "name"), [(0, "4:4:4"), (1, "4:2:2")])
def test_other_sampling_is_refused(sample, number, name):
    pixels = carrier_pixels(sample[0], ENCODER_TABLES)
    with pytest.raises(ValueError, match=f"must be 4:2:0. Received: {name}"):
        finish(encoded(pixels, subsampling=number), ENCODER_TABLES, TARGET_TABLES, 77, 100)


def test_a_grey_file_of_whole_mcus_is_refused(photos):
    coefficients = decided(photos[0][:20, :20, 0].copy())
    pixels = np.pad(carrier_pixels(coefficients, ENCODER_TABLES), ((0, 8), (0, 8)))
    with pytest.raises(ValueError, match=r"must be 24 pixels wide and 24 high.* Received: 32x32"):
        finish(encoded(pixels), ENCODER_TABLES, TARGET_TABLES, 20, 20)


def test_mutated_files_are_refused_or_finished(sample):
    chance = np.random.default_rng(0)
    refused = 0
    for _ in range(500):
        content = bytearray(sample[1])
        for _ in range(chance.integers(1, 6)):
            content[chance.integers(700 if chance.random() < 0.7 else len(content))] = chance.integers(256)
        try:
            finished = finish(bytes(content), ENCODER_TABLES, TARGET_TABLES, 77, 100)
        except ValueError as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert len(finished) == len(content)
    assert 100 < refused < 500


def run(program: str, content: bytes, *options: str) -> bytes:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([found, *options], input=content, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


@pytest.mark.codec
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_programs_of_libjpeg_read_it(photos, options):
    coefficients = decided(photos[0][:77, :101])  # 10x13 blocks
    content = encoded(carrier_pixels(coefficients, ENCODER_TABLES), **options)
    finished = finish(content, ENCODER_TABLES, TARGET_TABLES, 77, 101)
    with Image.open(io.BytesIO(run("djpeg", finished, "-dct", "int"))) as picture:
        np.testing.assert_array_equal(np.asarray(picture), jpeg.decode(coefficients))
    for wanted in ("-optimize", "-progressive"):
        assert_holds(run("jpegtran", finished, wanted), coefficients)
