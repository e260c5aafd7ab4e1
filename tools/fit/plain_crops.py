"""Crops of a folder of pictures and what plain JPEG makes of them, for the tools that fit rates to them."""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf.losses.rate_slopes import HEADER_BPP, HEADER_BYTES
from jpegpre_tf.training.data.crops import list_pictures, load_rgb, random_crop


def parse_arguments(
    description: str | None, *, crops: int, output: Path, argv: list[str] | None
) -> argparse.Namespace:
    """Parses a folder of pictures, how many crops of it (default `crops`), and the file to write (default `output`)."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crops", type=int, default=crops)
    parser.add_argument("-o", "--output", type=Path, default=output)
    return parser.parse_args(argv)


def draw_crops(folder: Path, count: int, size: int) -> tuple[list[np.ndarray], int]:
    """Draws crops, uint8 (size, size, 3), always the same of the same folder; and how many pictures it has."""
    generator = np.random.default_rng(0)
    paths = list_pictures(folder)
    indices = generator.choice(len(paths), count)
    crops = [np.ascontiguousarray(random_crop(load_rgb(paths[index]), size, generator)) for index in indices]
    return crops, len(paths)


def encode_plain(crop: np.ndarray, quality: int) -> tuple[float, io.BytesIO]:
    """Encodes a crop: bits per pixel, its header counted as of a whole picture, and the file."""
    file = io.BytesIO()
    Image.fromarray(crop).save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return 8 * max(1, file.tell() - HEADER_BYTES) / crop[..., 0].size + HEADER_BPP, file
