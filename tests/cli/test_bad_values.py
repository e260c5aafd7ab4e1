"""Values that the parser cannot judge, refused by what they are for: one line, exit code 2."""

import subprocess
import sys

import pytest

from jpegpre_tf.cli.main import main


@pytest.mark.parametrize(
    "options",
    [
        ["--crop-size", "7"],
        ["--crop-size", "100"],
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
    assert main([*arguments, *options]) == 2
    error = capfd.readouterr().err
    lines = [line for line in error.splitlines() if not line.startswith(("WARNING", "I0000", "E0000"))]
    assert len(lines) == 1 and "unforeseen" not in lines[0]


CROP = ["--crop-size", "100"], "`crop_size` must be a multiple of 16"


@pytest.mark.parametrize(
    ("verb", "options", "message"),
    [
        ("train", *CROP),
        ("train-simulator", ["--encoder", "libjpeg-turbo", *CROP[0]], CROP[1]),
        ("train-tables", *CROP),
        ("train", ["--simulator", "nope"], "unknown simulator 'nope': expected one of"),
        ("train", ["--rate", "nope.keras"], "nope.keras: expected a .keras file, found nothing"),
        ("train-rate", ["--encoder", "libjpeg-turbo", "--simulator", "rate-mozjpeg"], "unknown simulator"),
    ],
)
def test_arguments_are_checked_before_tensorflow_is_imported(tmp_path, verb, options, message):
    """With a stand-in that fails where TensorFlow would be imported."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('imported')\n")
    output = "tables.json" if verb == "train-tables" else "run"
    words = [verb, str(tmp_path / "photos"), "-o", str(tmp_path / output), *options]
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"from jpegpre_tf.cli.main import main; sys.exit(main({words!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not (tmp_path / output).exists()
