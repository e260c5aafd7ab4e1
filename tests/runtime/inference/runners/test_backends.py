"""ONNX Runtime as the second backend: the same pictures, the same errors."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from jpegpre_tf import runtime
from jpegpre_tf._optional import MissingExtraError
from jpegpre_tf.errors import ModelError

PRECISIONS = sorted(runtime.find_model("balanced").precisions("onnx"))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("quality", [15, 75])
def test_both_backends_give_the_same_picture(photos, precision, quality):
    pytest.importorskip("onnxruntime", reason="needs the extra [export]")
    # More than one tile: edges and overlaps are the session's work, whatever the backend.
    picture = photos[0][:301, :211]
    first, second = (
        runtime.load("balanced", precision, backend=backend)(picture, quality).astype(int)
        for backend in ("litert", "onnxruntime")
    )
    # float16 is computed in another order in each; the others differ at rounding ties only.
    assert (np.abs(first - second) > 1).mean() <= 0.001
    assert np.abs(first - second).mean() < 0.01
    assert np.abs(first - picture).mean() > 0.3


def test_an_unknown_backend_is_named():
    with pytest.raises(ValueError, match=r"`backend`.*Received"):
        runtime.load("balanced", backend="torch")


def test_a_missing_backend_says_what_to_install(monkeypatch):
    def missing(module, **options):
        raise MissingExtraError("needs `onnxruntime`: pip install 'jpegpre-tf[export]'")

    monkeypatch.setattr("jpegpre_tf.runtime.inference.runners.onnx_tiles.require", missing)
    with pytest.raises(MissingExtraError, match="pip install"):
        runtime.load("balanced", backend="onnxruntime")


@pytest.mark.parametrize("kind", ["bytes", "foreign"])
def test_a_file_that_is_no_such_network_is_a_model_error(tmp_path, kind):
    onnx = pytest.importorskip("onnx", reason="needs the extra [export]")
    pytest.importorskip("onnxruntime", reason="needs the extra [export]")
    folder = shutil.copytree(runtime.find_model("balanced").path, tmp_path / "copy")
    content = b"not a protocol buffer"
    if kind == "foreign":
        value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")]
        node = onnx.helper.make_node("Abs", ["x"], ["y"])
        graph = onnx.helper.make_graph([node], "foreign", value[:1], value[1:])
        opset = [onnx.helper.make_opsetid("", 17)]
        content = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    (folder / "onnx" / "fp32.onnx").write_bytes(content)
    file = folder / "model.json"
    description = json.loads(file.read_text())
    description["files"]["onnx/fp32.onnx"]["sha256"] = hashlib.sha256(content).hexdigest()
    file.write_text(json.dumps(description))
    with pytest.raises(ModelError, match="inputs image" if kind == "foreign" else "ONNX Runtime cannot"):
        runtime.load(folder, "fp32", backend="onnxruntime")
