"""A smaller ONNX file: what it computes stays, names that mean something too."""

from collections import Counter

import numpy as np
import pytest

from jpegpre_tf.exporters.onnx_file import store_once
from jpegpre_tf.runtime.inference.models.model_folder import shipped_models

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def make_model():
    """output = (image + one) * same as one - four; a constant is there twice, another is not used."""
    helper = onnx.helper
    values = {"one": 1.0, "one_again": 1.0, "t0": 4.0, "unused": 9.0}
    constants = [onnx.numpy_helper.from_array(np.float32(value), name) for name, value in values.items()]
    nodes = [
        helper.make_node("Add", ["image", "one"], ["a/very/long/name:0"], name="a/very/long/name"),
        helper.make_node("Mul", ["a/very/long/name:0", "one_again"], ["another/name:0"], name="another/name"),
        helper.make_node("Sub", ["another/name:0", "t0"], ["output"], name="last"),
    ]
    image, output = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2]) for name in ("image", "output")
    )
    graph = helper.make_graph(nodes, "graph", [image], [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": np.array([2.0, 5.0], np.float32)})[0]


def test_the_same_is_computed_from_a_smaller_file() -> None:
    model = make_model()
    expected, size = run(model), model.ByteSize()
    store_once(model)
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_array_equal(run(model), expected)
    assert model.ByteSize() < size
    assert [tensor.name for tensor in model.graph.initializer] == ["one", "t0"]
    outputs = Counter(name for node in model.graph.node for name in node.output)
    # A number that a constant is called by is left out.
    assert "t0" not in outputs
    assert set(outputs.values()) == {1}


def test_exported_files_hold_nothing_twice(files) -> None:
    for precision in ("fp32", "fp16", "int8"):
        for content in files["onnx", precision].values():
            graph = onnx.load_from_string(content).graph
            constants = [(t.data_type, tuple(t.dims), t.raw_data) for t in graph.initializer if t.raw_data]
            assert len(set(constants)) == len(constants)
            assert not any(node.name or node.doc_string for node in graph.node)


def test_shipped_int8_files_are_small() -> None:
    sizes = {
        f"{model.name}/{path}": (model.path / path).stat().st_size
        for model in shipped_models()
        for path in model.files
        if "int8" in path
    }
    assert sizes
    assert max(sizes.values()) <= 300_000, sizes
