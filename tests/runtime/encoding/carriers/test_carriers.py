"""`encode_file` by carriers: what was decided is in the file, whole or in strips, and the result says what was done."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.errors import PictureError
from jpegpre_tf.jpeg import codec
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime.encoding import encode_job
from jpegpre_tf.runtime.encoding.carriers.encoder_tables import CarrierError, EncoderTables
from jpegpre_tf.runtime.encoding.rendering import strip_renderer
from jpegpre_tf.runtime.inference import carrier as inference_carrier


@pytest.fixture
def source(photos, tmp_path):
    path = tmp_path / "in.png"
    Image.fromarray(photos[1][:211, :300]).save(path)
    return path


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("scan", ["baseline", "progressive", "smallest"])
@pytest.mark.parametrize("height", [208, 195])  # 26 and 25 rows of blocks
def test_the_file_holds_the_decisions(balanced, photos, tmp_path, mode, scan, height):
    image = Image.fromarray(photos[1][:height, :304]).convert(mode)
    image.save(tmp_path / "in.png")
    result = runtime.encode_file(
        tmp_path / "in.png", tmp_path / "out.jpg", balanced, quality=60, strength=0, scan=scan
    )
    decided = balanced.decide(image, balanced.target_tables(60), 0)
    content = (tmp_path / "out.jpg").read_bytes()
    held = jpeg.read_coefficients(content)
    assert all((a == b).all() for a, b in zip(held.planes, decided.planes, strict=True))
    assert (held.tables[0] == balanced.target_tables(60)[0]).all()
    assert ("progression" in Image.open(tmp_path / "out.jpg").info) == (
        scan == "progressive"
    ) or scan == "smallest"
    assert (
        not result.reasons
        and result.edit_reason is None
        and result.psnr_db == runtime.psnr_db(runtime.open_picture(tmp_path / "in.png").pixels, content)
    )


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(("height", "width"), [(211, 300), (64, 517), (5, 9)])
def test_strips_are_the_whole(balanced, photos, tmp_path, monkeypatch, mode, height, width):
    source = tmp_path / "in.png"
    Image.fromarray(photos[1][:height, :width]).convert(mode).save(source)
    whole = runtime.encode_file(source, tmp_path / "whole.jpg", balanced, strength=0, quality=50)
    monkeypatch.setattr(encode_job, "WHOLE_PIXELS", 10)
    monkeypatch.setattr(strip_renderer, "_STRIP_PIXELS", 1000)
    strips = runtime.encode_file(source, tmp_path / "strips.jpg", balanced, strength=0, quality=50)
    assert (tmp_path / "whole.jpg").read_bytes() == (tmp_path / "strips.jpg").read_bytes()
    assert strips.psnr_db == pytest.approx(whole.psnr_db, abs=1e-5)
    assert strips.edit_reason is None


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_strips_without_the_kernel_are_carried_too(balanced, photos, tmp_path, monkeypatch, mode):
    """Where there is no C compiler NumPy makes them, a few rows of MCUs at a time."""
    source = tmp_path / "in.png"
    Image.fromarray(photos[1][:131, :300]).convert(mode).save(source)
    # Annex K's, whatever tables are learned; 94: steps so fine that samples are corrected and coefficients counted.
    for quality in (50, 94):
        options = {"strength": 0, "tables": np.stack(quantization_tables(quality))}
        whole = runtime.encode_file(source, tmp_path / "whole.jpg", balanced, **options)
        assert whole.edit_reason is None
        with monkeypatch.context() as patched:
            patched.setattr(encode_job, "WHOLE_PIXELS", 10)
            patched.setattr(strip_renderer, "_STRIP_PIXELS", 1000)
            patched.setattr(codec, "_STRIP_PIXELS", 16 * 300)
            patched.setattr(inference_carrier, "kernel_carriers", lambda threads: None)
            strips = runtime.encode_file(source, tmp_path / "strips.jpg", balanced, **options)
        assert strips.edit_reason is None
        assert (tmp_path / "whole.jpg").read_bytes() == (tmp_path / "strips.jpg").read_bytes()


@pytest.mark.parametrize("limit", [5000, 9000, 20_000, 30_000])
def test_a_target_size_is_met_by_tables_in_between(balanced, source, tmp_path, limit):
    target = tmp_path / "out.jpg"
    result = runtime.encode_file(source, target, balanced, target_size_bytes=limit, strength=0)
    assert 0.97 * limit <= target.stat().st_size == result.size_bytes <= limit
    again = runtime.encode_file(source, tmp_path / "again.jpg", balanced, target_size_bytes=limit, strength=0)
    assert again.quality == result.quality


def test_tables_of_ones_own(balanced, source, tmp_path):
    tables = np.stack(jpeg.quantization_tables(40)) + np.arange(64).reshape(8, 8) % 3
    result = runtime.encode_file(source, tmp_path / "out.jpg", balanced, strength=0, tables=tables)
    assert (np.stack(jpeg.read_coefficients((tmp_path / "out.jpg").read_bytes()).tables) == tables).all()
    assert result.edit_reason is None
    family = TunedTables(np.zeros((4, 2, 8, 8), np.float32))
    runtime.encode_file(source, tmp_path / "out.jpg", balanced, strength=0, quality=50, tables=family)
    held = jpeg.read_coefficients((tmp_path / "out.jpg").read_bytes())
    plain = jpeg.read_coefficients(runtime.encode_jpeg(runtime.open_picture(source).pixels, 50))
    assert all((a == b).all() for a, b in zip(held.planes, plain.planes, strict=True))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"strength": 0, "subsampling": "4:4:4"}, "4:4:4"),
        ({"strength": 0, "tables": "standard"}, None),
    ],
)
def test_otherwise_pixels_are_edited_and_the_result_says_why(balanced, source, tmp_path, options, reason):
    result = runtime.encode_file(source, tmp_path / "out.jpg", balanced, quality=60, **options)
    held = jpeg.read_coefficients((tmp_path / "out.jpg").read_bytes())
    assert (held.tables[0] == jpeg.quantization_tables(60)[0]).all()
    assert result.edit_reason is None if reason is None else reason in result.edit_reason


@pytest.fixture
def text(tmp_path):
    page = Image.new("RGB", (160, 96), "white")
    for top in range(2, 96, 12):
        ImageDraw.Draw(page).text((3, top), "The quick brown fox 0123", fill="black")
    path = tmp_path / "text.png"
    page.save(path)
    return path


@pytest.mark.parametrize("is_in_strips", [False, True])
def test_where_too_few_coefficients_survive_pixels_are_edited(
    balanced, text, tmp_path, monkeypatch, is_in_strips
):
    if is_in_strips:
        monkeypatch.setattr(encode_job, "WHOLE_PIXELS", 10)
        monkeypatch.setattr(strip_renderer, "_STRIP_PIXELS", 1000)
    for quality, is_exact in ((90, True), (99, False)):
        result = runtime.encode_file(text, tmp_path / "out.jpg", balanced, quality=quality, strength=0)
        content = (tmp_path / "out.jpg").read_bytes()
        if is_exact:
            assert result.edit_reason is None
            continue
        assert "more than 1 in 500 coefficients would come out otherwise" in result.edit_reason
        assert content == runtime.encode_jpeg(runtime.open_picture(text).pixels, quality)


def test_tables_that_must_be_and_cannot_are_refused(balanced, text, tmp_path):
    with pytest.raises(
        PictureError, match=r"text\.png.*tables given cannot be used: .*1 in 500.* steps are too fine"
    ):
        runtime.encode_file(
            text, tmp_path / "out.jpg", balanced, strength=0, tables=np.ones((2, 8, 8), int), quality=50
        )
    assert not (tmp_path / "out.jpg").exists()


def test_a_model_that_can_only_edit_edits_and_the_result_says_why(edits_only, source, tmp_path):
    result = runtime.encode_file(source, tmp_path / "out.jpg", edits_only, quality=60)
    held = jpeg.read_coefficients((tmp_path / "out.jpg").read_bytes())
    assert (held.tables[0] == jpeg.quantization_tables(60)[0]).all()
    assert "can only edit" in result.edit_reason


def test_a_jpeg_at_its_own_quality_keeps_its_steps(balanced, photos, tmp_path):
    source = tmp_path / "in.jpg"
    Image.fromarray(photos[0][:160, :160]).save(source, quality=90, comment=b"x" * 4000)
    result = runtime.encode_file(
        source, tmp_path / "out.jpg", balanced, quality=92, strength=0, metadata="strip"
    )
    assert result.is_copy or "own quality" in result.edit_reason
    result = runtime.encode_file(source, tmp_path / "out.jpg", balanced, quality=10, strength=0)
    assert (
        not result.is_copy and result.edit_reason is None and Image.open(tmp_path / "out.jpg").info["comment"]
    )


def test_options_that_do_not_fit(edits_only, source, tmp_path):
    for options, match in (
        ({"scan": "fast"}, "`scan`"),
        ({"tables": "mine"}, "`tables`"),
        ({"tables": [[1, 2]]}, "`tables`"),
        ({"tables": np.ones((2, 8, 8), int), "subsampling": "4:4:4"}, "4:2:0"),
        ({"tables": np.ones((2, 8, 8), int), "target_bpp": 1.0}, "target"),
    ):
        with pytest.raises(ValueError, match=match):
            runtime.EncodeOptions(**options)
    with pytest.raises(PictureError, match=r"in\.png.*tables given.*can only edit"):
        runtime.encode_file(source, tmp_path / "out.jpg", edits_only, tables=np.full((2, 8, 8), 9))
    assert not (tmp_path / "out.jpg").exists()


class Written:
    """An encoder with ways of its own."""

    takes_gray = False
    name = "other"

    def __init__(self, **options):
        self._options = options

    def encode_bytes(self, image, quality):
        import io

        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality, optimize=True, **self._options)
        return file.getvalue()


def test_tables_are_read_from_what_an_encoder_writes(balanced, source, tmp_path):
    own = [[11 + k // 9 for k in range(64)], [13 + k // 5 for k in range(64)]]
    encoder = Written(subsampling=2, qtables=own)
    # Steps as coarse as the encoder's, which has one pair of tables for all qualities.
    options = {"quality": 35, "strength": 0}
    result = runtime.encode_file(source, tmp_path / "out.jpg", balanced, encoder=encoder, **options)
    decided = balanced.decide(Image.open(source), balanced.target_tables(35), 0)
    held = jpeg.read_coefficients((tmp_path / "out.jpg").read_bytes())
    assert result.edit_reason is None
    assert sum(int((a != b).sum()) for a, b in zip(held.planes, decided.planes, strict=True)) <= 2
    result = runtime.encode_file(
        source, tmp_path / "out.jpg", balanced, encoder=Written(subsampling=0), strength=0
    )
    assert "4:2:0" in result.edit_reason and "4:4:4" in result.edit_reason


def test_an_encoder_that_changes_coefficients_is_found_out():
    plain = Written(subsampling=2)

    def smoothing(image, quality):
        return plain.encode_bytes(
            np.asarray(Image.fromarray(image).reduce(2).resize(image.shape[1::-1])), quality
        )

    EncoderTables("plain", plain.encode_bytes).check_rounding()
    with pytest.raises(CarrierError, match="rules of its own"):
        EncoderTables("smoothing", smoothing).check_rounding()
