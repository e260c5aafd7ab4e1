import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.codecs import LibjpegTurbo
from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.metrics import LARGEST_DECIBELS, METRICS, Frame, get_metrics

AVAILABLE = [name for name, kind in METRICS.items() if kind().unavailable() is None]
LUMA = np.array([0.299, 0.587, 0.114])


def value(name, original, decoded):
    metric = METRICS[name]()
    return metric.score(metric.prepare(Frame(original)), Frame(decoded))


def similarity(decibels):
    return 1 - 10 ** (-decibels / 10)


def test_psnr(city, decoded):
    error = np.mean((city @ LUMA - decoded @ LUMA) ** 2)
    assert value("psnr_y", city, decoded) == pytest.approx(10 * np.log10(255**2 / error), abs=1e-9)
    error = np.mean((city.astype(float) - decoded) ** 2)
    assert value("psnr_rgb", city, decoded) == pytest.approx(10 * np.log10(255**2 / error), abs=1e-9)


@pytest.mark.parametrize("size", [(176, 176), (11, 40), (63, 97)])
def test_ssim_equals_scikit_image(size, city, decoded):
    from skimage.metrics import structural_similarity

    a, b = city[: size[0], : size[1]], decoded[: size[0], : size[1]]
    expected = structural_similarity(
        a @ LUMA, b @ LUMA, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    # Both in float64 with the same window; only the order of additions differs.
    assert similarity(value("ssim", a, b)) == pytest.approx(expected, abs=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(176, 176), (163, 175)])
def test_ssim_and_ms_ssim_equal_tensorflow(size, city, decoded):
    tf = pytest.importorskip("tensorflow")
    a, b = city[: size[0], : size[1]], decoded[: size[0], : size[1]]
    planes = [tf.constant((picture @ LUMA)[np.newaxis, ..., np.newaxis], tf.float32) for picture in (a, b)]
    # TensorFlow computes in float32, with variances as differences of squares up to 65025: errors of about
    # 65025 * 2^-23 = 0.008 on terms of at least C2 = 58.5.
    assert similarity(value("ssim", a, b)) == pytest.approx(float(tf.image.ssim(*planes, 255)[0]), abs=1e-4)
    expected = float(tf.image.ssim_multiscale(*planes, 255)[0])
    assert similarity(value("ms_ssim", a, b)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("size", [(176, 176), (63, 97), (8, 8), (130, 17)])
def test_ssimulacra2_equals_its_package(size, city, decoded, tmp_path):
    from ssimulacra2 import compute_ssimulacra2

    a, b = city[: size[0], : size[1]], decoded[: size[0], : size[1]]
    for picture, name in ((a, "a.png"), (b, "b.png")):
        Image.fromarray(np.ascontiguousarray(picture)).save(tmp_path / name)
    expected = compute_ssimulacra2(tmp_path / "a.png", tmp_path / "b.png")
    # The same formulas in float64; the order of additions differs.
    assert value("ssimulacra2", a, b) == pytest.approx(expected, abs=1e-9)


def test_psnr_hvs_m_equals_its_package(city, decoded):
    import psnr_hvsm

    _, expected = psnr_hvsm.psnr_hvs_hvsm(city @ LUMA / 255, decoded @ LUMA / 255)
    assert value("psnr_hvs_m", city, decoded) == pytest.approx(float(expected), abs=1e-9)
    # Whole blocks count, what is left over at the right and the bottom does not.
    _, expected = psnr_hvsm.psnr_hvs_hvsm(city[:96, :64] @ LUMA / 255, decoded[:96, :64] @ LUMA / 255)
    assert value("psnr_hvs_m", city[:101, :71], decoded[:101, :71]) == pytest.approx(
        float(expected), abs=1e-9
    )


@pytest.mark.parametrize("name", AVAILABLE)
def test_better_files_score_better_and_the_original_best(name, city):
    metric = METRICS[name]()
    prepared = metric.prepare(Frame(city))
    scores = [
        metric.score(prepared, Frame(LibjpegTurbo().encode(city, quality).decoded))
        for quality in (10, 50, 90)
    ]
    scores.append(metric.score(prepared, Frame(city)))
    assert scores == sorted(scores, reverse=not metric.higher_is_better)


def test_equal_pictures_score_finite_tops(city):
    tops = {name: value(name, city, city) for name in METRICS if METRICS[name].core}
    assert tops.pop("ssimulacra2") == pytest.approx(100)
    assert set(tops.values()) == {LARGEST_DECIBELS}


def test_psnr_hvs_m_counts_whole_blocks(city, decoded):
    odd = value("psnr_hvs_m", city[:61, :95], decoded[:61, :95])
    assert odd == value("psnr_hvs_m", city[:56, :88], decoded[:56, :88])


@pytest.mark.parametrize(
    ("name", "smallest"), [("ssim", 11), ("ms_ssim", 161), ("psnr_hvs_m", 8), ("ssimulacra2", 8)]
)
def test_not_defined_for_smaller_pictures(name, smallest, city, decoded):
    assert value(name, city[:smallest], decoded[:smallest]) is not None
    assert value(name, city[: smallest - 1], decoded[: smallest - 1]) is None


@pytest.mark.parametrize("name", AVAILABLE)
def test_tiny_pictures_do_not_crash(name):
    pixel = np.full((1, 1, 3), 100, np.uint8)
    assert value(name, pixel, pixel + 1) is None or value(name, pixel, pixel + 1) > 0


@pytest.mark.codec
@pytest.mark.parametrize("name", ["butteraugli_3norm", "vmaf_neg"])
def test_programs_are_named_when_missing(name, monkeypatch):
    module = __import__(METRICS[name].__module__, fromlist=["_"])
    monkeypatch.setattr(module, "_program" if name.startswith("b") else "_ffmpeg", lambda: None)
    assert "install" in METRICS[name]().unavailable()
    with pytest.raises(UsageError, match="install"):
        get_metrics([name])
    assert name not in [metric.name for metric in get_metrics(["all"])]


def test_choosing_metrics():
    assert [m.name for m in get_metrics(["ssimulacra2", "psnr_y"])] == ["psnr_y", "ssimulacra2"]
    assert [m.name for m in get_metrics(["core"])] == [name for name, kind in METRICS.items() if kind.core]
    with pytest.raises(UsageError, match="lpips"):
        get_metrics(["lpips"])


def test_versions_name_the_package():
    assert "ssimulacra2 " in METRICS["ssimulacra2"]().version()
    assert "psnr_hvsm " in METRICS["psnr_hvs_m"]().version()
