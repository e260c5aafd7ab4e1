"""What is done to a converter's TFLite file: everything stored once, and a description inside."""

from collections import Counter

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from jpegpre_tf.exporters.signatures import DESCRIPTION, DESCRIPTIONS, INPUTS, OUTPUTS
from jpegpre_tf.exporters.tflite_file import read_model, write_model
from jpegpre_tf.exporters.tflite_metadata import describe, read_description

PRECISIONS = ("fp32", "fp16", "int8")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_no_constant_is_stored_twice(files, precision: str) -> None:
    model = read_model(files["tflite", precision]["all"])
    contents = Counter(bytes(bytearray(b.data)) for b in model.buffers if b.data is not None and len(b.data))
    assert set(contents.values()) == {1}
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    assert len(used) > 20


def test_scales_are_shared_between_signatures(files) -> None:
    """By their place in the file: the same vector of scales, wherever a signature uses those weights."""
    model = schema.Model.GetRootAs(files["tflite", "int8"]["all"], 0)
    places: dict[bytes, set[int]] = {}
    for number in range(model.SubgraphsLength()):
        graph = model.Subgraphs(number)
        for index in range(graph.TensorsLength()):
            quantization = graph.Tensors(index).Quantization()
            if quantization is not None and quantization.ScaleLength() > 1:
                table = quantization._tab
                place = table.Vector(table.Offset(8))  # the third field: scale
                places.setdefault(quantization.ScaleAsNumpy().tobytes(), set()).add(place)
    assert len(places) > 5
    assert all(len(found) == 1 for found in places.values())


@pytest.mark.parametrize("precision", PRECISIONS)
def test_constants_start_where_the_schema_wants_them(files, precision: str) -> None:
    content = files["tflite", precision]["all"]
    model = schema.Model.GetRootAs(content, 0)
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        if buffer.DataLength():
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0


def test_writing_again_takes_no_more(files) -> None:
    content = files["tflite", "int8"]["all"]
    assert len(write_model(read_model(content))) <= len(content)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_describes_its_inputs_and_outputs(files, precision: str) -> None:
    found = read_description(files["tflite", precision]["all"])
    assert found["description"] == DESCRIPTION
    assert set(found["signatures"]) == set(INPUTS)
    for signature, described in found["signatures"].items():
        names = {"inputs": {"image", *INPUTS[signature]}, "outputs": set(OUTPUTS[signature])}
        assert described == {
            kind: {name: DESCRIPTIONS[name] for name in some} for kind, some in names.items()
        }


def test_a_file_carries_name_version_and_licence(files) -> None:
    model = read_model(files["tflite", "fp32"]["all"])
    given = {"name": "mine", "version": "7", "license": "Apache-2.0"}
    describe(model, given, DESCRIPTIONS)
    content = write_model(model)
    found = read_description(content)
    assert {key: found[key] for key in given} == given
    assert read_model(content).description == b"mine 7"
    # In place of the earlier one, which is gone.
    again = read_model(content)
    assert [entry.name for entry in again.metadata].count(b"TFLITE_METADATA") == 1
    assert len(again.buffers) == len(read_model(files["tflite", "fp32"]["all"]).buffers)


def test_a_file_without_a_description_is_refused(files) -> None:
    model = read_model(files["tflite", "fp32"]["all"])
    model.metadata = []
    with pytest.raises(ValueError, match="TFLITE_METADATA, found none"):
        read_description(write_model(model))


def test_constants_are_those_of_the_converter() -> None:
    """A file of one tensor, written by hand and read back."""
    model, graph, tensor = schema.ModelT(), schema.SubGraphT(), schema.TensorT()
    empty, first, second = (schema.BufferT() for _ in range(3))
    first.data = np.arange(40, dtype=np.uint8)
    second.data = np.arange(40, dtype=np.uint8)
    tensor.name, tensor.shape, tensor.buffer = b"kept;dropped", np.array([10], np.int32), 2
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [tensor], [], [], []
    model.buffers, model.subgraphs, model.version = [empty, first, second], [graph], 3
    again = read_model(write_model(model))
    assert len(again.buffers) == 2
    read = again.subgraphs[0].tensors[0]
    assert read.name == b"kept"
    np.testing.assert_array_equal(again.buffers[read.buffer].data, np.arange(40))
