"""A figure of speed names its processor: in the description, in the card, for shipped models too."""

from pathlib import Path

import pytest

from jpegpre_tf.exporters.model_card import entry_of, write_description
from jpegpre_tf.exporters.processor import processor_name
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
    description = {
        "name": "mine",
        "version": "1",
        "licence": "Apache-2.0",
        "quality_range": [5, 95],
        "parameters": 10,
        "training": {"data": "three pictures", "commands": []},
        "files": {"tflite/fp32.tflite": entry_of(b"network", format="tflite")},
    }
    write_description(tmp_path, description)
    assert "Time:" not in (tmp_path / "README.md").read_text()
    description["files"]["tflite/fp32.tflite"] |= {"cpu_ms_per_megapixel": 50.1, "processor": "Some CPU"}
    write_description(tmp_path, description)
    assert "on Some CPU." in (tmp_path / "README.md").read_text()


def test_shipped_models_name_it() -> None:
    timed = 0
    for model in shipped_models():
        for path, entry in model.description["files"].items():
            if "cpu_ms_per_megapixel" in entry:
                timed += 1
                assert entry["processor"] in (model.path / "README.md").read_text(), f"{model.name}: {path}"
    assert timed
