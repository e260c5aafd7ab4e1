"""A figure of speed names its processor: in the description, in the card, for shipped models too."""

import dataclasses
from pathlib import Path

import pytest

from jpegpre_tf.exporters.model_card import new_card, write_card
from jpegpre_tf.exporters.processor import processor_name
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.runtime.cards.model_file import ModelFile
from jpegpre_tf.runtime.inference.models.model_folder import shipped_models


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        (
            "processor : 0\nmodel name\t: AMD EPYC 7B13\nflags\t: fpu sse2 avx2 avx512bw\n\n",
            "AMD EPYC 7B13 with AVX-512",
        ),
        ("model name : Some CPU: fast\nflags : sse2 avx2 avx_vnni\n", "Some CPU: fast with AVX-VNNI"),
        ("model name : Old CPU\nflags : sse2\n", "Old CPU"),
    ],
)
def test_linux_tells_name_and_products(cpuinfo: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo)
    assert processor_name(file) == expected


def test_without_linux_there_is_some_name(tmp_path: Path) -> None:
    assert processor_name(tmp_path / "missing")


def test_the_card_names_it(tmp_path: Path) -> None:
    card = new_card(Preprocessor(channels=4), name="mine", quality_range=(5, 95))
    name, file = "tflite/fp32.tflite", ModelFile.of(b"network", "tflite")
    write_card(tmp_path, dataclasses.replace(card, files={name: file}))
    assert "Time:" not in (tmp_path / "README.md").read_text()
    timed = dataclasses.replace(file, cpu_ms_per_megapixel=50.1, processor="Some CPU")
    write_card(tmp_path, dataclasses.replace(card, files={name: timed}))
    assert "on Some CPU." in (tmp_path / "README.md").read_text()


def test_shipped_models_name_it() -> None:
    timed = 0
    for model in shipped_models():
        for path, file in model.card.files.items():
            if file.cpu_ms_per_megapixel is not None:
                timed += 1
                assert file.processor, f"{model.name}: {path}"
                assert file.processor in (model.path / "README.md").read_text(), f"{model.name}: {path}"
    assert timed
