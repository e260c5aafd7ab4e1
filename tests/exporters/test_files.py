"""All six files of a model: the same model as Keras runs, by LiteRT and ONNX Runtime."""

import numpy as np
import pytest

from jpegpre_tf import Preprocessor
from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters import parity
from jpegpre_tf.exporters.onnx import check_onnx, convert_onnx
from jpegpre_tf.exporters.tflite import OPERATIONS, check_tflite, convert_tflite, operations
from jpegpre_tf.runtime import Session

ALL = [(f, p) for f in ("tflite", "onnx") for p in ("fp32", "fp16", "int8")]


@pytest.fixture(scope="module")
def expected(model: Preprocessor, crops: list[np.ndarray]) -> list[np.ndarray]:
    return parity.keras_results(model, crops)


@pytest.fixture(scope="module")
def results(files, crops) -> dict[tuple[str, str], list[np.ndarray]]:
    return {key: parity.file_results(content, key[0], crops) for key, content in files.items()}


@pytest.mark.parametrize("key", ALL, ids="-".join)
def test_a_file_is_the_model_that_keras_runs(key, results, expected, crops) -> None:
    measured = parity.difference(results[key], expected)
    parity.check("file", key[1], measured)
    # Something was edited, far more than the files differ by.
    untouched = [crop for crop in crops for _ in parity.QUALITIES]
    assert parity.difference(expected, untouched)["mean_levels"] > 10 * measured["mean_levels"]


def test_int8_files_are_one_model(results) -> None:
    parity.check_int8_pair(parity.difference(results["tflite", "int8"], results["onnx", "int8"]))


@pytest.mark.parametrize("key", ALL, ids="-".join)
def test_strength_zero_is_the_identity(key, files, crops) -> None:
    session = Session(
        files[key], alignment=16, overlap=16, backend="litert" if key[0] == "tflite" else "onnxruntime"
    )
    # Not exactly 0, which the session answers by itself.
    np.testing.assert_array_equal(session(crops[0], 40, strength=1e-9), crops[0])


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_xnnpack_takes_the_whole_graph(files, precision: str) -> None:
    """By the interpreter's own account: whatever a delegate does not take stays a node of the graph."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=files["tflite", precision])
    interpreter.allocate_tensors()
    nodes = interpreter._get_ops_details()
    delegates = [node for node in nodes if node["op_name"] == "DELEGATE"]
    delivered = {int(tensor) for node in delegates for tensor in node["outputs"]}
    assert len(delegates) == 1
    assert {int(detail["index"]) for detail in interpreter.get_output_details()} <= delivered
    assert {name for name, _ in operations(files["tflite", precision])} - {"DEQUANTIZE"} <= OPERATIONS


def test_int8_networks_are_int8_and_the_transform_is_float(files) -> None:
    found = operations(files["tflite", "int8"])
    # in, expand, project, logits and the factors of the quality: luma has two residual blocks here, chroma one.
    assert found["CONV_2D", "INT8"] == (2 + 2 * 2 + 3) + (2 + 2 + 2)
    assert found["LOGISTIC", "INT8"] == 2
    # Seven products of the transform, two that count white and black pixels, two of the quality.
    assert found["CONV_2D", "FLOAT32"] == 7 + 2 + 2


def test_int8_is_smaller(files) -> None:
    for file_format in ("tflite", "onnx"):
        assert len(files[file_format, "fp16"]) < 0.7 * len(files[file_format, "fp32"])
        assert len(files[file_format, "int8"]) < len(files[file_format, "fp32"])


@pytest.mark.parametrize(("precision", "other"), [("fp32", "int8"), ("int8", "fp32")])
def test_a_file_of_another_precision_is_refused(files, precision: str, other: str) -> None:
    with pytest.raises(ModelError, match="expected tensors"):
        check_tflite(files["tflite", precision], other)
    with pytest.raises(ModelError, match="expected tensors"):
        check_onnx(files["onnx", precision], other)


def test_onnx_declares_free_sizes_and_what_its_inputs_mean(files) -> None:
    onnx = pytest.importorskip("onnx")
    for precision in ("fp32", "fp16", "int8"):
        model = onnx.load_from_string(files["onnx", precision])
        shape = model.graph.input[0].type.tensor_type.shape.dim
        assert [d.dim_param or d.dim_value for d in shape] == [1, "height", "width", 3]
        assert {entry.version for entry in model.opset_import if not entry.domain} == {17}
        properties = {entry.key: entry.value for entry in model.metadata_props}
        assert "0..255" in properties["image"] and "1..100" in properties["quality"]


def test_onnx_weights_are_int8(files) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(files["onnx", "int8"])
    kinds = {
        t.name: onnx.numpy_helper.to_array(t)
        for t in model.graph.initializer
        if "_weight_quantized" in t.name
    }
    assert len(kinds) == (2 + 2 * 2 + 3) + (2 + 2 + 2)
    assert all(value.dtype == np.int8 and np.abs(value).max() == 127 for value in kinds.values())


@pytest.mark.parametrize("convert", [convert_tflite, convert_onnx])
def test_wrong_arguments_are_named(model, quantized, convert) -> None:
    with pytest.raises(ValueError, match=r"`precision`.*Received"):
        convert(model, "int4")
    with pytest.raises(TypeError, match=r"`preprocessor`.*Received"):
        convert(model, "int8")
    with pytest.raises(TypeError, match=r"`preprocessor`.*Received"):
        convert(quantized, "fp32")


def test_a_difference_over_the_bound_is_refused() -> None:
    black = [np.zeros((16, 16, 3), np.uint8)]
    grey = [np.full((16, 16, 3), 2, np.uint8)]
    for precision in ("fp32", "fp16", "int8"):
        with pytest.raises(ModelError, match="levels against Keras"):
            parity.check("file", precision, parity.difference(black, grey))
    with pytest.raises(ModelError, match="differ by more than a level"):
        parity.check_int8_pair(parity.difference(black, grey))
    assert "psnr_db" not in parity.difference(black, black)  # infinite: not JSON
