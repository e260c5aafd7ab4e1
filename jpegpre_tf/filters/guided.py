"""Guided filter."""

from jpegpre_tf._types import RGBImage
from jpegpre_tf.filters.base import Filter, to_uint8
from jpegpre_tf.filters.opencv import opencv, opencv_version

_RADIUS = 2
_LEVELS = 32.0


class Guided(Filter):
    """Guided filter of radius 2 with the picture as its own colour guide.

    Strength 1 smooths variations under about 32 levels (its epsilon is the square of that).
    """

    name = "guided"
    label = "guided filter r=2"
    strengths = (0.08, 0.14, 0.22, 0.35, 0.6, 1.0)

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        cv2 = opencv("The guided filter")
        levels = image.astype("float32")
        return to_uint8(cv2.ximgproc.guidedFilter(levels, levels, _RADIUS, (_LEVELS * strength) ** 2))

    def describe(self, strength: float) -> str:
        return f"radius {_RADIUS}, epsilon ({_LEVELS * strength:g} levels)^2, colour guide"

    def library(self) -> str:
        return opencv_version()
