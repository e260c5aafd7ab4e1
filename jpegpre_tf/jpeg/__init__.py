"""The JPEG standard in NumPy, exact: tables, DCT, resampling, Huffman codes, decoded pixels, file size.

The oracle of the TensorFlow code in `jpegpre_tf.ops`, and the fast exact counter for tools. Integer
arithmetic throughout; results equal libjpeg-turbo's (islow DCT, fancy upsampling, baseline Huffman), sample
by sample and byte by byte.
"""

from jpegpre_tf.jpeg.carriers.carrier import carrier_pixels, clipping, measured_carrier, wrong_share
from jpegpre_tf.jpeg.carriers.carrier_correction import corrected_pixels
from jpegpre_tf.jpeg.carriers.encoder_choice import choose_encoder_quality, encoder_quality_for
from jpegpre_tf.jpeg.carriers.finish import finish
from jpegpre_tf.jpeg.codec import Coefficients, decode, encode_coefficients, file_size, simulate
from jpegpre_tf.jpeg.files.progressive import to_progressive
from jpegpre_tf.jpeg.files.read_coefficients import read_coefficients
from jpegpre_tf.jpeg.tables import (
    CHROMA_TABLE,
    LUMA_TABLE,
    NATURAL_FROM_ZIGZAG,
    quantization_tables,
    scale_table,
)

__all__ = [
    "CHROMA_TABLE",
    "LUMA_TABLE",
    "NATURAL_FROM_ZIGZAG",
    "Coefficients",
    "carrier_pixels",
    "choose_encoder_quality",
    "clipping",
    "corrected_pixels",
    "decode",
    "encode_coefficients",
    "encoder_quality_for",
    "file_size",
    "finish",
    "measured_carrier",
    "quantization_tables",
    "read_coefficients",
    "scale_table",
    "simulate",
    "to_progressive",
    "wrong_share",
]
