"""The folder of a network: what it says, that it is found and checked like any model, and that it loads."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import jpegpre_tf
from jpegpre_tf import runtime
from jpegpre_tf.exporters.neural.card import multiply_adds_per_pixel, write_network_folder
from jpegpre_tf.runtime.cards.training_record import TrainingRecord

SIZES = {"channels": 4, "spatial_blocks": 1}


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        (jpegpre_tf.NeuralSimulator(**SIZES), "simulator"),
        (jpegpre_tf.NeuralRateEstimator(**SIZES, width=8, context_width=4), "rate"),
    ],
)
def test_the_folder_describes_the_network(network: keras.Model, kind: str, tmp_path: Path) -> None:
    folder = tmp_path / f"{kind}-mine"
    write_network_folder(
        network,
        folder,
        version="7",
        encoder={"name": "mine", "version": "2.1", "flags": "baseline"},
        training=TrainingRecord(
            "three pictures, " + 20 * "a word, ", ("jpegpre train-x" + 12 * " --option value",)
        ),
        quality_range=(3, 95),
        measured={"Somewhere": {"command": "make bench-neural", "error, %": 1.5}},
    )
    model = runtime.find_model(folder)
    assert (model.name, model.kind, model.version, model.quality_range) == (folder.name, kind, "7", (3, 95))
    assert len(model.read("model.keras")) == model.files["model.keras"].size_bytes
    readme = (folder / "README.md").read_text()
    for expected in ("mine 2.1; baseline", "three pictures", "| error, % | 1.5 |", "    jpegpre train-x"):
        assert expected in readme
    assert f'.from_preset("path/to/{folder.name}")' in readme
    assert max(map(len, readme.splitlines())) <= 120
    description = json.loads((folder / "model.json").read_text())
    assert description["parameters"] == network.count_params()
    loaded = keras.models.load_model(folder / "model.keras")
    image = np.zeros((1, 16, 16, 3), np.float32)
    np.testing.assert_array_equal(loaded(image, quality=[50.0]), network(image, quality=[50.0]))


def test_multiply_adds_are_those_of_the_layers() -> None:
    c, outputs = 4, 64
    luma = 130 * c + (9 * c * c + c * c) + (c * c + c * c) + c * 3 * outputs
    chroma = (260 + c) * c + (c * c + c * c) + c * 6 * outputs
    simulator = luma / 64 + chroma / 256
    assert multiply_adds_per_pixel(jpegpre_tf.NeuralSimulator(**SIZES)) == pytest.approx(simulator)
    block = 192 * 8 + 8 * 4 + 4
    rate = jpegpre_tf.NeuralRateEstimator(**SIZES, width=8, context_width=4)
    assert multiply_adds_per_pixel(rate) == pytest.approx(simulator + block / 64 + 2 * block / 256)
