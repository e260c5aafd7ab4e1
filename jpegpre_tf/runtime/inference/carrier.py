"""A picture made for an ordinary encoder, and what makes the encoder's file the one that was decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.carriers.encoder_choice import MOST_CLIPPED
from jpegpre_tf.jpeg.files.frame import frame_of
from jpegpre_tf.jpeg.files.markers import marker_segments
from jpegpre_tf.runtime.inference.arguments import check_tables, nearest_quality
from jpegpre_tf.runtime.inference.kernel import Kernel
from jpegpre_tf.runtime.inference.kernel_carrier import kernel_carriers

TablePair = Sequence[npt.NDArray[np.integer]] | npt.NDArray[np.integer]
EncoderTables = TablePair | Callable[[int], TablePair]
# Mean step of the encoder's luma table, in levels, below which coefficients near a tie have to be corrected: libjpeg's
# from quality 97 on. It takes a second a megapixel.
_FINE_STEPS = 4.0
# Part of the pixels that are cut from which on no correction makes a carrier exact.
_HOPELESS_CUT = 0.02
# Coefficients that may be others in an encoder's file: so many, or a part of those that are not 0. Encoders that round
# change hardly any, other pictures nearly all.
_FEW_CHANGED, _MOST_CHANGED = 8, 0.1
# The encoder's quality is chosen by about as many pixels.
_SAMPLED_PIXELS = 1 << 19
# Part of the pixels that may be cut without counting what becomes of the coefficients: each pixel touches 96 at most.
_HARMLESS_CUT = 1 / 5000 / 96
# Quality that tables must be nearest to, at most; of so many coefficients one may then come out otherwise.
_MOST_WRONG = ((80, 5000), (100, 500))


@dataclass(frozen=True)
class Carrier:
    """The picture handed to an encoder so that its file holds the decided coefficients.

    Attributes:
        pixels: uint8 (H, W, 3) RGB, H and W multiples of 16; of a gray picture (H, W), multiples of 8.
        quality: Quality that the encoder has to be given, 1..100, with 4:2:0; None where its tables were given instead.
        tables: Luma and chroma table that the file shall have, (2, 8, 8), 1..255.
        encoder_tables: Tables that the encoder uses at `quality`, likewise.
        width, height: True size of the picture.
        clipped_share: Part of the pixels cut at 0 or 255, 0..1: near them coefficients come out otherwise.
        wrong_share: Part of the coefficients that come out otherwise, 0..1, by libjpeg's arithmetic. Counted where
            pixels are cut or the encoder's steps are fine; 0 elsewhere, which is right to 1 in 5,000.
    """

    pixels: npt.NDArray[np.uint8]
    quality: int | None
    tables: npt.NDArray[np.uint8]
    encoder_tables: npt.NDArray[np.uint8]
    width: int
    height: int
    clipped_share: float = 0.0
    wrong_share: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether the file will be the one decided, but for 1 coefficient in 5,000, or in 500 above quality 80."""
        return self.edit_reason is None

    @property
    def edit_reason(self) -> str | None:
        """Why edited pixels make a better file than this carrier, one line; None if the carrier `is_exact`."""
        quality = nearest_quality(self.tables)
        one_in = next(one_in for highest, one_in in _MOST_WRONG if quality <= highest)
        if self.wrong_share <= 1 / one_in:
            return None
        return (
            f"more than 1 in {one_in:,} coefficients would come out otherwise: "
            "steps are too fine for 8-bit samples"
        )

    def finish(self, encoded: bytes) -> bytes:
        """Returns the encoder's file of `pixels` with the tables and the size that it shall have.

        Args:
            encoded: The file: 4:2:0 or one component, baseline or progressive, encoded at `quality`.

        Raises:
            ValueError: If it is not that file; one line says what was expected and what came.
        """
        count = len(frame_of(marker_segments(encoded)).components)
        if count == 1 and self.pixels.ndim == 3:
            raise ValueError("the JPEG file must have 3 components, as its carrier is in color. Received: 1")
        return jpeg.finish(encoded, tuple(self.encoder_tables), tuple(self.tables), self.height, self.width)

    def check_picture(self, encoded: bytes) -> None:
        """Reads the encoder's file back, which takes longer than all of `finish`.

        Args:
            encoded: What `finish` takes.

        Raises:
            ValueError: If it shows another picture, or the encoder changes pixels or coefficients by rules of its own.
        """
        luma, chroma = self.encoder_tables
        wanted = jpeg.encode_coefficients(self.pixels, tables=(luma, chroma)).planes
        received = jpeg.read_coefficients(encoded).planes
        # A gray carrier may have been written in color.
        pairs = list(zip(wanted, received, strict=False))
        if pairs[0][0].shape != pairs[0][1].shape:
            raise ValueError("the JPEG file is of another size than its carrier")
        wrong = sum(int(np.count_nonzero(a != b)) for a, b in pairs)
        shown = sum(int(np.count_nonzero((a != 0) | (b != 0))) for a, b in pairs)
        if wrong > max(_FEW_CHANGED, _MOST_CHANGED * shown):
            raise ValueError(
                f"the JPEG file must hold the coefficients of its carrier: {wrong / shown:.0%} of those that are not 0 "
                "are others: it is another picture, or its encoder does not only round"
            )


def carrier_in_one_sweep(
    kernel: Kernel,
    image: npt.NDArray[np.uint8],
    tables: npt.NDArray[np.uint8],
    strength: float,
    encoder_tables: EncoderTables,
    padded: bool = False,
) -> Carrier | None:
    """Returns what `make_carrier` makes of the decisions on a picture; None where these have to be looked at.

    Nothing is cut of most pictures' carriers at the encoder's quality that suits their tables: their decisions need
    not be kept, which takes a quarter of the time.

    Args:
        kernel: Decides and renders.
        image: uint8 (H, W, 3) RGB.
        tables: Luma and chroma table that the file shall have, (2, 8, 8).
        strength: Above 0, up to 1.
        encoder_tables: As of `make_carrier`.
        padded: Whether its pixels are a view of pixels of four bytes.
    """
    quality, own = _fitting_tables(tables, encoder_tables)
    if own[0].mean() < _FINE_STEPS:
        return None
    pixels, clipped_share = kernel.counted_carrier(
        image, (tables[0], tables[1]), (own[0], own[1]), strength, padded=padded
    )
    if clipped_share > _HARMLESS_CUT:
        return None
    height, width = image.shape[:2]
    return Carrier(pixels, quality, tables.astype(np.uint8), own, width, height, clipped_share)


def make_carrier(coefficients: jpeg.Coefficients, encoder_tables: EncoderTables, threads: int = 1) -> Carrier:
    """Returns the carrier of decided coefficients, for the encoder's quality that carries them best.

    The kernel in C makes it where it was built, else NumPy: the same samples.

    Args:
        coefficients: What the file shall hold, 4:2:0 or one plane, with the tables that it shall have.
        encoder_tables: Function from the encoder's quality to its luma and chroma table, or these two tables.
        threads: CPU threads, >= 1.
    """
    kernel = kernel_carriers(threads)
    render = jpeg.measured_carrier if kernel is None else kernel.render
    first, own = _fitting_tables(coefficients.tables, encoder_tables)
    quality = first
    pixels, clipped_share = render(coefficients, list(own))
    if callable(encoder_tables) and clipped_share > MOST_CLIPPED:
        if kernel is not None:
            quality = kernel.choose_quality(coefficients, encoder_tables)
        else:
            quality = jpeg.choose_encoder_quality(_sample_rows(coefficients), encoder_tables)
        if quality != first:
            own = check_tables("encoder_tables", encoder_tables(quality))
            pixels, clipped_share = render(coefficients, list(own))
    is_fine = own[0].mean() < _FINE_STEPS
    if is_fine and clipped_share < _HOPELESS_CUT:
        pixels = jpeg.corrected_pixels(pixels, coefficients, list(own))
    is_doubtful = is_fine or clipped_share > _HARMLESS_CUT
    return Carrier(
        pixels,
        quality,
        np.stack(coefficients.tables).astype(np.uint8),
        own,
        coefficients.width,
        coefficients.height,
        clipped_share,
        jpeg.wrong_share(pixels, coefficients, list(own)) if is_doubtful else 0.0,
    )


def _fitting_tables(
    tables: TablePair, encoder_tables: EncoderTables
) -> tuple[int | None, npt.NDArray[np.uint8]]:
    """Returns the encoder's quality that suits the file's tables whatever the picture, and its tables there.

    None and the encoder's tables where these are given.
    """
    if not callable(encoder_tables):
        return None, check_tables("encoder_tables", encoder_tables)
    # What returns anything else is named before it is searched.
    check_tables("encoder_tables", encoder_tables(50))
    quality = jpeg.encoder_quality_for(tables, encoder_tables)
    return quality, check_tables("encoder_tables", encoder_tables(quality))


def _sample_rows(coefficients: jpeg.Coefficients) -> jpeg.Coefficients:
    """Rows of MCUs spread evenly over a large picture: what they cut tells enough, and trying qualities takes time."""
    rows = coefficients.height // 16
    every = max(1, coefficients.height * coefficients.width // _SAMPLED_PIXELS)
    if every == 1 or rows < every:
        return coefficients
    kept = np.arange(0, rows, every)
    both = (2 * kept[:, np.newaxis] + np.arange(2)).ravel()
    planes = [plane[both if index == 0 else kept] for index, plane in enumerate(coefficients.planes)]
    return replace(coefficients, planes=tuple(planes), height=16 * len(kept))
