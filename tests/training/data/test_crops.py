"""The input pipeline: reproducible, in range, clear about what it cannot read."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.errors import PictureError
from jpegpre_tf.training.data.crops import (
    ReadablePictures,
    decode_rgb,
    list_pictures,
    load_rgb,
    random_crop,
    training_dataset,
    validation_dataset,
)
from jpegpre_tf.training.data.shards import PictureSource
from jpegpre_tf.training.data.synthetic import DRAWN

PICTURES = Path(__file__).parents[2] / "pictures"


def test_batches_are_as_promised_and_repeat_with_the_seed() -> None:
    paths = list_pictures(PICTURES)

    def first(seed: int) -> list[np.ndarray]:
        dataset = training_dataset(
            paths, batch_size=4, crop_size=64, quality_range=(10, 20), strength_range=(0.5, 1.0), seed=seed
        )
        return [np.asarray(part) for part in next(iter(dataset))]

    image, quality, strength = first(3)
    assert image.shape == (4, 64, 64, 3) and image.dtype == np.uint8
    assert np.all((quality >= 10) & (quality <= 20) & (quality == np.round(quality)))
    assert np.all((strength >= 0.5) & (strength <= 1.0))
    for again, once in zip(first(3), (image, quality, strength), strict=True):
        np.testing.assert_array_equal(again, once)
    assert np.any(first(4)[0] != image)


def _save(path: Path) -> None:
    image = Image.new("RGB", (48, 32), (200, 100, 50))
    if path.suffix == ".heic":
        pytest.importorskip("pillow_heif", reason="needs the extra [heif]").from_pillow(image).save(path)
    else:
        image.save(path)


@pytest.mark.parametrize("suffix", ["avif", "gif", "heic", "jfif", "pnm"])
def test_training_reads_what_other_verbs_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    _save(path)
    assert list_pictures(tmp_path) == [path]
    (name, content), *rest = PictureSource(str(tmp_path)).stream(0, 1, (0,))
    assert name == path.name and not rest
    pixels = load_rgb(path)
    assert pixels.shape == (32, 48, 3)
    np.testing.assert_allclose(pixels[16, 24].astype(int), (200, 100, 50), atol=8)  # colors of a lossy file
    np.testing.assert_array_equal(decode_rgb(content, name), pixels)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PictureError, match=f"picture.{suffix}: cannot decode this picture"):
        load_rgb(path)


def test_heic_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.HEIC").write_bytes(b"any")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"a\.HEIC: .*pip install 'jpegpre-tf\[heif\]'"):
        load_rgb(tmp_path / "a.HEIC")


@pytest.mark.parametrize("kind", sorted(DRAWN))
def test_drawn_pictures_repeat_with_the_seed_and_differ_with_it(kind: str) -> None:
    first, again, other = (DRAWN[kind](128, seed) for seed in (2, 2, 4))
    assert first.shape == (128, 128, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_a_share_of_training_pictures_is_drawn() -> None:
    def photos(drawn_share: float) -> int:
        """How many of 32 crops have hundreds of colours; drawn ones have an ink or two and its smooth edges."""
        dataset = training_dataset(
            list_pictures(PICTURES), batch_size=32, crop_size=64, drawn_share=drawn_share, crops_per_picture=1
        )
        crops = next(iter(dataset))[0].numpy()
        return sum(len(np.unique(crop.reshape(-1, 3), axis=0)) > 300 for crop in crops)

    assert photos(1.0) == 0 < photos(0.5) < photos(0.0)
    assert photos(0.0) > 20


def test_crops_of_pictures_smaller_than_the_crop() -> None:
    crop = random_crop(
        np.arange(10 * 20 * 3, dtype=np.uint8).reshape(10, 20, 3), 32, np.random.default_rng(0)
    )
    assert crop.shape == (32, 32, 3)


def test_validation_is_always_the_same() -> None:
    dataset = validation_dataset(list_pictures(PICTURES), batch_size=3, crop_size=64, qualities=(30, 60))
    once, again = ([np.asarray(batch[0]) for batch in dataset] for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert len(once) == 2


@pytest.mark.parametrize(("count", "batch_size", "used"), [(1, 8, 5), (3, 8, 5), (3, 4, 3), (2, 1, 1)])
def test_validation_leaves_no_crop_out(count: int, batch_size: int, used: int) -> None:
    paths = list_pictures(PICTURES)[:count]
    sizes = [len(batch[0]) for batch in validation_dataset(paths, batch_size=batch_size, crop_size=64)]
    assert sizes == [used] * (5 * count // used)


def test_missing_empty_and_broken_sources(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="expected a folder"):
        list_pictures(tmp_path / "none")
    with pytest.raises(PictureError, match="found none"):
        list_pictures(tmp_path)
    (tmp_path / "text.jpg").write_text("not a picture")
    with pytest.raises(PictureError, match=r"text\.jpg"):
        load_rgb(tmp_path / "text.jpg")


@pytest.mark.parametrize("dataset", [training_dataset, validation_dataset])
def test_wrong_arguments_are_named(dataset: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="crop_size=100"):
        dataset([], batch_size=1, crop_size=100)
    with pytest.raises(ValueError, match="batch_size=0"):
        dataset([], batch_size=0, crop_size=64)
    for folder in (tmp_path, str(tmp_path)):
        with pytest.raises(TypeError, match=rf"list_pictures\('{tmp_path}'\)\. Received"):
            dataset(folder, batch_size=1, crop_size=64)


def test_pictures_that_cannot_be_decoded_are_named_once_and_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    lines: list[str] = []
    pictures = ReadablePictures([broken, *list_pictures(PICTURES)], lines.append)
    data = training_dataset(pictures, batch_size=4, crop_size=32, steps_per_epoch=8)
    assert len(list(data.take(8))) == 8
    assert len(lines) == 1 and "broken.png: cannot decode" in lines[0] and lines[0].endswith("left out")
    assert len(list(validation_dataset(pictures, batch_size=3, crop_size=64, qualities=(50,)))) == 1
    with pytest.warns(UserWarning, match="broken"), pytest.raises(PictureError, match="found none among 1"):
        ReadablePictures([broken])
