"""Values that the parser cannot judge, refused by what they are for: one line, exit code 2."""

import os
import subprocess
import sys

import pytest
from PIL import Image

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
    capfd.readouterr()  # what it says when this test imports it
    (tmp_path / "photos").mkdir()
    arguments = ["train", str(tmp_path / "photos"), "-o", str(tmp_path / "run"), "--objective", "smoke"]
    assert main([*arguments, *options]) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1 and "unforeseen" not in error


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


@pytest.mark.parametrize(
    ("verb", "option", "code"),
    [
        ("train", "--config", 2),
        ("train", "--recipe", 2),
        ("encode", "--tables", 2),
        ("encode", "--profile", 1),
    ],
)
def test_json_that_is_nested_without_end_is_one_line(tmp_path, capsys, verb, option, code):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "photos" / "a.png")
    (tmp_path / "model.json").write_text("[" * 100_000)
    given = tmp_path if option == "--profile" else tmp_path / "model.json"
    arguments = [verb, str(tmp_path / "photos"), "-o", str(tmp_path / "run"), option, str(given)]
    assert main(arguments) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "model.json" in error


@pytest.mark.parametrize("option", ["--jobs=--", "--metrics=--", "-o--"])
def test_a_value_that_argparse_drops_is_said(capsys, option):
    assert main(["evaluate", "photos", "-o", "report", option]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "expected a value" in error


@pytest.mark.parametrize("setting", ["", "3", "0"])
def test_tensorflows_start_is_silent_unless_asked_for_and_errors_are_not(tmp_path, setting):
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'I0000 00:00:17 cudart_stub.cc:31] Could not find cuda drivers\\n')\n"
        "os.write(2, b'E0000 00:00:17 no memory\\n')\n"
    )
    program = "from jpegpre_tf.cli.common.process.quiet import quiet_tensorflow; quiet_tensorflow(); import tensorflow"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    if setting:
        environment["TF_CPP_MIN_LOG_LEVEL"] = setting
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert ("cudart_stub" in done.stderr) == (setting == "0") and "no memory" in done.stderr
