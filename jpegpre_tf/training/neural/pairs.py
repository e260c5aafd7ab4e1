"""Pictures and what a real encoder made of them: training data of the networks, made once and kept in a file."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jpegpre_tf._types import RGBImage
from jpegpre_tf.errors import JpegpreError, PictureError, UsageError
from jpegpre_tf.storage.atomic import replace_atomically
from jpegpre_tf.training.data.crops import ReadablePictures, random_crop
from jpegpre_tf.training.neural.edits import PixelEditor, random_edit
from jpegpre_tf.training.neural.kept_pairs import KeptPairs
from jpegpre_tf.training.neural.quantized_file import read_quantized, read_tables

# (image uint8 (height, width, 3), quality 1..100) -> the file.
Encode = Callable[[RGBImage, int], bytes]

_PROBE_SIZE = 64
_COMPONENTS = 3
_LARGEST_ENTRY = 255  # of baseline JPEG
KEPT_AT_ONCE = 16  # pairs: what kill -9 may cost


@dataclass(frozen=True)
class Pairs:
    """Crops, each as it is and edited, and what the encoder decided. All have the same size.

    Attributes:
        image: uint8 (pairs, 2, size, size, 3): plain, edited.
        quality: float32 (pairs,).
        size_bits: float32 (pairs, 2), of the whole file.
        luma, cb, cr: int16 (pairs, 2, rows, columns, 64) quantized coefficients; -32768 where not known.
    """

    image: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.float32]
    size_bits: npt.NDArray[np.float32]
    luma: npt.NDArray[np.int16]
    cb: npt.NDArray[np.int16]
    cr: npt.NDArray[np.int16]

    def save(self, path: Path) -> None:
        """Writes all arrays, uncompressed.

        Raises:
            OutputError: If they cannot be written; what was there before is then still there.
        """
        with replace_atomically(path) as partial:
            np.savez(partial, **{field.name: getattr(self, field.name) for field in fields(self)})


UNKNOWN = -32768


def load_pairs(path: Path) -> Pairs:
    """Reads `Pairs.save`'s file.

    Raises:
        JpegpreError: If the file is not one.
    """
    try:
        with np.load(path) as arrays:
            return Pairs(**{field.name: arrays[field.name] for field in fields(Pairs)})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise JpegpreError(f"{path}: expected training pairs, cannot read them ({error})") from error


def tables_of_encoder(encode: Encode) -> npt.NDArray[np.uint16]:
    """The tables that an encoder writes at qualities 1..100: uint16 (100, 3, 64).

    Raises:
        UsageError: If they depend on the picture as well, or have entries over 255.
        JpegpreError: If the encoder writes anything else than YCbCr JPEG at 4:2:0.
    """
    generator = np.random.default_rng(0)
    probe = generator.integers(0, 256, (_PROBE_SIZE, _PROBE_SIZE, 3), np.uint8)
    tables = np.stack([_checked_tables(encode(probe, quality), quality) for quality in range(1, 101)])
    flat = np.full_like(probe, 128)
    for quality in (10, 50, 90):
        if not np.array_equal(read_tables(encode(flat, quality)), tables[quality - 1]):
            raise UsageError(
                "this encoder's quantization tables depend on the picture; expected tables of the quality alone"
            )
    return tables


def _checked_tables(data: bytes, quality: int) -> npt.NDArray[np.uint16]:
    tables = read_tables(data)
    if tables.max() > _LARGEST_ENTRY:
        raise UsageError(
            f"this encoder writes quantization tables with entries over {_LARGEST_ENTRY} at quality {quality} "
            f"({tables.max()}); expected baseline JPEG (cjpeg: add -baseline)"
        )
    return tables


def _check_same_tables(files: list[bytes], tables: npt.NDArray[np.uint16], quality: int) -> None:
    for file in files:
        if not np.array_equal(read_tables(file), tables):
            raise UsageError(
                f"this encoder's quantization tables depend on the picture (quality {quality}); "
                "expected tables of the quality alone"
            )


def make_pairs(
    encode: Encode,
    paths: list[Path],
    *,
    count: int,
    size: int,
    seed: int,
    quality_range: tuple[int, int] = (3, 95),
    quality_skew: float = 1.0,
    preprocess: Sequence[PixelEditor] = (),
    with_quantized: bool = True,
    tables: npt.NDArray[np.uint16] | None = None,
    kept: KeptPairs | None = None,
) -> Pairs:
    """Encodes random crops at random qualities, each plain and edited in one of the ways of `edits`.

    Args:
        encode: The encoder to learn.
        paths: Pictures; smaller ones are mirrored at their edges.
        count: Pairs.
        size: Side of the crops in pixels, a multiple of 16.
        seed: Same seed, same pairs.
        quality_range: Lowest and highest.
        quality_skew: Power of an even draw between them, one per pair.
        preprocess: See `edits.random_edit`.
        with_quantized: False leaves the quantized coefficients out (they get no blocks): the rate needs sizes alone.
        tables: What the encoder's tables are, see `tables_of_encoder`: every file's are compared with them.
        kept: Pairs of a collection that was interrupted, which goes on after them; takes those that are made.

    Raises:
        UsageError: If a file has other tables.
    """
    low, high = quality_range
    pictures = ReadablePictures(paths)
    made = kept.read() if kept else []
    try:
        for index in range(len(made), count):
            generator = np.random.default_rng((seed, index))
            crop = np.ascontiguousarray(random_crop(_picture_of(pictures, index, seed), size, generator))
            quality = low + int((high + 1 - low) * generator.random() ** quality_skew)
            both = np.stack([crop, random_edit(crop, quality, generator, preprocess)])
            files = [encode(picture, quality) for picture in both]
            if tables is not None:
                _check_same_tables(files, tables[quality - 1], quality)
            quantized = _read_quantized_planes(files) if with_quantized else _no_quantized()
            sizes = np.array([8 * len(file) for file in files], np.float32)
            made.append((both, np.float32(quality), sizes, *quantized))
            if kept and len(made) % KEPT_AT_ONCE == 0:
                kept.add(made)
    finally:  # also where the encoder failed, or after Ctrl-C
        if kept:
            kept.add(made)
    return Pairs(*(np.stack(arrays) for arrays in zip(*made[:count], strict=True)))


def _picture_of(pictures: ReadablePictures, index: int, seed: int) -> RGBImage:
    """The picture of a pair: all in turn, in an order of every round's own; in place of broken ones the next."""
    count = len(pictures.paths)
    order = np.random.default_rng((seed, index // count, 1)).permutation(count)
    for offset in range(count):
        picture = pictures.load(pictures.paths[order[(index + offset) % count]])
        if picture is not None:
            return picture
    raise PictureError("no picture to learn from can be decoded")


def _no_quantized() -> list[npt.NDArray[np.int16]]:
    return [np.empty((2, 0, 0, 64), np.int16)] * _COMPONENTS


def _read_quantized_planes(files: list[bytes]) -> list[npt.NDArray[np.int16]]:
    """Y, Cb, Cr: (2, rows, columns, 64), UNKNOWN where they cannot be read."""
    read = [read_quantized(file) for file in files]
    return [
        np.stack([np.where(file.known[i], file.quantized[i], UNKNOWN).astype(np.int16) for file in read])
        for i in range(_COMPONENTS)
    ]
