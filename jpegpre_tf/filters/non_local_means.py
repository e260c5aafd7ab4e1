"""Non-local means."""

from jpegpre_tf._types import RGBImage
from jpegpre_tf.filters.base import Filter
from jpegpre_tf.filters.opencv import opencv, opencv_version

_H = 10.0
_TEMPLATE = 5
_SEARCH = 11


class NonLocalMeans(Filter):
    """Non-local means, luma and chroma alike; strength 1 is h = 10 levels."""

    name = "nlm"
    label = "non-local means"
    strengths = (0.1, 0.2, 0.3, 0.5, 0.8)

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        cv2 = opencv("Non-local means")
        h = _H * strength
        result: RGBImage = cv2.fastNlMeansDenoisingColored(image, None, h, h, _TEMPLATE, _SEARCH)
        return result

    def describe(self, strength: float) -> str:
        return f"h {_H * strength:g} levels, patches {_TEMPLATE}x{_TEMPLATE} within {_SEARCH}x{_SEARCH}"

    def library(self) -> str:
        return opencv_version()
