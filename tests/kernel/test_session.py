"""`runtime.load` takes the kernel where it runs the model, and says so."""

import hashlib
import json

import numpy as np
import pytest

from jpegpre_tf import runtime
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.runtime.inference.kernel import Kernel

pytest.importorskip("onnx", reason="writes the networks that it tests with")


@pytest.fixture(scope="module")
def folder(content, tmp_path_factory):
    """A model folder with an int8 ONNX file of the kernel's kind, and the TFLite files of a shipped model."""
    path = tmp_path_factory.mktemp("model")
    shipped = runtime.find_model("balanced")
    description = json.loads((shipped.path / "model.json").read_text())
    names = [name for name, entry in shipped.files.items() if entry.format == "tflite"]
    (path / "onnx").mkdir()
    (path / "tflite").mkdir()
    for name in names:
        (path / name).write_bytes((shipped.path / name).read_bytes())
    (path / "onnx/int8.onnx").write_bytes(content)
    entry = {"format": "onnx", "precision": "int8", "sha256": hashlib.sha256(content).hexdigest()}
    files = {**{name: shipped.files[name].to_json() for name in names}, "onnx/int8.onnx": entry}
    (path / "model.json").write_text(json.dumps({**description, "files": files}))
    return path


def test_auto_is_the_kernel_and_its_result(library, folder, content, photo):
    session = runtime.load(folder, backend="auto")
    assert session.backend == "kernel"
    edited = session(photo[:70, :90], 40)
    assert np.array_equal(edited, Kernel(content).edit(photo[:70, :90], quantization_tables(40)))
    assert runtime.load(folder, backend="kernel").backend == "kernel"


def test_auto_without_a_library_and_for_other_precisions_is_litert(library, folder, monkeypatch, tmp_path):
    assert runtime.load(folder, precision="fp32", backend="auto").backend == "litert"
    monkeypatch.setenv("JPEGPRE_KERNEL", str(tmp_path / "none.so"))
    assert runtime.load(folder, backend="auto").backend == "litert"


def test_auto_takes_litert_for_a_network_that_the_kernel_has_no_code_for(library, folder, tmp_path):
    path = tmp_path / "model"
    (path / "onnx").mkdir(parents=True)
    (path / "tflite").symlink_to(folder / "tflite")
    foreign = (folder / "onnx/int8.onnx").read_bytes().replace(b"Sigmoid", b"Softmax")
    (path / "onnx/int8.onnx").write_bytes(foreign)
    description = json.loads((folder / "model.json").read_text())
    description["files"]["onnx/int8.onnx"]["sha256"] = hashlib.sha256(foreign).hexdigest()
    (path / "model.json").write_text(json.dumps(description))
    assert runtime.load(path, backend="auto").backend == "litert"
