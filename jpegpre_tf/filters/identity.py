"""No filter."""

from jpegpre_tf.codecs.base import Picture
from jpegpre_tf.filters.base import Filter


class Identity(Filter):
    """Returns the picture as it is; an evaluation of it must give exactly 0."""

    name = "identity"
    label = "no filter"

    def apply(self, image: Picture, quality: int, strength: float) -> Picture:
        return image

    def describe(self, strength: float) -> str:
        return "untouched"
