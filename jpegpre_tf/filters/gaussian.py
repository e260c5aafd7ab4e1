"""Gaussian blur."""

from jpegpre_tf._types import RGBImage
from jpegpre_tf.filters.base import Filter, to_uint8
from jpegpre_tf.filters.opencv import opencv, opencv_version


class Gaussian(Filter):
    """Gaussian blur of all three channels; strength 1 is sigma 1 pixel."""

    name = "gaussian"
    label = "Gaussian blur"
    # Below sigma 0.3 rounding gives the picture back; 1 wins at the lowest qualities only.
    strengths = (0.35, 0.42, 0.5, 0.6, 0.8, 1.0)

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        cv2 = opencv("The Gaussian filter")
        levels = cv2.GaussianBlur(
            image.astype("float32"), (0, 0), sigmaX=strength, borderType=cv2.BORDER_REFLECT
        )
        return to_uint8(levels)

    def describe(self, strength: float) -> str:
        return f"sigma {strength:g} px"

    def library(self) -> str:
        return opencv_version()
