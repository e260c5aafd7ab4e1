"""Pins the public names: adding or removing one is a decision, written here and in CHANGELOG.md."""

import subprocess
import sys

import pytest

import jpegpre_tf
from jpegpre_tf import cluster, errors, runtime

TOP_LEVEL = {
    "__version__",
    "JPEGSimulator",
    "NeuralRateEstimator",
    "NeuralSimulator",
    "Preprocessor",
    "PreprocessorTrainer",
    "RateEstimator",
    "jpeg",
    "layers",
    "losses",
    "models",
    "ops",
    "runtime",
    "training",
}
RUNTIME = {
    "Carrier",
    "ComparePage",
    "EncodeOptions",
    "EncodeResult",
    "Limits",
    "Metadata",
    "ModelFolder",
    "Picture",
    "Session",
    "encode_bytes",
    "encode_file",
    "encode_jpeg",
    "find_model",
    "load",
    "open_picture",
    "psnr_db",
    "replace_original",
    "shipped_models",
    "write_atomically",
}
CLUSTER = {"BatchJob", "BatchSummary", "Row", "Storage", "read_manifest", "run_batch"}
ERRORS = {
    "JpegpreError",
    "LostWorkerError",
    "ModelError",
    "OutputError",
    "PictureError",
    "StorageError",
    "TargetError",
    "UnknownModelError",
    "UnsafeNameError",
    "UsageError",
}


def test_top_level_names():
    assert set(jpegpre_tf.__all__) == set(dir(jpegpre_tf)) == TOP_LEVEL


def test_runtime_names():
    assert set(runtime.__all__) == RUNTIME
    assert all(hasattr(runtime, name) for name in RUNTIME)


def test_cluster_names():
    assert set(cluster.__all__) == CLUSTER
    assert all(hasattr(cluster, name) for name in CLUSTER)


def test_errors_are_one_family():
    found = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert found == ERRORS
    assert all(issubclass(getattr(errors, name), errors.JpegpreError) for name in ERRORS)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        _ = jpegpre_tf.Nope


def test_names_resolve_without_importing_tensorflow_before_their_use():
    pytest.importorskip("tensorflow", reason="needs the extra [train]")
    program = (
        "import sys, jpegpre_tf\n"
        "dir(jpegpre_tf); jpegpre_tf.runtime\n"
        "assert 'tensorflow' not in sys.modules, 'too early'\n"
        "missing = [name for name in jpegpre_tf.__all__ if not hasattr(jpegpre_tf, name)]\n"
        "sys.exit(f'missing {missing}' if missing else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
