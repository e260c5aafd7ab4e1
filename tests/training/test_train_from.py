"""`jpegpre train --from`: goes on from a shipped model, its network and its tables."""

from pathlib import Path

import numpy as np
import pytest

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.models.trained import load_preprocessor

PICTURES = Path(__file__).parent.parent / "pictures"


@pytest.mark.slow
def test_from_takes_the_name_of_a_shipped_model(tmp_path: Path) -> None:
    """Its network and its tables: a step so small that nothing moves leaves both."""
    folder = tmp_path / "run"
    rates = ["--learning-rate", "1e-12", "--tables-learning-rate", "1e-12"]
    sizes = ["--steps", "1", "--batch-size", "1", "--crop-size", "176"]
    assert main(["train", str(PICTURES), "-o", str(folder), "--from", "balanced", *rates, *sizes]) == 0
    tables = runtime.find_model("balanced").tuned_tables
    assert tables is not None
    learned = TunedTables.read(folder / "tables.json").log_factors
    np.testing.assert_allclose(learned[:4], tables.log_factors[:4], atol=1e-5)
    before = load_preprocessor(runtime.find_model("balanced").path / "model.keras").get_weights()
    for a, b in zip(before, load_preprocessor(folder / "model.keras").get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
