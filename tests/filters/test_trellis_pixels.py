import numpy as np

from jpegpre_tf.codecs import LibjpegTurbo, MozJPEG
from jpegpre_tf.filters import get_filter


def test_a_plain_encoder_then_writes_a_smaller_file(city):
    edited = get_filter("trellis")(city, 40)
    assert np.array_equal(edited, MozJPEG(tables="annex-k").encode(city, 40).decoded)
    assert len(LibjpegTurbo().encode_bytes(edited, 40)) < 0.97 * len(LibjpegTurbo().encode_bytes(city, 40))


def test_strength(city):
    trellis = get_filter("trellis")
    assert np.array_equal(trellis(city, 40, 0.0), city)
    half, full = (np.abs(trellis(city, 40, strength).astype(int) - city).mean() for strength in (0.5, 1.0))
    assert 0 < half < full
    assert not np.array_equal(trellis(city, 40), trellis(city, 80))
