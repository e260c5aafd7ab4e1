"""Configurations of training: what is refused, what older versions wrote, the shipped objectives."""

import json
from pathlib import Path

import pytest

from jpegpre_tf.errors import UsageError
from jpegpre_tf.training.config import changed_fields, load_config, objective_config


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected a JSON"),
        ('{"stepz": 3}', "stepz"),
        ("[1]", "list"),
        ('{"run": {"stepz": 3}}', "stepz"),
        ('{"run": 3}', "run"),
        ('{"data": {"crop_size": 100}}', "multiple of 16"),
        ('{"metrics": {"ms_ssim": 1.0}, "crop_size": 160}', "at least 176 pixels"),
        ('{"steps": 0}', "steps"),
        ('{"steps": "9"}', "`steps` must be int"),
        ('{"measures": ["ssim"]}', "`metrics` must be dict"),
        ('{"channels": 0}', "`channels` must be in 1..4096. Received: channels=0"),
        ('{"spatial_blocks": -1}', "`spatial_blocks` must be in 0..64"),
        ('{"zero_span": 3.0}', "`zero_span` must be in 0.9..1.9"),
        (
            '{"metrics": {"ssim": -1.0}}',
            "weights of `metrics` must be numbers of at least 0. Received: ssim=-1.0",
        ),
        ('{"metrics": {"ssim": "much"}}', "weights of `metrics` must be numbers"),
        ('{"metrics": {"ssim": 0.0}}', "`metrics` must have a positive weight"),
        ('{"chroma_weight": -1.0}', "`chroma_weight` must be at least 0"),
        ('{"rate_weight": Infinity}', "rate_weight"),
        ('{"subsampling": "4:1:1"}', "`subsampling` must be one of .*Received: subsampling='4:1:1'"),
        ('{"huffman": "best"}', "huffman='best'"),
        ('{"seed": -1}', "`seed` must be in 0.."),
        ('{"bd_rate_every": -1}', "`bd_rate_every` must be at least 0"),
        ('{"learning_rate": NaN}', "learning_rate"),
    ],
)
def test_bad_configurations(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        load_config(path)


def test_sections_and_fields_side_by_side_are_the_same(tmp_path: Path) -> None:
    """Version 4 and before wrote fields side by side, and called metrics measures."""
    flat, sections = tmp_path / "flat.json", tmp_path / "sections.json"
    flat.write_text('{"steps": 7, "channels": 24, "measures": {"ssim": 1.0}, "quality_low": 9}')
    load_config(flat).save(sections)
    content = json.loads(sections.read_text())
    assert content["run"]["steps"] == 7 and content["objective"]["metrics"] == {"ssim": 1.0}
    config = load_config(sections)
    assert config == load_config(flat)
    assert config.with_fields(steps=8).run.steps == 8 and config.with_fields(steps=8).data.quality_low == 9
    assert changed_fields(config) == {
        "model": {"channels": 24},
        "objective": {"metrics": {"ssim": 1.0}},
        "data": {"quality_low": 9},
        "run": {"steps": 7},
    }


def test_objectives_are_configurations_of_the_declared_metrics() -> None:
    for name in ("fidelity", "balanced", "perceptual", "smoke"):
        config = objective_config(name)
        assert config.objective.metrics and config.data.crop_size >= 176
    with pytest.raises(UsageError, match="fidelity"):
        objective_config("sharpest")
