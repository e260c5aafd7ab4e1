"""Classical prefilters, the baselines to beat, called like the preprocessing network. No TensorFlow here."""

from jpegpre_tf.filters.area import Area
from jpegpre_tf.filters.base import Filter
from jpegpre_tf.filters.bilateral import Bilateral
from jpegpre_tf.filters.gaussian import Gaussian
from jpegpre_tf.filters.guided import Guided
from jpegpre_tf.filters.identity import Identity
from jpegpre_tf.filters.non_local_means import NonLocalMeans
from jpegpre_tf.filters.registry import filter_names, get_filter
from jpegpre_tf.filters.total_variation import TotalVariation
from jpegpre_tf.filters.trellis_pixels import TrellisPixels

__all__ = [
    "Area",
    "Bilateral",
    "Filter",
    "Gaussian",
    "Guided",
    "Identity",
    "NonLocalMeans",
    "TotalVariation",
    "TrellisPixels",
    "filter_names",
    "get_filter",
]
