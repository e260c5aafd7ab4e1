"""From a folder of pictures to batches of (image, quality, strength)."""

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from jpegpre_tf._optional import require
from jpegpre_tf.errors import PictureError
from jpegpre_tf.storage.picture_suffixes import HEIF_SUFFIXES, PICTURE_SUFFIXES
from jpegpre_tf.training.data.conditions import Conditions
from jpegpre_tf.training.data.synthetic import DRAWN

_FIRST_SEED = 1000  # of drawn pictures; lower ones are for measuring
Note = Callable[[str], None]


def list_pictures(folder: str | Path) -> list[Path]:
    """Returns the picture files below `folder`, sorted.

    Raises:
        PictureError: If the folder is missing or has no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PictureError(
            f"{folder}: expected a folder of pictures, found {'a file' if folder.exists() else 'nothing'}"
        )
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise PictureError(f"{folder}: expected pictures ({', '.join(sorted(PICTURE_SUFFIXES))}), found none")
    return paths


def load_rgb(path: Path) -> npt.NDArray[np.uint8]:
    """Decodes a picture to uint8 (H, W, 3).

    Raises:
        PictureError: If the file cannot be decoded.
    """
    return _decode(path, str(path))


def decode_rgb(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    """`load_rgb` of a file that is in memory; `name` is for messages."""
    return _decode(io.BytesIO(content), name)


def _decode(source: Path | io.BytesIO, name: str) -> npt.NDArray[np.uint8]:
    try:
        with _open_picture(source, name) as picture:
            return np.asarray(picture.convert("RGB"))
    except (ImportError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"{name}: cannot decode this picture ({error})") from error


def _open_picture(source: Path | io.BytesIO, name: str) -> Image.Image:
    if name.lower().endswith(tuple(HEIF_SUFFIXES)):
        picture: Image.Image = require("pillow_heif", extra="heif", purpose="HEIC").HeifImageFile(source)
        return picture
    return Image.open(source)


class ReadablePictures:
    """The picture files of a run.

    Args:
        paths: Picture files.
        note: Receives one line for each file that is left out; Python's warnings by default.

    Raises:
        PictureError: If not one of them can be decoded.
    """

    def __init__(self, paths: Sequence[Path], note: Note = warnings.warn) -> None:
        self.paths = list(paths)
        self._note = note
        self._broken: set[Path] = set()
        if not any(self.load(path) is not None for path in self.paths):
            raise PictureError(f"expected pictures that can be decoded, found none among {len(self.paths)}")

    def load(self, path: Path) -> npt.NDArray[np.uint8] | None:
        """uint8 (H, W, 3), or None if the file is left out."""
        if path in self._broken:
            return None
        try:
            return load_rgb(path)
        except PictureError as error:
            self._broken.add(path)
            self._note(f"{error}: left out")
            return None

    def load_all(self, paths: Iterable[Path] | None = None) -> Iterator[npt.NDArray[np.uint8]]:
        """Yields the pictures that can be decoded, of `paths` or of all."""
        for path in self.paths if paths is None else paths:
            picture = self.load(path)
            if picture is not None:
                yield picture


def random_crop(
    picture: npt.NDArray[np.uint8], size: int, generator: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """A `size` x `size` crop at any pixel (pictures meet the encoder's grid at any phase), flipped at random.

    Smaller pictures are mirrored at their edges up to the size.
    """
    height, width = picture.shape[:2]
    if height < size or width < size:
        padding = [(0, max(0, size - height)), (0, max(0, size - width)), (0, 0)]
        picture = np.pad(picture, padding, mode="symmetric")
        height, width = picture.shape[:2]
    top = int(generator.integers(0, height - size + 1))
    left = int(generator.integers(0, width - size + 1))
    crop = picture[top : top + size, left : left + size]
    if generator.random() < 0.5:
        crop = crop[:, ::-1]
    # Transposing too keeps the network from learning which way up photos are; Annex K tables are not symmetric, so
    # it sees both kinds of edges under both kinds of steps.
    return crop.swapaxes(0, 1) if generator.random() < 0.5 else crop


def training_dataset(
    paths: Sequence[Path] | ReadablePictures,
    *,
    batch_size: int,
    crop_size: int,
    steps_per_epoch: int = 250,
    first_epoch: int = 0,
    crops_per_picture: int = 4,
    drawn_share: float = 0.0,
    conditions: Conditions | None = None,
    quality_range: tuple[int, int] = (5, 95),
    strength_range: tuple[float, float] = (0.25, 1.0),
    seed: int = 0,
) -> tf.data.Dataset:
    """Endless shuffled batches for `PreprocessorTrainer.fit`.

    Args:
        paths: Picture files; those that cannot be decoded are named and left out.
        batch_size: Crops per batch.
        crop_size: Side of a crop in pixels, a multiple of 16.
        steps_per_epoch: Batches of an epoch. Each epoch has its own seed: a resumed run sees what it would have seen.
        first_epoch: Epoch to begin with.
        crops_per_picture: Crops taken from each decoded picture; decoding is the dear part.
        drawn_share: Share of pictures that are not read but drawn: text and line art, see `synthetic`.
        conditions: What crops are trained for, also tables; without it:
        quality_range: Lowest and highest quality, inclusive, drawn evenly per crop.
        strength_range: Drawn evenly per crop.
        seed: Same seed, same sequence.

    Returns:
        Dataset of (uint8 (B, S, S, 3), float32 (B,) quality, float32 (B,) strength), and with `conditions.tuned_share`
        float32 (B, 2, 8, 8) tables, zeros for those that are being learned.

    Raises:
        TypeError: If `paths` is one path.
        ValueError: If an argument is out of range.
        PictureError: If no picture can be decoded.
    """
    _check_sizes(batch_size, crop_size)
    pictures = _readable(paths)
    drawn = conditions or Conditions(quality_range, strength_range)

    def crops(epoch: int) -> Iterator[tuple[Any, ...]]:
        generator = np.random.default_rng((seed, epoch))
        while True:
            for index in generator.permutation(len(pictures.paths)):
                if drawn_share and generator.random() < drawn_share:
                    picture = draw_picture(crop_size, generator)
                else:
                    loaded = pictures.load(pictures.paths[index])
                    if loaded is None:
                        continue
                    picture = loaded
                for _ in range(crops_per_picture):
                    condition = drawn.draw(generator)
                    yield random_crop(picture, crop_size, generator), *condition

    shapes = ((), ()) if drawn.tuned_share is None else ((), (), (2, 8, 8))
    signature = (
        tf.TensorSpec((crop_size, crop_size, 3), tf.uint8),
        *(tf.TensorSpec(shape, tf.float32) for shape in shapes),
    )

    def epoch_dataset(epoch: tf.Tensor) -> tf.data.Dataset:
        dataset = tf.data.Dataset.from_generator(crops, args=(epoch,), output_signature=signature)
        # The buffer spreads the crops of a picture over batches.
        dataset = dataset.shuffle(16 * crops_per_picture * 4, seed=seed, reshuffle_each_iteration=False)
        return dataset.batch(batch_size, drop_remainder=True).take(steps_per_epoch)

    epochs = tf.data.Dataset.range(first_epoch, 2**40)
    return epochs.flat_map(epoch_dataset).prefetch(2)


def draw_picture(crop_size: int, generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Text or line art, uint8 (2 * crop_size, 2 * crop_size, 3)."""
    kind = ("text", "lines")[int(generator.integers(2))]
    return DRAWN[kind](2 * crop_size, int(generator.integers(_FIRST_SEED, 2**31)))


def _readable(paths: Sequence[Path] | ReadablePictures) -> ReadablePictures:
    if isinstance(paths, (str, os.PathLike)):
        raise TypeError(
            f"`paths` must be a list of picture files, as of list_pictures({os.fspath(paths)!r}). "
            f"Received: paths={paths!r}"
        )
    return paths if isinstance(paths, ReadablePictures) else ReadablePictures(paths)


def _check_sizes(batch_size: int, crop_size: int) -> None:
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be >= 1. Received: batch_size={batch_size}")
    if crop_size < 16 or crop_size % 16:
        raise ValueError(f"`crop_size` must be a positive multiple of 16. Received: crop_size={crop_size}")


def validation_dataset(
    paths: Sequence[Path] | ReadablePictures,
    *,
    batch_size: int,
    crop_size: int,
    qualities: tuple[int, ...] = (15, 35, 55, 75, 90),
) -> tf.data.Dataset:
    """The centre crop of every picture at every quality, at strength 1; always the same.

    Args:
        paths: Picture files; those that cannot be decoded are named and left out, smaller ones are left out.
        batch_size: Most crops in a batch. All batches have the same size, the largest that leaves no crop over.
        crop_size: Side of a crop in pixels, a multiple of 16.
        qualities: Qualities, 1..100.

    Raises:
        TypeError, ValueError: As in `training_dataset`.
        PictureError: If no picture can be decoded, or all are smaller than a crop.
    """
    _check_sizes(batch_size, crop_size)
    crops, conditions = [], []
    for picture in _readable(paths).load_all():
        height, width = picture.shape[:2]
        if min(height, width) < crop_size:
            continue
        top, left = (height - crop_size) // 2, (width - crop_size) // 2
        for quality in qualities:
            crops.append(picture[top : top + crop_size, left : left + crop_size])
            conditions.append(np.float32(quality))
    if not crops:
        raise PictureError(
            f"validation pictures: expected at least one of {crop_size}x{crop_size} or more, found none"
        )
    cropped = (np.stack(crops), np.array(conditions), np.ones(len(crops), np.float32))
    # One shape, so that XLA compiles once; a batch that is not full must not be dropped, it may be the only one.
    used = max(size for size in range(1, batch_size + 1) if len(crops) % size == 0)
    return tf.data.Dataset.from_tensor_slices(cropped).batch(used, drop_remainder=True)
