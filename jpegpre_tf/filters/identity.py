"""No filter."""

from jpegpre_tf._types import RGBImage
from jpegpre_tf.filters.base import Filter


class Identity(Filter):
    """Returns the picture as it is; an evaluation of it must give exactly 0."""

    name = "identity"
    label = "no filter"

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        return image

    def describe(self, strength: float) -> str:
        return "untouched"
