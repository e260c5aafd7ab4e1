import io

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg


def test_base_tables_are_annex_k():
    assert jpeg.LUMA_TABLE.shape == jpeg.CHROMA_TABLE.shape == (8, 8)
    assert (jpeg.LUMA_TABLE.sum(), jpeg.CHROMA_TABLE.sum()) == (3688, 5505)
    assert not jpeg.LUMA_TABLE.flags.writeable


@pytest.mark.parametrize("quality", range(1, 101))
def test_scaled_tables_are_what_pillow_writes(quality):
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "JPEG", quality=quality)
    written = Image.open(file).quantization
    for index, table in enumerate(jpeg.quantization_tables(quality)):
        np.testing.assert_array_equal(table.ravel(), written[index])


def test_zigzag_walks_the_diagonals():
    expected = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]
    assert jpeg.NATURAL_FROM_ZIGZAG[:10].tolist() == expected
    assert jpeg.NATURAL_FROM_ZIGZAG[-3:].tolist() == [55, 62, 63]
    assert sorted(jpeg.NATURAL_FROM_ZIGZAG) == list(range(64))
