"""Files by carriers: what a renderer needs beside the picture."""

import functools
import weakref
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from jpegpre_tf import jpeg
from jpegpre_tf.errors import PictureError, first_line
from jpegpre_tf.jpeg.carriers.encoder_choice import CANDIDATES
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.runtime.encoding.carriers.encoder_tables import CarrierError, EncoderTables
from jpegpre_tf.runtime.encoding.jpeg_encoder import JpegEncoder
from jpegpre_tf.runtime.encoding.jpeg_file import encode_jpeg
from jpegpre_tf.runtime.encoding.options import EncodeOptions
from jpegpre_tf.runtime.inference.carrier import Carrier
from jpegpre_tf.runtime.inference.session import Session

TablesOf = Callable[[float], npt.NDArray[np.uint8]]

# libjpeg refuses longer sides, and a carrier's are multiples of 16.
_LONGEST_SIDE = 65_500 // 16 * 16
# Encoder qualities that are tried for a picture in strips.
_MOST_TRIALS = 3
_probed: "weakref.WeakKeyDictionary[JpegEncoder, EncoderTables]" = weakref.WeakKeyDictionary()


@runtime_checkable
class MakesCarriers(Protocol):
    """What `runtime.load` returns, as far as carriers need it."""

    tuned_tables: TunedTables | None
    can_decide: bool
    carrier: Callable[..., Carrier]


class Carriers:
    """Makes carriers of one picture for one encoder.

    Args:
        model: What `load` returns.
        tables_of: Tables that the file shall have, `(2, 8, 8)`, by quality.
        encoder_tables: The encoder's tables by quality.
        is_bound: Whether files must have these tables: then a picture that no carrier is exact for is refused.
        is_plain: Whether the encoder is `encode_jpeg`, which takes padded pixels without a copy.
    """

    def __init__(
        self,
        model: MakesCarriers,
        tables_of: TablesOf,
        encoder_tables: EncoderTables,
        *,
        is_bound: bool = False,
        is_plain: bool = False,
    ) -> None:
        self._model = model
        self._is_plain = is_plain
        self._is_bound = is_bound
        self._tables_of = tables_of
        self._encoder_tables = encoder_tables

    def make(
        self,
        pixels: npt.NDArray[np.uint8],
        quality: float,
        strength: float,
        encoder_quality: int | None = None,
    ) -> Carrier:
        """Returns the carrier of uint8 `(H, W, 3)` RGB or `(H, W)` grey pixels.

        Args:
            pixels: The picture, or rows of it that begin at a multiple of 16.
            quality: 1..100, need not be a whole number.
            strength: 0..1.
            encoder_quality: Quality that the encoder will be given; None chooses one.
        """
        own = self._encoder_tables if encoder_quality is None else self._encoder_tables(encoder_quality)
        options = {"padded": True} if self._is_plain and isinstance(self._model, Session) else {}
        return self._model.carrier(
            pixels, quality, strength, tables=self.target_tables(quality), encoder_tables=own, **options
        )

    def refusal(self, carrier: Carrier) -> str | None:
        """Returns why the carrier must not be used, in one line without the picture's name; None if it may be.

        Raises:
            PictureError: If it must not, and no other tables will do.
        """
        reason = carrier.edit_reason
        if reason is not None and self._is_bound:
            raise PictureError(f"the tables given cannot be used: {reason}")
        return reason

    def target_tables(self, quality: float) -> npt.NDArray[np.uint8]:
        """Returns the tables of files of a quality, uint8 `(2, 8, 8)`; fractions as of `tables_of`."""
        tables = self._tables_of(int(quality)).copy()
        share = quality - int(quality)
        if share:
            changed = jpeg.NATURAL_FROM_ZIGZAG[64 - round(64 * share) :]
            finer = self._tables_of(int(quality) + 1)
            tables.reshape(2, 64)[:, changed] = finer.reshape(2, 64)[:, changed]
        return tables

    def encoder_qualities(self, quality: float) -> list[int]:
        """Returns the encoder's quality for files of a quality, and those to try where contrast is cut, in order."""
        first = jpeg.encoder_quality_for(list(self.target_tables(quality)), self._encoder_tables)
        return [first, *(at for at in CANDIDATES if at > first)][:_MOST_TRIALS]


def make_carriers(
    preprocess: object, options: EncodeOptions, encoder: JpegEncoder | None, height: int, width: int
) -> Carriers:
    """Returns what makes a picture's carriers.

    Raises:
        CarrierError: If none can be used; it says why.
    """
    if options.subsampling != "4:2:0":
        raise CarrierError(f"{options.subsampling} has the encoder's own tables")
    if not isinstance(preprocess, MakesCarriers):
        raise CarrierError("the preprocessing can only edit pixels")
    if options.strength > 0 and not preprocess.can_decide:
        raise CarrierError("the model can only edit pixels")
    if max(height, width) > _LONGEST_SIDE:
        raise CarrierError(
            f"the carrier of a side of more than {_LONGEST_SIDE:,} pixels is too large to encode"
        )
    tables = options.tables
    tables_of: TablesOf
    if isinstance(tables, TunedTables):
        tables_of = tables.tables
    elif options.has_own_tables:
        fixed = np.asarray(tables, np.uint8)

        def tables_of(quality: float) -> npt.NDArray[np.uint8]:
            return fixed

    elif preprocess.tuned_tables is None:
        raise CarrierError("the model has no tuned tables")
    else:
        tables_of = preprocess.tuned_tables.tables
    if not getattr(encoder, "rounds", True):
        raise CarrierError(f"{getattr(encoder, 'name', 'the encoder')} decides for itself what it writes")
    encoder_tables = _plain_tables() if encoder is None else _tables_of_encoder(encoder)
    encoder_tables.check_rounding()
    return Carriers(
        preprocess,
        tables_of,
        encoder_tables,
        is_bound=options.has_own_tables,
        is_plain=encoder is None,
    )


@functools.cache
def _plain_tables() -> EncoderTables:
    return EncoderTables("libjpeg-turbo", encode_jpeg)


def _tables_of_encoder(encoder: JpegEncoder) -> EncoderTables:
    """Once per process and encoder."""
    if encoder not in _probed:
        # Weakly from both sides: what is kept must not keep the encoder.
        reference = weakref.ref(encoder)

        def write(pixels: npt.NDArray[np.uint8], quality: int) -> bytes:
            alive = reference()
            if alive is None:
                raise ReferenceError("the encoder is gone")
            try:
                return alive.encode_bytes(pixels, quality)
            except Exception as error:  # whatever an encoder of the user's raises
                raise PictureError(f"encoder {alive.name} failed: {first_line(error)}") from error

        _probed[encoder] = EncoderTables(encoder.name, write)
    return _probed[encoder]
