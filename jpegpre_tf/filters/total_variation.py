"""Total variation."""

from importlib import metadata

from jpegpre_tf._optional import require
from jpegpre_tf._types import RGBImage
from jpegpre_tf.filters.base import Filter, to_uint8

_WEIGHT = 0.05


class TotalVariation(Filter):
    """Chambolle's total-variation denoising; strength 1 is weight 0.05 on pictures scaled to 0..1."""

    name = "tv"
    label = "total variation"
    strengths = (0.06, 0.12, 0.2, 0.35, 0.6)

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        restoration = require("skimage.restoration", extra="evaluate", purpose="Total variation")
        scaled = restoration.denoise_tv_chambolle(
            image.astype("float32") / 255, weight=_WEIGHT * strength, channel_axis=-1
        )
        return to_uint8(scaled * 255)

    def describe(self, strength: float) -> str:
        return f"Chambolle, weight {_WEIGHT * strength:g}"

    def library(self) -> str:
        return f"scikit-image {metadata.version('scikit-image')}"
