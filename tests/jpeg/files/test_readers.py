"""Finished carriers look alike in readers that share no code with this package (Firefox and libvips: by the tool)."""

import runpy
from pathlib import Path

import numpy as np
import pytest

TOOL = runpy.run_path(str(Path(__file__).parents[3] / "tools/check/readers.py"))


@pytest.mark.codec
@pytest.mark.parametrize("name", ["Pillow", "djpeg", "ImageMagick", "Chromium", "jpegtran", "exiftool"])
def test_nothing_is_odd(name):
    found = TOOL["check"]([name])[name]
    if found is None:
        pytest.skip(f"{name} is not installed")
    assert found == 0


def test_differences_are_seen(tmp_path):
    file = TOOL["make_files"](tmp_path)[0]
    other = file.pixels.copy()
    other[3, 4, 1] ^= 7
    assert TOOL["difference"](file.pixels, file) == 0
    assert 0 < TOOL["difference"](other, file) <= 7
    assert TOOL["difference"](np.zeros((1, 1, 3), np.uint8), file) == 256
