import pytest

from jpegpre_tf.evaluation.cache import Point, PointCache, point_key

KEY = "ab" * 32
ENCODER = {"name": "libjpeg-turbo", "version": "3", "flags": "baseline"}


def test_keeps_what_it_was_given(tmp_path):
    cache = PointCache(tmp_path)
    assert cache.get(KEY, {"psnr_y": "1"}) is None
    cache.put(KEY, Point(100, {"psnr_y": 30.5, "ms_ssim": None}), {"psnr_y": "1", "ms_ssim": "1"})
    assert cache.get(KEY, {"psnr_y": "1", "ms_ssim": "1"}) == Point(100, {"psnr_y": 30.5, "ms_ssim": None})


def test_new_metrics_join_old_ones_and_new_versions_replace_them(tmp_path):
    cache = PointCache(tmp_path)
    cache.put(KEY, Point(100, {"psnr_y": 30.5}), {"psnr_y": "1"})
    assert cache.missing(KEY, {"psnr_y": "1", "ssim": "1"}) == ["ssim"]
    cache.put(KEY, Point(100, {"ssim": 9.0}), {"ssim": "1"})
    assert cache.get(KEY, {"psnr_y": "1", "ssim": "1"}) == Point(100, {"psnr_y": 30.5, "ssim": 9.0})
    assert cache.missing(KEY, {"psnr_y": "2"}) == ["psnr_y"]
    assert cache.get(KEY, {"psnr_y": "2"}) is None


def test_another_size_means_another_file(tmp_path):
    cache = PointCache(tmp_path)
    cache.put(KEY, Point(100, {"psnr_y": 30.5}), {"psnr_y": "1"})
    cache.put(KEY, Point(101, {"ssim": 9.0}), {"ssim": "1"})
    assert cache.get(KEY, {"psnr_y": "1"}) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"size_bytes": "big", "metrics": {}}', "null"])
def test_damaged_entries_are_measured_again(tmp_path, content):
    cache = PointCache(tmp_path)
    cache.put(KEY, Point(100, {"psnr_y": 30.5}), {"psnr_y": "1"})
    next(tmp_path.rglob("*.json")).write_text(content)
    assert cache.get(KEY, {"psnr_y": "1"}) is None
    assert cache.missing(KEY, {"psnr_y": "1"}) == ["psnr_y"]


def test_keys_tell_everything_apart():
    base = ("aa", {"name": "guided", "source": "1"}, 0.5, ENCODER, 50)
    others = [
        ("bb", *base[1:]),
        (base[0], {"name": "guided", "source": "2"}, *base[2:]),
        (*base[:2], 0.6, *base[3:]),
        (*base[:3], ENCODER | {"flags": "progressive"}, 50),
        (*base[:4], 51),
    ]
    assert len({point_key(*key) for key in [base, *others]}) == 6


def test_untouched_pictures_share_their_points():
    plain = point_key("aa", {"name": "identity", "source": "1"}, 1.0, ENCODER, 50)
    assert point_key("aa", {"name": "guided", "source": "1"}, 0.0, ENCODER, 50) == plain
