"""Edits of pictures as they occur while a preprocessor is trained: blurred, sharpened, dead-zoned, preprocessed."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageFilter

from jpegpre_tf._types import RGBImage
from jpegpre_tf.jpeg.tables import LUMA_TABLE, scale_table
from jpegpre_tf.ops.transform.real_dct import BLOCK_DCT, RGB_TO_YCC, YCC_TO_RGB

# (image, quality, strength) -> image: `runtime.load(...)`.
PixelEditor = Callable[[RGBImage, int, float], RGBImage]

# Preprocessing changes sizes by some percent: mild edits come more often, but strong ones bound what is learned.
BLUR_SIGMA = (0.3, 1.2)  # pixels, drawn evenly in the logarithm
_SHARPEN_RADIUS = (0.5, 2.0)  # pixels
_SHARPEN_PERCENT = (15, 100)
_DEAD_ZONE = (0.55, 1.3)  # steps
_PREPROCESSED_SHARE = 0.45
# Above 1 counts as 1: full strength, which most pictures are preprocessed with, is drawn in a quarter of cases.
_STRENGTH = (0.25, 1.25)


def blur(image: RGBImage, sigma: float) -> RGBImage:
    """Gaussian blur; `sigma` in pixels."""
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma)))


def sharpen(image: RGBImage, radius: float, percent: int) -> RGBImage:
    """Unsharp mask without threshold; `radius` in pixels."""
    mask = ImageFilter.UnsharpMask(radius=radius, percent=percent, threshold=0)
    return np.asarray(Image.fromarray(image).filter(mask))


def dead_zone(image: RGBImage, quality: int, threshold: float) -> RGBImage:
    """Zeroes luma AC coefficients below `threshold` steps of libjpeg's table at `quality`, on the 8x8 grid."""
    height, width = image.shape[0] // 8 * 8, image.shape[1] // 8 * 8
    ycc = image[:height, :width].astype(np.float32) @ RGB_TO_YCC.T
    blocks = ycc[..., 0].reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
    coefficients = blocks @ BLOCK_DCT.T
    small = np.abs(coefficients) < threshold * scale_table(LUMA_TABLE, quality).reshape(64)
    small[:, 0] = False
    blocks = np.where(small, 0.0, coefficients) @ BLOCK_DCT
    luma = blocks.reshape(height // 8, width // 8, 8, 8).transpose(0, 2, 1, 3).reshape(height, width)
    ycc = np.concatenate([luma[..., None], ycc[..., 1:]], axis=2)
    edited = image.copy()
    edited[:height, :width] = np.clip(np.rint(ycc @ YCC_TO_RGB.T), 0, 255).astype(np.uint8)
    return edited


def random_edit(
    image: RGBImage, quality: int, generator: np.random.Generator, preprocess: Sequence[PixelEditor] = ()
) -> RGBImage:
    """One edit of a random kind and strength.

    Args:
        image: uint8 (height, width, 3).
        quality: Quality that the picture will be encoded with, 1..100.
        preprocess: Trained preprocessors, one of which is drawn; none leaves that kind out.
    """
    if preprocess and generator.random() < _PREPROCESSED_SHARE:
        chosen = preprocess[int(generator.integers(len(preprocess)))]
        return chosen(image, quality, min(1.0, float(generator.uniform(*_STRENGTH))))
    kind = generator.integers(3)
    if kind == 0:
        return blur(image, float(np.exp(generator.uniform(*np.log(BLUR_SIGMA)))))
    if kind == 1:
        radius = float(generator.uniform(*_SHARPEN_RADIUS))
        return sharpen(image, radius, int(generator.integers(*_SHARPEN_PERCENT)))
    return dead_zone(image, quality, float(generator.uniform(*_DEAD_ZONE)))
