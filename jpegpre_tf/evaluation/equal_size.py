"""Plain JPEG of a given size, to look at two encodings side by side."""

from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoded, Encoder


def smallest_file_above(encoder: Encoder, image: RGBImage, size_bytes: int) -> Encoded:
    """Returns the smallest encoding of `image` that is no smaller than `size_bytes`.

    Never smaller, so that the comparison does not wrong it; the largest there is if none is large enough.

    Args:
        encoder: Encoder whose files grow with quality.
        image: uint8 `(height, width, 3)`, RGB, samples 0..255.
        size_bytes: The size to reach.
    """
    low, high = 1, 100
    while low < high:
        middle = (low + high) // 2
        if len(encoder.encode_bytes(image, middle)) >= size_bytes:
            high = middle
        else:
            low = middle + 1
    return encoder.encode(image, low)
