"""The quantization tables that an encoder writes, for edits that are made for them."""

import functools

import numpy as np

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.runtime.encoding.carriers.encoder_tables import CarrierError, EncoderTables

Tables = tuple[np.ndarray, np.ndarray]


def read_encoder_tables(name: str, quality: int) -> Tables | None:
    """Returns an encoder's (luma, chroma) tables, each `(8, 8)`; None where its files have no two such tables.

    Args:
        name: One of `encoder_names()`.
        quality: 1..100, on the encoder's own scale.
    """
    try:
        return _probe(name)(quality)
    except CarrierError:  # of another format, or of other sampling: edited as for libjpeg's tables
        return None


@functools.cache
def _probe(name: str) -> EncoderTables:
    encoder = get_encoder(name)

    def write(pixels: RGBImage, quality: int) -> bytes:
        return encoder.encode_bytes(pixels, quality)

    return EncoderTables(name, write)
