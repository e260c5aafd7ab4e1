"""Carriers of decided coefficients by the kernel in C: the pixels of jpegpre_tf.jpeg, in a hundredth of its time."""

import ctypes
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.carriers.carrier import plane_sizes
from jpegpre_tf.jpeg.carriers.encoder_choice import CANDIDATES, TablesOf
from jpegpre_tf.runtime.inference.kernel_library import (
    ROW,
    KernelCuts,
    check_status,
    chosen_level,
    coefficients_of,
    handle_of,
    kernel_library,
    pixels_of,
    run_in_ranges,
    table_bytes,
)

Tables = Sequence[npt.NDArray[np.integer]]


class KernelCarriers:
    """Renders carriers, and chooses the encoder's quality for them.

    Results are those of `jpeg.carrier_pixels`, `jpeg.clipping` and `jpeg.choose_encoder_quality`, sample by sample.

    Args:
        library: Result of `kernel_library()`.
        threads: Threads of one call, >= 1.
        level: Level of instructions, one of `kernel_levels()`; None takes the fastest.
    """

    def __init__(self, library: ctypes.CDLL, threads: int = 1, level: str | None = None) -> None:
        self._library = library
        self._threads = threads
        self._level = chosen_level(level)

    def render(
        self, coefficients: jpeg.Coefficients, encoder_tables: Tables
    ) -> tuple[npt.NDArray[np.uint8], float]:
        """Returns the carrier's pixels, and the part of them, 0..1, that is cut by more than a level at 0 or 255.

        Args:
            coefficients: What the file shall hold, 4:2:0 or of one plane.
            encoder_tables: (luma, chroma) tables that the encoder will use, each (8, 8), 1..255.

        Returns:
            uint8 (H, W, 3) RGB with H and W multiples of 16, or of one plane (H, W) gray, multiples of 8.

        Raises:
            ValueError: If the coefficients are not those of such a picture.
        """
        planes, height, width = _planes(coefficients)
        unit, channels = (8, ()) if len(planes) == 1 else (ROW, (3,))
        result = np.empty((-(-height // unit) * unit, -(-width // unit) * unit, *channels), np.uint8)
        given, to = coefficients_of(planes, height, width), pixels_of(result)
        cuts: list[KernelCuts] = []
        library = self._library
        tables = *(table_bytes(table) for table in encoder_tables), self._level
        with handle_of(
            library, library.jpegpre_renderer_create, tables, library.jpegpre_renderer_destroy
        ) as renderer:

            def run(first: int, end: int) -> int:
                own = KernelCuts()
                cuts.append(own)
                return int(library.jpegpre_render(renderer, given, to, own, first, end))

            run_in_ranges(library, -(-height // ROW), self._threads, run)
        return result, sum(each.cut for each in cuts) / sum(each.pixels for each in cuts)

    def choose_quality(self, coefficients: jpeg.Coefficients, encoder_tables_of: TablesOf) -> int:
        """Returns the encoder's quality, judged by half a megapixel of a large picture.

        Args:
            coefficients: What the file shall hold, with the tables that it shall have.
            encoder_tables_of: The encoder's (luma, chroma) tables by quality.
        """
        planes, height, width = _planes(coefficients)
        given = coefficients_of(planes, height, width)
        candidates = b"".join(table_bytes(table) for at in CANDIDATES for table in encoder_tables_of(at))
        chosen = ctypes.c_int32()
        targets = [table_bytes(table) for table in coefficients.tables]
        status = self._library.jpegpre_choose(given, *targets, candidates, len(CANDIDATES), chosen)
        check_status(self._library, status)
        return CANDIDATES[chosen.value]


def kernel_carriers(threads: int = 1) -> KernelCarriers | None:
    """Returns what renders carriers, or None where the kernel was not built."""
    library = kernel_library()
    return None if library is None else KernelCarriers(library, threads)


def _planes(coefficients: jpeg.Coefficients) -> tuple[tuple[npt.NDArray[np.int16], ...], int, int]:
    """Contiguous planes, and the height and width of the picture that they have all blocks of."""
    height, width = coefficients.height, coefficients.width
    blocks, _ = plane_sizes(coefficients)[0]
    planes = tuple(np.ascontiguousarray(plane, np.int16) for plane in coefficients.planes)
    if planes[0].shape[:2] != blocks:  # of whole MCUs
        height, width = (-(-side // ROW) * ROW for side in (height, width))
    return planes, height, width
