"""The per-picture search, judged by Pillow's files and the evaluation's own metrics."""

import io

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.search.picture_optimizer import PictureOptimizer, _Tiles


def encoded(pixels: np.ndarray, quality: int) -> tuple[int, np.ndarray]:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return len(file.getbuffer()), np.asarray(Image.open(file).convert("RGB"))


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


@pytest.fixture(scope="module")
def optimizer() -> PictureOptimizer:
    return PictureOptimizer({"psnr_rgb": 1.0}, guard=0.0)


@pytest.mark.slow
def test_real_files_get_better_by_what_it_says(optimizer: PictureOptimizer, city: np.ndarray) -> None:
    """Smaller at equal PSNR: the plain encoder would need a quality of more than its size for that PSNR."""
    calls: list[tuple[int, int, float]] = []
    result = optimizer.optimize(city, city, 50, rounds=15, progress=lambda *call: calls.append(call))
    size, decoded = encoded(result.pixels, 50)
    plain = [encoded(city, quality) for quality in range(30, 51)]
    sizes, scores = [size for size, _ in plain], [psnr(city, picture) for _, picture in plain]
    size_of_equal_psnr = np.interp(psnr(city, decoded), scores, sizes)
    assert size < 0.96 * size_of_equal_psnr
    assert result.loss < result.start_loss
    # The claim, by the slope at the start, is near what real files show.
    claimed = 1 - np.exp(result.loss - result.start_loss)
    assert claimed == pytest.approx(1 - size / size_of_equal_psnr, abs=0.05)
    assert [call[0] for call in calls] == sorted(call[0] for call in calls)
    assert calls[-1][2] == pytest.approx(result.loss - result.start_loss, abs=1e-4)


def test_never_worse_than_the_start(optimizer: PictureOptimizer) -> None:
    """One colour: nothing can be won, and the start is given back as it is."""
    flat = np.full((40, 50, 3), 77, np.uint8)
    result = optimizer.optimize(flat, flat, 75, rounds=2)
    assert result.loss <= result.start_loss
    assert result.pixels.shape == flat.shape
    size, _ = encoded(result.pixels, 75)
    assert size <= encoded(flat, 75)[0]


@pytest.mark.parametrize("size", [(1, 1), (176, 200), (769, 1000), (1537, 30)])
def test_tiles_put_a_picture_together_again(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    tiles = _Tiles(*size)
    parts = tiles.cut(picture)
    assert len({part.shape for part in parts}) == 1  # a shape is a trace
    assert all(side % 16 == 0 and 176 <= side <= 768 for side in parts[0].shape[:2])
    np.testing.assert_array_equal(tiles.join(parts), picture)


def test_tiles_share_the_prices_of_the_whole(optimizer: PictureOptimizer, photos: np.ndarray) -> None:
    """Shares of bits and of error add up to the whole's weights."""
    parts = [np.pad(photo, ((0, 48), (0, 16), (0, 0)), mode="edge") for photo in photos]
    weights = np.array(optimizer._weights(parts, parts, 40))
    whole = optimizer._weights([np.concatenate(parts)], [np.concatenate(parts)], 40)[0].numpy()
    np.testing.assert_allclose(weights.sum(axis=0), whole, rtol=0.05)  # Huffman tables differ


def test_a_guard_weighs_all_metrics() -> None:
    assert PictureOptimizer({"ssim": 3.0, "psnr_y": 0.0}, guard=0.0).metrics == {"ssim": 1.0}
    guarded = PictureOptimizer({"ssim": 3.0, "psnr_y": 0.0}, guard=0.3).metrics
    assert set(guarded) == set(METRICS)
    assert guarded["ssim"] == pytest.approx(0.75) and guarded["psnr_y"] == pytest.approx(0.05)
    assert sum(guarded.values()) == pytest.approx(1.0)
    assert PictureOptimizer({"psnr_y": 1.0}, guard=0.3).metrics == {"psnr_y": 1.0}
    half = PictureOptimizer({"psnr_y": 1.0, "ssim": 1.0}, guard=0.3).metrics
    assert half["ms_ssim"] == pytest.approx(0.025) and half["ssim"] == pytest.approx(0.45)


def test_arguments(optimizer: PictureOptimizer, city: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        optimizer.optimize(city, city[:-1], 50)
    with pytest.raises(ValueError, match="metrics"):
        PictureOptimizer({"vmaf": 1.0})
    with pytest.raises(ValueError, match="metrics"):
        PictureOptimizer({"psnr_y": 0.0})
    with pytest.raises(ValueError, match="guard"):
        PictureOptimizer({"psnr_y": 1.0}, guard=1.5)
