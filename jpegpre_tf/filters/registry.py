"""Filters by name, as the command line and the reports call them."""

from jpegpre_tf.errors import UsageError
from jpegpre_tf.filters.area import Area
from jpegpre_tf.filters.base import Filter
from jpegpre_tf.filters.bilateral import Bilateral
from jpegpre_tf.filters.gaussian import Gaussian
from jpegpre_tf.filters.guided import Guided
from jpegpre_tf.filters.identity import Identity
from jpegpre_tf.filters.non_local_means import NonLocalMeans
from jpegpre_tf.filters.total_variation import TotalVariation
from jpegpre_tf.filters.trellis_pixels import TrellisPixels

_FILTERS: dict[str, type[Filter]] = {
    kind.name: kind
    for kind in (
        Identity,
        Gaussian,
        Bilateral,
        Guided,
        NonLocalMeans,
        TotalVariation,
        Area,
        TrellisPixels,
    )
}


def filter_names() -> list[str]:
    """Names that `get_filter` takes."""
    return list(_FILTERS)


def get_filter(name: str) -> Filter:
    """Returns the filter called `name`.

    Raises:
        UsageError: If there is no filter of that name.
    """
    if name not in _FILTERS:
        raise UsageError(f"no filter {name!r}; there are: {', '.join(_FILTERS)}")
    return _FILTERS[name]()
