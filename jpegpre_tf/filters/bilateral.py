"""Bilateral filter."""

from jpegpre_tf._types import RGBImage
from jpegpre_tf.filters.base import Filter, to_uint8
from jpegpre_tf.filters.opencv import opencv, opencv_version

_DIAMETER = 5
_SIGMA_SPACE = 1.5
_SIGMA_COLOR = 60.0


class Bilateral(Filter):
    """Bilateral filter over 5x5 pixels; strength 1 is a colour sigma of 60 levels."""

    name = "bilateral"
    label = "bilateral filter"
    strengths = (0.08, 0.15, 0.25, 0.4, 0.7)

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        cv2 = opencv("The bilateral filter")
        levels = image.astype("float32")
        return to_uint8(cv2.bilateralFilter(levels, _DIAMETER, _SIGMA_COLOR * strength, _SIGMA_SPACE))

    def describe(self, strength: float) -> str:
        return f"5x5, sigma {_SIGMA_COLOR * strength:g} levels, {_SIGMA_SPACE:g} px"

    def library(self) -> str:
        return opencv_version()
