"""PSNR of a JPEG file against the original picture, without copies of the picture in wider types."""

import io
import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.runtime.native.sum_squared_error import sum_squared_error
from jpegpre_tf.runtime.pictures.pixels.rgb_strips import rgb_strips


def psnr_db(reference: npt.NDArray[np.uint8], jpeg: bytes) -> float:
    """Returns the PSNR over all RGB samples of the decoded file, in decibels; infinite if they are equal.

    Args:
        reference: uint8 `(H, W, 3)` RGB, levels 0..255.
        jpeg: A JPEG file of the same size in pixels.

    Raises:
        ValueError: If the sizes differ.
    """
    total = 0.0
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        if (image.height, image.width) != reference.shape[:2]:
            raise ValueError(
                f"`jpeg` must be {reference.shape[1]}x{reference.shape[0]} pixels. "
                f"Received: {image.width}x{image.height}"
            )
        image.load()
        for top, strip in rgb_strips(image):
            total += sum_squared_error(reference[top : top + len(strip)], strip)
    if total == 0:
        return math.inf
    return 10 * math.log10(255**2 * reference.size / total)
