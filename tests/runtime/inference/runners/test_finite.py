"""Models whose weights or results are NaN or infinite: refused by name when loaded, and before a file is written."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.errors import ModelError
from jpegpre_tf.runtime.inference.runners import finite
from jpegpre_tf.runtime.inference.runners.backends import as_levels

PHOTO = Path(__file__).parents[3] / "pictures/gb82_girl.webp"


def poisoned_tflite(content: bytes, value: float) -> bytes:
    """The file with the last of its largest float constant's numbers replaced."""
    model = schema.Model.GetRootAs(content, 0)
    floats = {
        graph.Tensors(i).Buffer()
        for graph in map(model.Subgraphs, range(model.SubgraphsLength()))
        for i in range(graph.TensorsLength())
        if graph.Tensors(i).Type() == schema.TensorType.FLOAT32
    }
    table = max((model.Buffers(i) for i in floats), key=lambda buffer: buffer.DataLength())
    end = table._tab.Vector(table._tab.Offset(4)) + table.DataLength()
    return content[: end - 4] + np.float32(value).tobytes() + content[end:]


def poisoned_onnx(content: bytes, value: float) -> bytes:
    onnx = pytest.importorskip("onnx", reason="needs the extra [export]")
    model = onnx.load_from_string(content)
    tensor = next(t for t in model.graph.initializer if t.data_type == 1 and len(t.raw_data) > 64)
    tensor.raw_data = np.float32(value).tobytes() + tensor.raw_data[4:]
    return model.SerializeToString()


@pytest.fixture
def folder(tmp_path: Path):
    """Function that makes a model folder of one file of the shipped model, changed; its hash is right."""
    shipped = runtime.find_model("balanced")

    def make(file_format: str, poison) -> Path:
        name = f"{file_format}/int8.{file_format}"
        content = poison(shipped.read(name))
        folder = tmp_path / "broken"
        (folder / file_format).mkdir(parents=True)
        (folder / name).write_bytes(content)
        entry = replace(shipped.files[name], sha256=hashlib.sha256(content).hexdigest())
        card = replace(shipped.card, files={name: entry})
        (folder / "model.json").write_text(json.dumps(card.to_json()))
        return folder

    return make


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_tflite_file_with_such_a_weight_is_refused_by_name(folder, value) -> None:
    path = folder("tflite", lambda content: poisoned_tflite(content, value))
    with pytest.raises(ModelError, match=r"broken/tflite/int8.tflite: expected finite weights, found NaN or"):
        runtime.load(path)


def test_an_onnx_file_with_such_a_weight_is_refused_by_name(folder) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra [export]")
    path = folder("onnx", lambda content: poisoned_onnx(content, np.nan))
    with pytest.raises(ModelError, match=r"broken/onnx/int8.onnx: expected finite weights, found NaN or"):
        runtime.load(path, backend="onnxruntime")


def test_encode_says_it_in_one_line_and_writes_nothing(folder, tmp_path, capsys) -> None:
    path = folder("tflite", lambda content: poisoned_tflite(content, np.nan))
    picture = shutil.copy(PHOTO, tmp_path / "photo.webp")
    assert main(["encode", str(picture), "-o", str(tmp_path / "out.jpg"), "--profile", str(path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "int8.tflite" in lines[0] and "NaN" in lines[0]
    assert not (tmp_path / "out.jpg").exists()


def test_constants_of_an_onnx_file_are_those_that_onnx_reads() -> None:
    onnx = pytest.importorskip("onnx", reason="needs the extra [export]")
    content = runtime.find_model("balanced").read("onnx/fp16.onnx")
    expected = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load_from_string(content).graph.initializer
        if tensor.data_type in (1, 10)
    }
    received = dict(finite._onnx_constants(content))
    assert expected.keys() <= received.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(received[name], values.ravel())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_result_that_is_not_finite_never_becomes_samples(value: float) -> None:
    output = np.full((16, 16, 3), 128.0, np.float32)
    assert (as_levels(output.copy()) == 128).all()
    output[3, 5, 1] = value
    with pytest.raises(ModelError, match="NaN or infinity instead of samples"):
        as_levels(output)


def test_a_session_names_the_file_whose_results_are_not_finite() -> None:
    class Broken(runtime.Session):
        def _make_tiles(self):
            return Tiles()

    class Tiles:
        decides = True

        def buffer(self, height, width):
            return np.empty((height, width, 3), np.uint8)

        def decide(self, conditions):
            return np.full((2, 2, 64), np.nan, np.float32), np.zeros((1, 1, 128), np.float32)

    session = Broken(b"", alignment=16, overlap=16, name="mine/int8.tflite")
    with pytest.raises(ModelError, match=r"mine/int8.tflite: gives NaN or infinity"):
        session.decide(np.zeros((16, 16, 3), np.uint8), np.full((2, 8, 8), 9))
