"""Area opening and closing: attribute filters, what the field used before networks."""

from importlib import metadata

import numpy as np

from jpegpre_tf._optional import require
from jpegpre_tf._types import RGBImage
from jpegpre_tf.filters.base import Filter

_LARGEST = 64


class Area(Filter):
    """Removes bright, then dark, spots of fewer pixels than a limit, in each channel.

    Strength 0 is a limit of 1 pixel (nothing), strength 1 of 64 pixels, geometrically between.
    """

    name = "area"
    label = "area opening/closing"
    strengths = (0.17, 0.34, 0.5, 0.67, 0.83)  # 2, 4, 8, 16, 32 pixels

    def apply(self, image: RGBImage, quality: int, strength: float) -> RGBImage:
        return np.stack([_open_close(plane, _limit(strength)) for plane in np.moveaxis(image, 2, 0)], axis=2)

    def describe(self, strength: float) -> str:
        return f"spots under {_limit(strength)} pixels, each channel"

    def library(self) -> str:
        return f"higra {metadata.version('higra')}"


def _limit(strength: float) -> int:
    pixels: int = round(_LARGEST**strength)
    return pixels


def _open_close(plane: np.ndarray, limit: int) -> np.ndarray:
    hg = require("higra", extra="evaluate", purpose="Area opening/closing")
    graph = hg.get_4_adjacency_graph(plane.shape)
    for tree_of in (hg.component_tree_max_tree, hg.component_tree_min_tree):
        tree, altitudes = tree_of(graph, plane)
        plane = hg.reconstruct_leaf_data(tree, altitudes, hg.attribute_area(tree) < limit)
    return plane.astype(np.uint8)
