"""What tests of training share: a run small enough to be made in seconds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

TINY = {
    "steps": 6,
    "steps_per_epoch": 3,
    "batch_size": 2,
    "crop_size": 64,
    "channels": 8,
    "averaging": 0.0,
    "jit_compile": False,
}


@pytest.fixture
def tiny_fields() -> dict[str, object]:
    """Fields of a TrainConfig."""
    return dict(TINY)


@pytest.fixture
def tiny_config(tmp_path: Path, tiny_fields: dict[str, object]) -> Callable[..., str]:
    """Writes them, changed by the keywords given, to a file; returns its path."""

    def write(**fields: object) -> str:
        path = tmp_path / "tiny.json"
        path.write_text(json.dumps({**tiny_fields, **fields}))
        return str(path)

    return write
