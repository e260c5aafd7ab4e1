import math
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.errors import OutputError, PictureError


def test_numbers_are_those_of_the_files(balanced, photos, tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.jpg"
    Image.fromarray(photos[1]).save(source)
    result = runtime.encode_file(source, target, balanced, quality=60)
    assert result.size_bytes == target.stat().st_size
    carrier = balanced.carrier(photos[1], 60)
    held = jpeg.read_coefficients(target.read_bytes())
    assert (np.stack(held.tables) == balanced.target_tables(60)).all()
    wanted = balanced.decide(photos[1], carrier.tables)
    differ = sum(int((a != b).sum()) for a, b in zip(held.planes, wanted.planes, strict=True))
    assert differ <= sum(plane.size for plane in wanted.planes) // 5000
    assert result.jpeg_plain == runtime.encode_jpeg(photos[1], 60)
    assert result.size_bytes_plain == len(result.jpeg_plain)
    assert result.saved_percent == pytest.approx(100 - 100 * result.size_bytes / result.size_bytes_plain)
    assert result.psnr_db == runtime.psnr_db(photos[1], target.read_bytes())
    assert result.psnr_plain_db == runtime.psnr_db(photos[1], result.jpeg_plain)
    assert (result.width, result.height) == (576, 576)


def test_psnr_need_not_be_measured(balanced, photos, tmp_path):
    Image.fromarray(photos[1]).save(tmp_path / "in.png")
    with_psnr, without = (
        runtime.encode_file(tmp_path / "in.png", tmp_path / "out.jpg", balanced, measure_psnr=is_measured)
        for is_measured in (True, False)
    )
    assert math.isnan(without.psnr_db) and math.isnan(without.psnr_plain_db)
    assert without == replace(with_psnr, psnr_db=without.psnr_db, psnr_plain_db=without.psnr_plain_db)


def test_strength_0_writes_the_plain_file(balanced, jpeg_photo, tmp_path):
    result = runtime.encode_file(jpeg_photo, tmp_path / "out.jpg", balanced, strength=0, tables="standard")
    assert result.jpeg == result.jpeg_plain and result.saved_percent == 0


def test_metadata_is_kept_and_counted_in_both_sizes(balanced, jpeg_photo, tmp_path):
    kept = runtime.encode_file(jpeg_photo, tmp_path / "kept.jpg", balanced)
    before, after = Image.open(jpeg_photo), Image.open(tmp_path / "kept.jpg")
    for key in ("exif", "icc_profile", "xmp", "comment", "dpi"):
        assert after.info[key] == before.info[key], key
    assert after.size == before.size  # turned by the tag, once, in the viewer
    carried = kept.size_bytes - len(runtime.encode_jpeg(np.zeros((1, 1, 3), np.uint8), 75))
    assert carried > 600  # EXIF and profile are there
    bare = runtime.encode_jpeg(runtime.open_picture(jpeg_photo).pixels, 75)
    edited = kept.size_bytes - kept.size_bytes_plain
    assert kept.size_bytes_plain - len(bare) == kept.size_bytes - (len(bare) + edited)


def test_stripped_metadata_leaves_orientation_and_profile(balanced, jpeg_photo, tmp_path):
    runtime.encode_file(jpeg_photo, tmp_path / "out.jpg", balanced, metadata="strip")
    image = Image.open(tmp_path / "out.jpg")
    assert dict(image.getexif()) == {0x0112: 6} and image.info["icc_profile"]
    assert "xmp" not in image.info and "comment" not in image.info


def test_what_a_page_embeds_tells_no_place(balanced, jpeg_photo, tmp_path):
    result = runtime.encode_file(jpeg_photo, tmp_path / "out.jpg", balanced)
    for file in (result.jpeg, result.jpeg_plain):
        assert b"Maker" not in file and b"adobe" not in file and b"Exif" in file


def test_grey_stays_one_channel(balanced, photos, tmp_path):
    Image.fromarray(photos[0][..., 1]).save(tmp_path / "in.png")
    runtime.encode_file(tmp_path / "in.png", tmp_path / "out.jpg", balanced)
    assert Image.open(tmp_path / "out.jpg").mode == "L"


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (70, 1), (15, 17)])
def test_tiny_pictures(balanced, tmp_path, size):
    Image.new("RGB", size, (10, 200, 30)).save(tmp_path / "in.png")
    runtime.encode_file(tmp_path / "in.png", tmp_path / "out.jpg", balanced)
    assert Image.open(tmp_path / "out.jpg").size == size


def test_nothing_is_written_when_the_input_is_no_picture(balanced, tmp_path):
    (tmp_path / "in.jpg").write_text("text")
    with pytest.raises(PictureError):
        runtime.encode_file(tmp_path / "in.jpg", tmp_path / "out" / "out.jpg", balanced)
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.jpg"]


def test_a_target_that_cannot_be_written_raises(balanced, jpeg_photo):
    with pytest.raises(OutputError):
        runtime.encode_file(jpeg_photo, jpeg_photo / "out.jpg", balanced)


@pytest.mark.parametrize("options", [{"metadata": "some"}, {"subsampling": "4:1:1"}, {"quality": 0}])
def test_wrong_options_are_named(balanced, jpeg_photo, tmp_path, options):
    with pytest.raises(ValueError, match=f"`{next(iter(options))}`"):
        runtime.encode_file(jpeg_photo, tmp_path / "out.jpg", balanced, **options)
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.codec
@pytest.mark.skipif(not shutil.which("djpeg"), reason="djpeg is not installed")
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_libjpegs_own_program_decodes_it(balanced, jpeg_photo, tmp_path, subsampling):
    target: Path = tmp_path / "out.jpg"
    runtime.encode_file(jpeg_photo, target, balanced, subsampling=subsampling)
    done = subprocess.run(["djpeg", "-pnm", "-outfile", tmp_path / "out.ppm", target], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    np.testing.assert_array_equal(Image.open(tmp_path / "out.ppm"), Image.open(target))
