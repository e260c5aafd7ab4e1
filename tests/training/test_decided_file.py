"""The simulated file of decisions is the real one: what a carrier through Pillow and `finish` gives."""

import io
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from jpegpre_tf import Preprocessor, jpeg
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.training.decided_file import decode_decisions, rate_of_decisions

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.mark.parametrize("quality", [25, 60])
def test_size_and_samples_are_those_of_a_file_with_these_tables(quality: int) -> None:
    with Image.open(PICTURES / "gb82_city.webp") as image:
        picture = np.asarray(image.convert("RGB"))[None, 64:192, 64:224]
    factors = np.random.default_rng(0).normal(0.1, 0.1, (4, 2, 8, 8))
    tables = TunedTables(factors).tables(quality)
    model = Preprocessor(channels=8)
    decisions = model.decide(picture, tables)
    pixels = picture[0, ..., 0].size
    both = tf.constant(tables[None], tf.float32)
    rate = float(rate_of_decisions(decisions, both, count_stuffing=True)[0])
    decoded = np.asarray(decode_decisions(decisions, both))[0]
    planes = tuple(
        np.asarray(q)[0].reshape(*q.shape[1:3], 8, 8).astype(np.int16) for q in decisions.quantized
    )
    expected = jpeg.Coefficients(planes, tuple(tables), *picture.shape[1:3], "4:2:0")
    assert rate * pixels == pytest.approx(8 * jpeg.file_size(expected), abs=0.5)
    np.testing.assert_array_equal(decoded, jpeg.decode(expected))

    # The real thing, through an encoder at the quality that suits the tables. Samples are rounded to integers and no
    # second pass corrects what is near a tie.
    encoder_quality = jpeg.encoder_quality_for(tuple(tables), jpeg.quantization_tables)
    encoder_tables = np.stack(jpeg.quantization_tables(encoder_quality))
    carrier = np.asarray(model.carrier(picture, tables, 1.0, encoder_tables))[0].astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(carrier).save(file, "JPEG", quality=encoder_quality, subsampling="4:2:0")
    written = jpeg.read_coefficients(file.getvalue()).planes
    for mine, theirs in zip(decisions.quantized, written, strict=True):
        assert np.mean(np.asarray(mine)[0].reshape(theirs.shape) != theirs) < 2e-3
