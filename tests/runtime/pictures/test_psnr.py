import io
import math

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime


@pytest.mark.parametrize("quality", [5, 75, 98])
@pytest.mark.parametrize("gray", [False, True])
def test_equals_the_definition(photos, quality, gray):
    photo = photos[0][:, :, :1].repeat(3, axis=2) if gray else photos[0]
    jpeg = runtime.encode_jpeg(photo, quality, is_gray=gray)
    decoded = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(np.float64)
    expected = 10 * math.log10(255**2 / np.mean((decoded - photo) ** 2))
    assert runtime.psnr_db(photo, jpeg) == pytest.approx(expected, abs=1e-5)  # float32 sums of strips


def test_equal_pictures_are_infinitely_good():
    flat = np.full((20, 20, 3), 128, np.uint8)
    assert runtime.psnr_db(flat, runtime.encode_jpeg(flat, 75)) == math.inf


def test_another_size_is_refused(photos):
    with pytest.raises(ValueError, match="`jpeg`"):
        runtime.psnr_db(photos[0][:-1], runtime.encode_jpeg(photos[0], 75))
