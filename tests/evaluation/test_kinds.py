"""The pictures that tools/bench/kinds.py measures."""

import runpy
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools/bench/kind_pictures.py"))
DRAWN = {"text", "line_art", "charts", "led_light", "blossom", "green_macro"}


def test_eight_of_each_kind_that_is_made_and_no_two_alike():
    made = list(TOOL["make_pictures"]([], []))
    assert Counter(kind for kind, _, _ in made) == Counter(dict.fromkeys(DRAWN, 8))
    assert len({picture.tobytes() for _, _, picture in made}) == len(made)
    assert all(picture.dtype == np.uint8 and picture.shape == (512, 512, 3) for _, _, picture in made)
    leaf = next(picture for kind, _, picture in made if kind == "green_macro")
    assert leaf[..., 1].mean() > 5 * leaf[..., 2].mean()


def test_photos_are_degraded_and_found_by_name(folder, tmp_path):
    collection = tmp_path / "collection"
    collection.mkdir()
    Image.new("RGB", (64, 48), "red").save(collection / "gb82_dog.png")
    Image.new("RGB", (64, 48), "red").save(collection / "unnamed.png")
    found = [(kind, name) for kind, name, _ in TOOL["make_pictures"]([folder], [collection])]
    for kind in ("night_noise", "jpeg_on_grid", "jpeg_off_grid", "gray"):
        assert (kind, "gb82_city") in found
    assert ("fur", "gb82_dog") in found
    assert "unnamed" not in {name for _, name in found}


def test_names_are_eight_or_more_of_each_kind():
    assert all(len(set(names)) >= 8 for names in TOOL["NAMES"].values())
