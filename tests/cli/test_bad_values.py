"""Values that the parser cannot judge, refused by what they are for: one line, exit code 2."""

import pytest

from jpegpre_tf.cli.main import main


@pytest.mark.parametrize(
    "options",
    [
        ["--crop-size", "7"],
        ["--seed", "-1"],
        ["--steps", "0"],
        ["--batch-size", "0"],
        ["--learning-rate", "-1"],
    ],
)
def test_values_of_a_training_are_one_line(tmp_path, capfd, options):
    pytest.importorskip("tensorflow", reason="needs the extra [train]")
    (tmp_path / "photos").mkdir()
    arguments = ["train", str(tmp_path / "photos"), "-o", str(tmp_path / "run"), "--objective", "smoke"]
    assert main([*arguments, *options]) in (1, 2)
    error = capfd.readouterr().err
    lines = [line for line in error.splitlines() if not line.startswith(("WARNING", "I0000", "E0000"))]
    assert len(lines) == 1 and "unforeseen" not in lines[0]
