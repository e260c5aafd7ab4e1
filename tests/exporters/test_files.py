"""All six files of a model: the same model as Keras runs, by LiteRT and ONNX Runtime."""

import numpy as np
import pytest

from jpegpre_tf import Preprocessor
from jpegpre_tf.errors import ModelError
from jpegpre_tf.exporters import parity
from jpegpre_tf.exporters.onnx import check_onnx, convert_onnx
from jpegpre_tf.exporters.signatures import INPUTS
from jpegpre_tf.exporters.tflite import OPERATIONS, check_tflite, convert_tflite, operations
from jpegpre_tf.jpeg.codec import encode_coefficients
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.runtime import Session

ALL = [(f, p) for f in ("tflite", "onnx") for p in ("fp32", "fp16", "int8")]


@pytest.fixture(scope="module")
def expected(model: Preprocessor, crops: list[np.ndarray]) -> list[np.ndarray]:
    return parity.keras_results(model, crops)


@pytest.fixture(scope="module")
def decided(model: Preprocessor, crops: list[np.ndarray]) -> list[np.ndarray]:
    return parity.keras_decisions(model, crops)


@pytest.fixture(scope="module")
def sessions(files) -> dict[tuple[str, str], Session]:
    return {key: parity.open_session(contents, key[0]) for key, contents in files.items()}


@pytest.fixture(scope="module")
def results(sessions, crops) -> dict[tuple[str, str], list[np.ndarray]]:
    return {key: parity.file_results(session, crops) for key, session in sessions.items()}


@pytest.fixture(scope="module")
def decisions(sessions, crops) -> dict[tuple[str, str], list[np.ndarray]]:
    return {key: parity.file_decisions(session, crops) for key, session in sessions.items()}


@pytest.mark.parametrize("key", ALL, ids="-".join)
def test_a_file_is_the_model_that_keras_runs(key, results, expected, crops) -> None:
    measured = parity.difference(results[key], expected)
    parity.check("file", key[1], measured)
    # Something was edited, far more than the files differ by.
    untouched = [crop for crop in crops for _ in parity.QUALITIES]
    assert parity.difference(expected, untouched).mean_levels > 5 * measured.mean_levels


@pytest.mark.parametrize("key", ALL, ids="-".join)
def test_a_file_decides_as_keras_does(key, decisions, decided) -> None:
    # Sums in another order, float16 and 7-bit weights move thresholds by a little: few coefficients lie in between.
    bound = {"fp32": 1e-4, "fp16": 1e-3, "int8": 5e-3}[key[1]]
    assert parity.decisions_difference(decisions[key], decided) <= bound


def test_int8_files_are_one_model(results, decisions) -> None:
    parity.check_int8_pair(parity.difference(results["tflite", "int8"], results["onnx", "int8"]))
    assert parity.decisions_difference(decisions["tflite", "int8"], decisions["onnx", "int8"]) <= 1e-4


@pytest.mark.parametrize("key", ALL, ids="-".join)
def test_strength_zero_is_the_identity(key, sessions, crops) -> None:
    # Not exactly 0, which the session answers by itself.
    np.testing.assert_array_equal(sessions[key](crops[0], 40, strength=1e-9), crops[0])


@pytest.mark.parametrize("file_format", ["tflite", "onnx"])
def test_the_carrier_holds_the_decisions(file_format, files, sessions, crops) -> None:
    """By the carrier's own coefficients, as an encoder finds them at steps of 8 levels."""
    image, encoder = crops[0], np.full((2, 8, 8), 8)
    tables = np.stack(quantization_tables(60))
    inputs = dict(zip(("luma_table", "chroma_table"), _as_inputs(tables), strict=True))
    inputs |= dict(zip(("encoder_luma_table", "encoder_chroma_table"), _as_inputs(encoder), strict=True))
    inputs |= {"image": image[np.newaxis].astype(np.float32), "strength": np.ones((1, 1, 1, 1), np.float32)}
    carrier = _run_carrier(file_format, files[file_format, "fp32"], inputs)[0].astype(np.uint8)
    found = encode_coefficients(carrier, tables=(encoder[0], encoder[1]))
    wanted = sessions[file_format, "fp32"].decide(image, tables)
    differ = sum(int((a != b).sum()) for a, b in zip(found.planes, wanted.planes, strict=True))
    # What is cut at 0 and 255 comes out otherwise.
    assert differ <= 0.002 * sum(plane.size for plane in found.planes)


def _as_inputs(tables: np.ndarray) -> list[np.ndarray]:
    return [table.reshape(1, 1, 1, 64).astype(np.float32) for table in tables]


def _run_carrier(file_format: str, contents: dict[str, bytes], inputs: dict[str, np.ndarray]) -> np.ndarray:
    if file_format == "onnx":
        onnxruntime = pytest.importorskip("onnxruntime")
        return onnxruntime.InferenceSession(contents["carrier"]).run(["output"], inputs)[0]
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=contents["all"]).get_signature_runner("carrier")(**inputs)["output"]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_xnnpack_takes_the_whole_graph(files, precision: str) -> None:
    """By the interpreter's own account: whatever a delegate does not take stays a node of the graph."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=files["tflite", precision]["all"])
    interpreter.allocate_tensors()
    nodes = interpreter._get_ops_details()
    delegates = [node for node in nodes if node["op_name"] == "DELEGATE"]
    delivered = {int(tensor) for node in delegates for tensor in node["outputs"]}
    assert len(delegates) == 1
    assert {int(detail["index"]) for detail in interpreter.get_output_details()} <= delivered
    assert {name for name, _ in operations(files["tflite", precision]["all"])} - {"DEQUANTIZE"} <= OPERATIONS


def test_int8_networks_are_int8_and_the_transform_is_float(files) -> None:
    found = operations(files["tflite", "int8"]["all"])
    # In every signature: in, expand, project, logits and what the tables give; luma has two residual blocks here,
    # chroma one. The depthwise convolution is another operation.
    assert found["CONV_2D", "INT8"] == len(INPUTS) * ((2 + 1 + 2 + 2) + (2 + 2 + 2))
    assert found["DEPTHWISE_CONV_2D", "INT8"] == len(INPUTS)
    assert found["LOGISTIC", "INT8"] == 2 * len(INPUTS)


def test_int8_is_smaller(files) -> None:
    for file_format, name in (("tflite", "all"), *(("onnx", name) for name in INPUTS)):
        assert len(files[file_format, "fp16"][name]) < 0.8 * len(files[file_format, "fp32"][name])
        assert len(files[file_format, "int8"][name]) < len(files[file_format, "fp32"][name])


@pytest.mark.parametrize(("precision", "other"), [("fp32", "int8"), ("int8", "fp32")])
def test_a_file_of_another_precision_is_refused(files, precision: str, other: str) -> None:
    with pytest.raises(ModelError, match="expected tensors"):
        check_tflite(files["tflite", precision]["all"], other)
    with pytest.raises(ModelError, match="expected tensors"):
        check_onnx(files["onnx", precision]["edit"], other)


def test_onnx_declares_free_sizes_and_what_its_inputs_mean(files) -> None:
    onnx = pytest.importorskip("onnx")
    for precision in ("fp32", "fp16", "int8"):
        model = onnx.load_from_string(files["onnx", precision]["carrier"])
        shape = model.graph.input[0].type.tensor_type.shape.dim
        assert [d.dim_param or d.dim_value for d in shape] == [1, "height", "width", 3]
        assert {entry.version for entry in model.opset_import if not entry.domain} == {17}
        properties = {entry.key: entry.value for entry in model.metadata_props}
        assert "0..255" in properties["image"] and "1..255" in properties["encoder_luma_table"]
        assert properties["zero_span"] == "1.4"


def test_onnx_weights_are_int8(files) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(files["onnx", "int8"]["edit"])
    kinds = {
        t.name: onnx.numpy_helper.to_array(t)
        for t in model.graph.initializer
        if "_weight_quantized" in t.name
    }
    assert len(kinds) == (2 + 1 + 1 + 2 + 2) + (2 + 2 + 2)
    # 7 bits: two products with uint8 fit into 16 bits, so that no processor cuts their sum.
    assert all(value.dtype == np.int8 and np.abs(value).max() == 64 for value in kinds.values())


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
    gray = [np.full((16, 16, 3), 2, np.uint8)]
    advice = {"fp32": "report it", "fp16": "leave it out", "int8": "--pictures"}
    for precision, words in advice.items():
        with pytest.raises(ModelError, match=f"levels against Keras.*{words}"):
            parity.check("file", precision, parity.difference(black, gray))
    with pytest.raises(ModelError, match="differ by more than a level"):
        parity.check_int8_pair(parity.difference(black, gray))
    assert parity.difference(black, black).psnr_db is None  # infinite: not JSON


def test_a_model_that_gives_nan_is_refused() -> None:
    def broken(image, tables):
        return image * np.float32(np.nan)

    with pytest.raises(ModelError, match="NaN or infinity at quality 10"):
        parity.keras_results(broken, [np.zeros((16, 16, 3), np.uint8)])
